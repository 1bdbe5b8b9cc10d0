package dbapi

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand"
	"runtime"
	"strings"
	"testing"
	"time"
)

var streaming = WithStreaming(background, true)

// Far more rows than are ever read, which the server makes as it sends them.
const endless = "SELECT i, 'row ' || i FROM (SELECT generate_series(1, 2000000000) AS i) AS made"

type queryer interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// opened is a streamed result of which the first rows have been read. They count from 1.
func opened(t *testing.T, on queryer, ctx context.Context, read int, statement string, arguments ...any) *sql.Rows {
	t.Helper()
	rows, err := on.QueryContext(WithStreaming(ctx, true), statement, arguments...)
	must(t, err)
	t.Cleanup(func() { _ = rows.Close() })
	equal(t, "rows read", count(t, rows, 0, read), read)
	return rows
}

// count reads on, at most that many rows, and tells which was the last. Rows may be closed meanwhile, by their context.
func count(t *testing.T, rows *sql.Rows, from, most int) int {
	t.Helper()
	columns, err := rows.Columns()
	if err != nil {
		return from
	}
	var number int
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(any)
	}
	if len(into) > 0 {
		into[0] = &number
	}
	for ; most > 0 && rows.Next(); most-- {
		if rows.Scan(into...) != nil {
			break
		}
		if from++; number != from {
			t.Fatalf("row %d came where %d belongs", number, from)
		}
	}
	return from
}

// soon runs what must not take as long as the result would.
func soon(t *testing.T, what string, do func()) {
	t.Helper()
	start := time.Now()
	do()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s took %v", what, took)
	}
}

func TestStreaming(t *testing.T) {
	steady(t)
	c := session(t)
	for _, total := range []int{0, 1, 255, 256, 257, 512, 60000} {
		for _, begin := range []bool{false, true} {
			on := queryer(c)
			if begin {
				tx, err := c.BeginTx(background, nil)
				must(t, err)
				defer tx.Rollback()
				on = tx
			}
			rows := opened(t, on, background, 0, "SELECT i, 'text ' || i FROM generate_series(1, $1) i", total)
			equal(t, "rows", count(t, rows, 0, total+1), total)
			must(t, rows.Err())
			if begin {
				must(t, on.(*sql.Tx).Commit())
			}
			equal(t, "afterwards", integer(t, c, "SELECT 1"), int64(1))
		}
	}
	// What has no rows, no columns, or is several statements.
	for _, statement := range []string{"CREATE TEMP TABLE none (i int)", "SELECT WHERE false", "SELECT 1; SELECT 1"} {
		rows := opened(t, c, background, 0, statement)
		equal(t, statement, count(t, rows, 0, 2), strings.Count(statement, "1;"))
		equal(t, "more sets", rows.NextResultSet(), strings.Contains(statement, ";"))
		must(t, rows.Close())
	}
	_, err := c.QueryContext(streaming, "SELECT wrong")
	refused(t, err, ProgrammingError, "42703")
	_, err = c.QueryContext(streaming, "SELECT 1/(i-1) FROM generate_series(1, 100) i")
	refused(t, err, DataError, "22012")
	equal(t, "afterwards", integer(t, c, "SELECT 1"), int64(1))
}

// A statement is streamed if its last result was large, unless the context says something else.
func TestStreamingIsLearnt(t *testing.T) {
	c := raw(t)
	defer c.Close()
	const statement = "SELECT i FROM generate_series(1, current_setting('my.rows')::int) i"
	run := func(what string, ctx context.Context, rows string, want bool) {
		t.Helper()
		_, err := c.ExecContext(background, "SELECT set_config('my.rows', $1, false)", named([]driver.Value{rows}))
		must(t, err)
		result, err := c.QueryContext(ctx, statement, nil)
		must(t, err)
		equal(t, what, c.stream != nil, want)
		row := make([]driver.Value, 1)
		for result.Next(row) == nil {
		}
		equal(t, what+", over", c.stream == nil, true)
		must(t, result.Close())
	}
	run("first", background, "50000", false)
	run("known", background, "50000", true)
	run("not wanted", WithStreaming(background, false), "50000", false)
	run("became small", background, "9999", true)
	run("known as small", background, "50000", false)
	run("known again", background, "50000", true)
	for i := 0; i < 3*largeKnown; i++ {
		c.learn(strings.Repeat(" ", i), largeRows)
	}
	equal(t, "known", len(c.large), largeKnown)
	c.learn(strings.Repeat(" ", largeText+1), largeRows)
	equal(t, "too long", c.streams(background, strings.Repeat(" ", largeText+1), nil), false)
}

