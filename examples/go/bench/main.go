// Measures drivers of database/sql side by side, round by round: point queries, and a fetch of many rows, every
// value of which is scanned. Prints medians and their ratios to lib/pq's.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"sort"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v4/stdlib"
	_ "github.com/lib/pq"
	"libdbapi/dbapi"
)

var (
	rounds  = flag.Int("rounds", 7, "rounds, in each of which every driver has its turn")
	rows    = flag.Int("rows", 1000000, "rows of the large fetch")
	queries = flag.Int("queries", 10000, "point queries of a turn")
)

// A work is done once by each driver in a round.
type work struct {
	name  string
	units int
	do    func(*sql.DB) error
}

func works() []work {
	return []work{
		{"rows", *rows, func(db *sql.DB) error { return fetch(context.Background(), db, manyRows) }},
		// A text that the connection has not seen.
		{"rows, first time", *rows, func(db *sql.DB) error {
			turns++
			return fetch(context.Background(), db, fmt.Sprint(manyRows, " -- ", turns))
		}},
		{"rows, first, streamed", *rows, func(db *sql.DB) error {
			turns++
			return fetch(dbapi.WithStreaming(context.Background(), true), db, fmt.Sprint(manyRows, " -- ", turns))
		}},
		{"point query", *queries, func(db *sql.DB) error { return points(db.QueryRow) }},
		{"point query, Prepare", *queries, func(db *sql.DB) error {
			statement, err := db.Prepare(pointQuery)
			if err != nil {
				return err
			}
			defer statement.Close()
			return points(func(_ string, arguments ...any) *sql.Row { return statement.QueryRow(arguments...) })
		}},
		// What streaming costs where it is of no use.
		{"point query, streamed", *queries, func(db *sql.DB) error {
			ctx := dbapi.WithStreaming(context.Background(), true)
			return points(func(query string, arguments ...any) *sql.Row { return db.QueryRowContext(ctx, query, arguments...) })
		}},
	}
}

const manyRows = "SELECT i, i*1.5::float8, 'row number '||i, i%2=0 FROM generate_series(1, $1::int) i"

var turns int

func fetch(ctx context.Context, db *sql.DB, query string) error {
	result, err := db.QueryContext(ctx, query, *rows)
	if err != nil {
		return err
	}
	defer result.Close()
	var count, sum, characters, even int
	var floats float64
	for result.Next() {
		var number int
		var float float64
		var text string
		var truth bool
		if err := result.Scan(&number, &float, &text, &truth); err != nil {
			return err
		}
		count, sum, characters, floats = count+1, sum+number, characters+len(text), floats+float
		if truth {
			even++
		}
	}
	if count != *rows || sum != *rows*(*rows+1)/2 || floats != 1.5*float64(sum) || even != *rows/2 {
		return fmt.Errorf("wrong rows: %d, of sum %d and %v", count, sum, floats)
	}
	return result.Err()
}

const pointQuery = "SELECT num, data FROM points WHERE id = $1"

func points(query func(string, ...any) *sql.Row) error {
	for i := 0; i < *queries; i++ {
		var number int
		var text string
		id := i%1000 + 1
		if err := query(pointQuery, id).Scan(&number, &text); err != nil {
			return err
		}
		if number != 2*id {
			return fmt.Errorf("wrong row: %d for %d", number, id)
		}
	}
	return nil
}

// A measure is what a turn took, of the clock and of this process's processor time.
type measure struct{ wall, processor time.Duration }

func turn(db *sql.DB, w work) (measure, error) {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return measure{}, err
	}
	start := time.Now()
	err := w.do(db)
	wall := time.Since(start)
	if failed := syscall.Getrusage(syscall.RUSAGE_SELF, &after); failed != nil {
		return measure{}, failed
	}
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return measure{wall, time.Duration(used)}, err
}

func median(of []measure, part func(measure) time.Duration) time.Duration {
	values := make([]time.Duration, len(of))
	for i, m := range of {
		values[i] = part(m)
	}
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	return values[len(values)/2]
}

func run() error {
	names := []string{"dbapi", "postgres", "pgx"}
	titles := map[string]string{"dbapi": "libdbapi", "postgres": "lib/pq", "pgx": "pgx"}
	dsn := fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable", os.Getenv("PGHOST"), os.Getenv("PGPORT"),
		os.Getenv("PGUSER"), os.Getenv("PGDATABASE"))
	pools := map[string]*sql.DB{}
	for _, name := range names {
		db, err := sql.Open(name, dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		pools[name] = db
	}
	// What else the environment says of servers is not for these.
	if _, err := pools["dbapi"].Exec(`DROP TABLE IF EXISTS points;
		CREATE TABLE points (id int PRIMARY KEY, num int, data text);
		INSERT INTO points SELECT i, 2*i, 'row '||i FROM generate_series(1, 1000) i; ANALYZE points`); err != nil {
		return err
	}
	defer pools["dbapi"].Exec("DROP TABLE points")
	fmt.Printf("%-22s %-9s %12s %12s %7s %7s\n", "work", "driver", "wall", "processor", "wall", "proc.")
	for _, w := range works() {
		measures := map[string][]measure{}
		for round := 0; round <= *rounds; round++ {
			for i := range names {
				name := names[(i+round)%len(names)]
				m, err := turn(pools[name], w)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", name, w.name, err)
				}
				if round > 0 { // The first is for warming up.
					measures[name] = append(measures[name], m)
				}
			}
		}
		base := measures["postgres"]
		wall := func(m measure) time.Duration { return m.wall }
		processor := func(m measure) time.Duration { return m.processor }
		for _, name := range names {
			m := measures[name]
			fmt.Printf("%-22s %-9s %9.3f us %9.3f us %6.2fx %6.2fx\n", w.name, titles[name],
				float64(median(m, wall).Nanoseconds())/1000/float64(w.units),
				float64(median(m, processor).Nanoseconds())/1000/float64(w.units),
				float64(median(m, wall))/float64(median(base, wall)),
				float64(median(m, processor))/float64(median(base, processor)))
		}
	}
	return nil
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
