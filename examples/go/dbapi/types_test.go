package dbapi

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func at(text string) time.Time {
	value, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return value.UTC()
}

func TestValuesFromTheServer(t *testing.T) {
	db := open(t, "")
	for expression, want := range map[string]any{
		"NULL":                            nil,
		"true":                            true,
		"(-9223372036854775808)::int8":    int64(math.MinInt64),
		"32767::int2":                     int64(32767),
		"1.5::float4":                     1.5,
		"'-Infinity'::float8":             math.Inf(-1),
		"12345678901234567890.1234567890": "12345678901234567890.1234567890",
		"'NaN'::numeric":                  "NaN",
		"''":                              "",
		"'grüße, 世界'":                     "grüße, 世界",
		"'x'::char(3)":                    "x  ",
		`'\x00ff'::bytea`:                 []byte{0, 255},
		`''::bytea`:                       []byte{},
		`'{"a": 1}'::json`:                []byte(`{"a": 1}`),
		`'{"a":1}'::jsonb`:                []byte(`{"a": 1}`),
		"'2024-02-29'::date":              at("2024-02-29T00:00:00Z"),
		"'0044-03-15 BC'::date":           time.Date(-43, 3, 15, 0, 0, 0, 0, time.UTC),
		"'12345-01-02'::date":             time.Date(12345, 1, 2, 0, 0, 0, 0, time.UTC),
		"'2024-02-29 12:34:56.789012'::timestamp":                  at("2024-02-29T12:34:56.789012Z"),
		"'2024-02-29 12:34:56+05:30'::timestamptz":                 at("2024-02-29T07:04:56Z"),
		"'1969-12-31 23:59:59.999999'::timestamp":                  at("1969-12-31T23:59:59.999999Z"),
		"'infinity'::timestamptz":                                  "infinity",
		"'-infinity'::date":                                        "-infinity",
		"'294276-12-31 23:59:59'::timestamp":                       "294276-12-31 23:59:59",
		"'24:00:00'::time":                                         "24:00:00",
		"'01:02:03.5+02'::timetz":                                  "01:02:03.5+02",
		"'1 mon 2 days 03:04:05'::interval":                        "1 mon 2 days 03:04:05",
		"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid":             "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
		"'192.168.0.0/16'::cidr":                                   "192.168.0.0/16",
		"B'101'":                                                   "101",
		"'[1,5)'::int4range":                                       "[1,5)",
		"point(1,2)":                                               "(1,2)",
		"ROW(1,'a')":                                               "(1,a)",
		"'a & b'::tsquery":                                         "'a' & 'b'",
		"repeat('long ', 100)::tsvector::text":                     "'long'",
		"array_fill(0::int2, ARRAY[0])":                            []any{},
		"ARRAY[1,NULL,3]":                                          []any{int64(1), nil, int64(3)},
		"ARRAY[['a','b'],['c',NULL]]":                              []any{[]any{"a", "b"}, []any{"c", nil}},
		"'[0:1]={5,6}'::int4[]":                                    "[0:1]={5,6}",
		"ARRAY['2024-02-29'::date]":                                []any{at("2024-02-29T00:00:00Z")},
		"('{' || repeat('1,', 200) || '1}')::int4[] = '[0:0]={1}'": false,
		"('[0:200]={' || repeat('1,', 200) || '1}')::int4[]":       "[0:200]={" + strings.Repeat("1,", 200) + "1}",
	} {
		var got any
		if err := db.QueryRow("SELECT " + expression).Scan(&got); err != nil {
			t.Errorf("%s: %v", expression, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", expression, got, want)
		}
	}
}

type celsius float32
type answer struct{ yes bool }

func (a answer) Value() (driver.Value, error) { return fmt.Sprint(a.yes), nil }

type refusing struct{}

func (refusing) Value() (driver.Value, error) { return nil, fmt.Errorf("no value today") }

func TestValuesToTheServer(t *testing.T) {
	db := open(t, "")
	seven := 7
	pointer := &seven
	var none *int
	var nobody *answer
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	id := [16]byte{0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11}
	for i, c := range []struct {
		value      any
		kind, text string
	}{
		{nil, "text", "NULL"},
		{7, "integer", "7"},
		{int8(-7), "integer", "-7"},
		{uint64(math.MaxInt64), "bigint", "9223372036854775807"},
		{int64(1) << 40, "bigint", "1099511627776"},
		{huge, "numeric", "123456789012345678901234567890"},
		{1.5, "double precision", "1.5"},
		{celsius(-0.5), "double precision", "-0.5"},
		{math.NaN(), "double precision", "NaN"},
		{true, "boolean", "true"},
		{"it's", "text", "it's"},
		{strings.Repeat("é", 100000), "text", strings.Repeat("é", 100000)},
		{[]byte{0, 255}, "bytea", `\x00ff`},
		{[]byte{}, "bytea", `\x`},
		{[]byte(nil), "text", "NULL"},
		{[3]byte{1, 2, 3}, "bytea", `\x010203`},
		{json.RawMessage(`{"a": [1]}`), "text", `{"a": [1]}`},
		{id, "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{at("2024-02-29T12:34:56.789012Z"), "timestamp with time zone", "2024-02-29 12:34:56.789012+00"},
		{at("2024-02-29T12:34:56Z").In(time.FixedZone("", 3600)), "timestamp with time zone", "2024-02-29 12:34:56+00"},
		{time.Time{}, "timestamp with time zone", "0001-01-01 00:00:00+00"},
		{&pointer, "integer", "7"},
		{none, "text", "NULL"},
		{nobody, "text", "NULL"},
		{answer{true}, "text", "true"},
		{sql.NullInt64{}, "text", "NULL"},
		{netip.MustParseAddr("::1"), "text", "::1"},
		{[]int64{1, 2}, "bigint[]", "{1,2}"},
		{[]int32{}, "integer[]", "{}"},
		{[]int(nil), "text", "NULL"},
		{[2]int16{1, 2}, "smallint[]", "{1,2}"},
		{[]float32{0.5}, "real[]", "{0.5}"},
		{[]string{"a,b", `"`, "NULL", ""}, "text[]", `{"a,b","\"","NULL",""}`},
		{[]*string{nil}, "text[]", "{NULL}"},
		{[][]int64{{1, 2}, {3, 4}}, "bigint[]", "{{1,2},{3,4}}"},
		{[][]byte{{1}, nil}, "bytea[]", `{"\\x01",NULL}`},
		{[]any{1, nil, 2.5}, "double precision[]", "{1,NULL,2.5}"},
		{[][16]byte{id}, "uuid[]", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"},
		{[]time.Time{at("2024-02-29T00:00:00Z")}, "timestamp with time zone[]", `{"2024-02-29 00:00:00+00"}`},
		{[]bool{true, false}, "boolean[]", "{t,f}"},
	} {
		var kind, text string
		statement := "SELECT pg_typeof($1)::text, COALESCE($1::text, 'NULL')"
		if c.kind == "text" || reflect.DeepEqual(c.value, []*string{nil}) {
			statement = "SELECT '" + c.kind + "', COALESCE($1::" + c.kind + "::text, 'NULL')"
		}
		if err := db.QueryRow(statement, c.value).Scan(&kind, &text); err != nil {
			t.Errorf("%d, %T: %v", i, c.value, err)
		} else if kind != c.kind || text != c.text {
			t.Errorf("%d, %T: got %s %s, want %s %s", i, c.value, kind, text, c.kind, c.text)
		}
	}
}

func TestArgumentsThatCannotBeSent(t *testing.T) {
	db := open(t, "")
	for i, value := range []any{
		uint64(math.MaxInt64) + 1, []uint64{math.MaxUint64}, "a\x00b", "\xff\xfe", []string{"\xff"}, struct{}{}, map[string]int{},
		func() {}, make(chan int), complex(1, 2), refusing{}, [][]int{{1}, {2, 3}}, []any{1, []int{2}},
		time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<60, 0), sql.Out{Dest: new(int)},
	} {
		if _, err := db.Exec("SELECT $1", value); !isClass(err, DataError) {
			t.Errorf("%d, %T: %v", i, value, err)
		}
	}
	_, err := db.Exec("SELECT $1", sql.Named("a", 1))
	refused(t, err, NotSupportedError, "")
	_, err = db.Exec("SELECT $1", 1, 2)
	refused(t, err, ProgrammingError, "")
	_, err = db.Exec("SELECT $1, $2", 1)
	refused(t, err, ProgrammingError, "")
	_, err = db.Exec("SELECT 1\x00; DROP TABLE t")
	refused(t, err, ProgrammingError, "")
	if _, err = db.Exec("SELECT '\xff'"); err == nil {
		t.Error("a statement that is not UTF-8")
	}
	equal(t, "after all of these", integer(t, db, "SELECT 1"), int64(1))
}

func TestScanIntoSlices(t *testing.T) {
	db := open(t, "")
	scan := func(expression string, into any) error {
		return db.QueryRow("SELECT " + expression).Scan(Array(into))
	}
	var numbers []int16
	must(t, scan("ARRAY[1,2]", &numbers))
	equal(t, "numbers", fmt.Sprint(numbers), "[1 2]")
	var nested [][]float32
	must(t, scan("ARRAY[[1.5,2],[3,4]]::float4[]", &nested))
	equal(t, "nested", fmt.Sprint(nested), "[[1.5 2] [3 4]]")
	var nullable []*string
	must(t, scan("ARRAY['a',NULL]", &nullable))
	equal(t, "NULL", nullable[1] == nil && *nullable[0] == "a", true)
	var wrapped []sql.NullInt64
	must(t, scan("ARRAY[1,NULL]", &wrapped))
	equal(t, "wrapped", fmt.Sprint(wrapped), "[{1 true} {0 false}]")
	var documents []json.RawMessage
	must(t, scan(`ARRAY['{}'::json]`, &documents))
	equal(t, "documents", string(documents[0]), "{}")
	var times []time.Time
	must(t, scan("ARRAY['2024-02-29'::date]", &times))
	equal(t, "times", times[0], at("2024-02-29T00:00:00Z"))
	must(t, scan("NULL::int[]", &numbers))
	equal(t, "no array", numbers == nil, true)
	for expression, into := range map[string]any{
		"ARRAY[70000]": &numbers, "ARRAY[NULL]::int[]": &numbers, "ARRAY['a']": &numbers, "1": &numbers,
		"ARRAY[1]": new(int), "ARRAY[2]": numbers, "ARRAY[-1]": new([]uint), "ARRAY[3]": nil, "ARRAY[1e300::float8]": new([]float32),
	} {
		if err := scan(expression, into); err == nil {
			t.Errorf("%s fitted into %T", expression, into)
		}
	}
}

func TestColumnTypes(t *testing.T) {
	result, err := open(t, "").Query(`SELECT 1 AS i, 'a'::varchar(7) AS v, 'a'::text AS t, 1::numeric(5,2) AS n,
		ARRAY[1] AS a, now() AS z, 1::numeric AS m, 'a'::varchar AS w, B'1'::bit(3) AS b, point(1,2)`)
	must(t, err)
	defer result.Close()
	types, err := result.ColumnTypes()
	must(t, err)
	for i, want := range []string{
		"i INT4 int64 0 false 0 0 false", "v VARCHAR string 7 true 0 0 false", "t TEXT string 9223372036854775807 true 0 0 false",
		"n NUMERIC string 0 false 5 2 true", "a _INT4 []interface {} 0 false 0 0 false",
		"z TIMESTAMPTZ time.Time 0 false 0 0 false", "m NUMERIC string 0 false 0 0 false",
		"w VARCHAR string 9223372036854775807 true 0 0 false", "b BIT string 3 true 0 0 false",
		"point POINT string 0 false 0 0 false",
	} {
		c := types[i]
		length, hasLength := c.Length()
		precision, scale, decimal := c.DecimalSize()
		equal(t, "column", fmt.Sprint(c.Name(), " ", c.DatabaseTypeName(), " ", c.ScanType(), " ", length, " ",
			hasLength, " ", precision, " ", scale, " ", decimal), want)
		_, known := c.Nullable()
		equal(t, "nullable is known", known, false)
	}
}

func TestManyRows(t *testing.T) {
	db := open(t, "")
	for _, count := range []int{0, 1, blockRows - 1, blockRows, blockRows + 1, 3 * blockRows, 10007} {
		result, err := db.Query("SELECT i, 'row '||i FROM generate_series(1, $1::int) i", count)
		must(t, err)
		seen := 0
		for result.Next() {
			var number int
			var text string
			must(t, result.Scan(&number, &text))
			seen++
			if number != seen || text != fmt.Sprint("row ", seen) {
				t.Fatalf("row %d is %d, %q", seen, number, text)
			}
		}
		must(t, result.Err())
		equal(t, "rows", seen, count)
	}
	result, err := db.Query("SELECT FROM generate_series(1, 1000)")
	must(t, err)
	seen := 0
	for result.Next() {
		seen++
	}
	equal(t, "rows without columns", seen, 1000)
}

func TestSeveralResults(t *testing.T) {
	db := open(t, "")
	db.SetMaxOpenConns(1)
	result, err := db.Query(`CREATE TEMP TABLE several (i int); INSERT INTO several VALUES (1), (2);
		SELECT i FROM several ORDER BY i; UPDATE several SET i = 3; SELECT 'a', 'b' WHERE false; SELECT ';'; DROP TABLE several`)
	must(t, err)
	var seen []string
	for {
		names, err := result.Columns()
		must(t, err)
		seen = append(seen, fmt.Sprint(len(names)))
		for result.Next() {
			var value string
			must(t, result.Scan(&value))
			seen = append(seen, value)
		}
		if !result.NextResultSet() {
			break
		}
	}
	must(t, result.Err())
	equal(t, "results", strings.Join(seen, " "), "1 1 2 2 1 ;")
	// The last Next closed the rows, or there would be no connection for this.
	equal(t, "after it", integer(t, db, "SELECT 5"), int64(5))

	result, err = db.Query("SELECT 1; SELECT 2")
	if err == nil {
		must(t, result.Close()) // Leaving the second one behind.
	}
	must(t, err)
	result, err = db.Query("SET application_name = 'x'; SET application_name = 'y'")
	must(t, err)
	equal(t, "rows of SET", result.Next(), false)
	must(t, result.Err())
	_, err = db.Query("SELECT 1; SELECT 1/0")
	refused(t, err, DataError, "22012")
}

func TestRowsOutliveTheirConnection(t *testing.T) {
	conn := raw(t)
	result := query(t, conn, "SELECT i FROM generate_series(1, 1000) i")
	row := make([]driver.Value, 1)
	must(t, result.Next(row))
	must(t, conn.Close())
	must(t, conn.Close())
	for i := 2; i <= blockRows; i++ {
		must(t, result.Next(row))
		equal(t, "value", row[0], int64(i))
	}
	refused(t, result.Next(row), InterfaceError, "")
	must(t, result.Close())
	must(t, result.Close())
	equal(t, "a row of closed rows", result.Next(row), io.EOF)
	equal(t, "a result of closed rows", result.(driver.RowsNextResultSet).NextResultSet(), io.EOF)
	_, err := conn.ExecContext(context.Background(), "SELECT 1", nil)
	refused(t, err, InterfaceError, "")
	_, err = conn.BeginTx(context.Background(), driver.TxOptions{})
	refused(t, err, InterfaceError, "")
	_, err = conn.Prepare("SELECT 1")
	refused(t, err, InterfaceError, "")
	equal(t, "validity", conn.IsValid(), false)
	equal(t, "notices", len(conn.Notices()), 0)
}