// Few rows are in memory, and the server has not sent the rest.
func TestStreamingIsBounded(t *testing.T) {
	c, witness := raw(t), session(t)
	defer c.Close()
	result, err := c.QueryContext(streaming, endless, nil)
	must(t, err)
	row := make([]driver.Value, 2)
	for i := int64(1); i <= 300000; i++ {
		must(t, result.Next(row))
		if row[0] != i {
			t.Fatalf("row %v came where %d belongs", row[0], i)
		}
	}
	equal(t, "still sending", integer(t, witness, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1",
		endless), int64(1))
	soon(t, "closing", func() { must(t, result.Close()) })
	equal(t, "at rest", integer(t, witness, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1",
		endless), int64(0))
	equal(t, "after the end", result.Next(row), io.EOF)
}

func TestClosingAStreamEarly(t *testing.T) {
	steady(t)
	db := open(t, "")
	db.SetMaxOpenConns(1)
	for _, read := range []int{0, 1, 256, 1000} {
		backend := integer(t, db, "SELECT pg_backend_pid()")
		soon(t, "closing", func() { must(t, opened(t, db, background, read, endless).Close()) })
		equal(t, "the connection", integer(t, db, "SELECT pg_backend_pid()"), backend)
		ctx, cancel := context.WithTimeout(background, time.Minute)
		soon(t, "closing under a deadline", func() { must(t, opened(t, db, ctx, read, endless).Close()) })
		cancel()
		equal(t, "the connection", integer(t, db, "SELECT pg_backend_pid()"), backend)
		tx, err := db.Begin()
		must(t, err)
		exec(t, tx, "CREATE TEMP TABLE kept (i int)")
		soon(t, "closing in a transaction", func() { must(t, opened(t, tx, background, read, endless).Close()) })
		equal(t, "the transaction", integer(t, tx, "SELECT count(*) FROM kept"), int64(0))
		must(t, tx.Commit())
		exec(t, db, "DROP TABLE kept")
	}
	var number int
	var text string
	soon(t, "QueryRow", func() { must(t, db.QueryRowContext(streaming, endless).Scan(&number, &text)) })
	// A statement that changes something is not cancelled.
	exec(t, db, "CREATE TEMP TABLE filled (i int)")
	must(t, opened(t, db, background, 10, "INSERT INTO filled SELECT generate_series(1, 100000) RETURNING i").Close())
	equal(t, "filled", integer(t, db, "SELECT count(*) FROM filled"), int64(100000))
}

func TestCancellingAStream(t *testing.T) {
	steady(t)
	db := open(t, "")
	db.SetMaxOpenConns(1)
	// Rows, then none for long: what waits is a fetch.
	const stalls = "SELECT i, CASE WHEN i > 5000 THEN pg_sleep(30)::text END FROM generate_series(1, 10000) i"
	backend := integer(t, db, "SELECT pg_backend_pid()")
	for _, statement := range []string{stalls, endless} {
		for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
			ctx, cancel := context.WithCancel(background)
			if cause == context.DeadlineExceeded {
				ctx, cancel = context.WithTimeout(background, 200*time.Millisecond)
			}
			rows := opened(t, db, ctx, 100, statement)
			if cause == context.Canceled {
				time.AfterFunc(200*time.Millisecond, cancel)
			}
			soon(t, "cancelling", func() {
				if read := count(t, rows, 100, 1<<30); statement == stalls && read > 5000 {
					t.Errorf("%d rows", read)
				}
				equal(t, "cause", errors.Is(rows.Err(), cause), true)
			})
			cancel()
			_ = rows.Close()
			equal(t, "the connection", integer(t, db, "SELECT pg_backend_pid()"), backend)
		}
	}
	// Nobody reads: database/sql closes the rows.
	ctx, cancel := context.WithCancel(background)
	rows := opened(t, db, ctx, 100, endless)
	cancel()
	soon(t, "the next statement", func() {
		equal(t, "the connection", integer(t, db, "SELECT pg_backend_pid()"), backend)
	})
	equal(t, "cause", rows.Next() || !errors.Is(rows.Err(), context.Canceled), false)
}

// Without database/sql, which closes the rows by itself: the driver's own error says why.
func TestCancellingAStreamsFetch(t *testing.T) {
	steady(t)
	c := raw(t)
	defer c.Close()
	for i := 0; i < 60; i++ {
		ctx, cancel := context.WithCancel(streaming)
		result, err := c.QueryContext(ctx, endless, nil)
		must(t, err)
		timer := time.AfterFunc(time.Duration(rand.Intn(8000))*time.Microsecond, cancel)
		row := make([]driver.Value, 2)
		for err == nil {
			err = result.Next(row)
		}
		refused(t, err, OperationalError, "57014")
		equal(t, "cause", errors.Is(err, context.Canceled), true)
		equal(t, "again", result.Next(row), err)
		if i%2 == 0 {
			must(t, result.Close())
		}
		_, err = c.ExecContext(background, "SELECT pg_sleep(0.001)", nil)
		must(t, err)
		must(t, result.Close())
		timer.Stop()
		cancel()
	}
}

// A server that falls silent in the midst of its rows ends nothing by itself.
func TestStreamWithoutAnAnswer(t *testing.T) {
	steady(t)
	p := newProxy(t)
	db := open(t, p.dsn())
	ctx, cancel := context.WithTimeout(background, time.Second)
	defer cancel()
	rows := opened(t, db, ctx, 100, endless)
	p.freeze(true)
	soon(t, "the deadline", func() {
		count(t, rows, 100, 1<<30)
		equal(t, "cause", errors.Is(rows.Err(), context.DeadlineExceeded), true)
		_ = rows.Close()
	})
	p.freeze(false)
	must(t, db.Ping())
}

func TestErrorWithinAStream(t *testing.T) {
	db := open(t, "")
	db.SetMaxOpenConns(1)
	const fails = "SELECT i, 1/(i-20000) FROM generate_series(1, 1000000) i"
	rows := opened(t, db, background, 0, fails)
	equal(t, "rows before it", count(t, rows, 0, 1<<30), 19999)
	refused(t, rows.Err(), DataError, "22012")
	tx, err := db.Begin()
	must(t, err)
	rows = opened(t, tx, background, 0, fails)
	equal(t, "rows before it", count(t, rows, 0, 1<<30), 19999)
	refused(t, rows.Err(), DataError, "22012")
	_, err = tx.Exec("SELECT 1")
	refused(t, err, InternalError, "25P02")
	must(t, tx.Rollback())
	// A statement that has to wait for the rows finds the transaction failed; the reader is told why.
	tx, err = db.Begin()
	must(t, err)
	rows = opened(t, tx, background, 100, fails)
	_, err = tx.Exec("SELECT 1")
	refused(t, err, InternalError, "25P02")
	equal(t, "rows before it", count(t, rows, 100, 1<<30), 19999)
	refused(t, rows.Err(), DataError, "22012")
	must(t, tx.Rollback())

	witness := session(t)
	c := conn(t, db)
	backend := integer(t, c, "SELECT pg_backend_pid()")
	rows = opened(t, c, background, 100, endless)
	equal(t, "terminated", integer(t, witness, "SELECT pg_terminate_backend($1)::int", backend), int64(1))
	count(t, rows, 100, 1<<30)
	var e *Error
	equal(t, "usable", errors.As(rows.Err(), &e) && e.Class == OperationalError && !e.ConnectionUsable, true)
	_ = rows.Close()
	_ = c.Close()
	must(t, db.Ping())
}

func TestStatementsWhileStreaming(t *testing.T) {
	steady(t)
	db := open(t, "")
	tx, err := db.Begin()
	must(t, err)
	defer tx.Rollback()
	const many = "SELECT i, 'row ' || i FROM generate_series(1, 20000) i"
	for _, read := range []int{0, 1, 255, 256, 257, 19999, 20000} {
		first := opened(t, tx, background, read, many)
		equal(t, "between", integer(t, tx, "SELECT $1 + 1", read), int64(read+1))
		second := opened(t, tx, background, 300, many)
		equal(t, "first", count(t, first, read, 1000), read+min(1000, 20000-read))
		third := opened(t, tx, background, 300, many)
		equal(t, "second", count(t, second, 300, 1<<30), 20000)
		must(t, third.Close())
		equal(t, "first", count(t, first, read+min(1000, 20000-read), 1<<30), 20000)
		must(t, first.Err())
		must(t, second.Err())
	}
	// A context of rows that have been received does not reach another statement.
	ctx, cancel := context.WithCancel(background)
	first := opened(t, tx, ctx, 1, many)
	second := opened(t, tx, background, 1, many)
	cancel()
	count(t, first, 1, 1<<30)
	equal(t, "second", count(t, second, 1, 1<<30), 20000)
	must(t, second.Err())
	// No columns, and rows all the same.
	rows, err := tx.QueryContext(streaming, "SELECT FROM generate_series(1, 1000)")
	must(t, err)
	equal(t, "the first", rows.Next(), true)
	equal(t, "between", integer(t, tx, "SELECT 1"), int64(1))
	left := 0
	for ; rows.Next(); left++ {
	}
	equal(t, "left", left, 999)
	// The statement that waits for the rows has a deadline.
	rows = opened(t, tx, background, 1, "SELECT i FROM generate_series(1, 200000) i, pg_sleep(i / 100000)")
	ctx, cancel = context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	soon(t, "the deadline", func() {
		_, err = tx.ExecContext(ctx, "SELECT 1")
		equal(t, "cause", errors.Is(err, context.DeadlineExceeded), true)
	})
	count(t, rows, 1, 1<<30)
	refused(t, rows.Err(), OperationalError, "57014")
	must(t, tx.Rollback())

	for _, commit := range []bool{false, true} {
		tx, err := db.Begin()
		must(t, err)
		opened(t, tx, background, 100, endless)
		soon(t, "the end of the transaction", func() {
			if commit {
				must(t, tx.Commit())
			} else {
				must(t, tx.Rollback())
			}
		})
	}
	c := conn(t, db)
	rows = opened(t, c, background, 100, many)
	tx, err = c.BeginTx(background, nil)
	must(t, err)
	equal(t, "rows from before", count(t, rows, 100, 1<<30), 20000)
	must(t, tx.Commit())
}

func TestGarbageOfStreams(t *testing.T) {
	witness := session(t)
	row := make([]driver.Value, 2)
	own := raw(t)
	defer own.Close()
	for i := 0; i < 10; i++ {
		func() {
			c, err := Driver{}.Open("application_name=stream_garbage")
			must(t, err)
			for _, on := range []*Conn{c.(*Conn), own} {
				result, err := on.QueryContext(streaming, endless, nil)
				must(t, err)
				must(t, result.Next(row))
			}
		}()
		eventually(t, "the rows' end", func() bool {
			runtime.GC()
			own.stream.stream.mutex.Lock()
			defer own.stream.stream.mutex.Unlock()
			return own.stream.cursor == nil
		})
		_, err := own.ExecContext(background, "SELECT 1", nil)
		must(t, err)
	}
	eventually(t, "the end of what nobody closed", func() bool {
		runtime.GC()
		return integer(t, witness, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stream_garbage'") == 0
	})
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
