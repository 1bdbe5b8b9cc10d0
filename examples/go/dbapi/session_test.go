package dbapi

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var background = context.Background()

func isClass(err error, class Class) bool { return errors.Is(err, class) }

// conn is a connection of a pool, given back at the test's end.
func conn(t *testing.T, db *sql.DB) *sql.Conn {
	t.Helper()
	c, err := db.Conn(background)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestClassicSession(t *testing.T) {
	c := session(t)
	exec(t, c, "CREATE TEMP TABLE test (id serial PRIMARY KEY, num integer, data varchar)")
	result, err := c.ExecContext(background, "INSERT INTO test (num, data) VALUES ($1, $2), ($1, $2)", 100, "abc'def")
	must(t, err)
	affected, err := result.RowsAffected()
	must(t, err)
	equal(t, "affected", affected, int64(2))
	if _, err := result.LastInsertId(); err == nil {
		t.Error("LastInsertId knew something")
	}
	statement, err := c.PrepareContext(background, "SELECT num, data FROM test WHERE id = $1")
	must(t, err)
	for id := 1; id <= 2; id++ {
		var num int
		var data string
		must(t, statement.QueryRow(id).Scan(&num, &data))
		equal(t, "row", fmt.Sprint(num, data), "100abc'def")
	}
	must(t, statement.Close())
	result, err = c.ExecContext(background, "DROP TABLE test")
	must(t, err)
	affected, err = result.RowsAffected()
	must(t, err)
	equal(t, "affected by DDL", affected, int64(0))
	// A percent sign is one, and what stands in quotes is no placeholder.
	equal(t, "remainder", integer(t, c, "SELECT $1 % 4 + length('$2')", 7), int64(5))
}

func TestErrors(t *testing.T) {
	c := session(t)
	exec(t, c, "CREATE TEMP TABLE few (id int CONSTRAINT only_once PRIMARY KEY)")
	exec(t, c, "INSERT INTO few VALUES (1)")
	_, err := c.ExecContext(background, "INSERT INTO few VALUES ($1)", 1)
	e := refused(t, err, IntegrityError, "23505")
	equal(t, "condition", e.Condition, "unique_violation")
	equal(t, "constraint", e.Constraint, "only_once")
	equal(t, "table", e.Table, "few")
	equal(t, "primary", e.Primary, `duplicate key value violates unique constraint "only_once"`)
	equal(t, "detail", e.Detail, "Key (id)=(1) already exists.")
	equal(t, "severity", e.Severity, "ERROR")
	equal(t, "usable", e.ConnectionUsable && e.TransactionUsable && !e.Retryable && !e.TimedOut, true)
	equal(t, "source", e.File != "" && e.Line != "" && e.Routine != "", true)
	equal(t, "text", strings.Contains(err.Error(), "only_once") && strings.Contains(err.Error(), "23505"), true)
	equal(t, "SQLState", e.SQLState(), "23505")
	equal(t, "is integrity", isClass(err, IntegrityError), true)
	equal(t, "is database", isClass(err, DatabaseError), true)
	equal(t, "is data", isClass(err, DataError), false)
	equal(t, "is interface", isClass(err, InterfaceError), false)
	equal(t, "is itself", errors.Is(fmt.Errorf("wrapped: %w", err), err), true)

	_, err = c.ExecContext(background, "SELECT wrong")
	e = refused(t, err, ProgrammingError, "42703")
	equal(t, "position", e.Position, "8")
	_, err = c.ExecContext(background, "")
	refused(t, err, ProgrammingError, "")
	_, err = c.QueryContext(background, "DO $$ BEGIN PERFORM 1/0; END $$")
	e = refused(t, err, DataError, "22012")
	equal(t, "context", strings.Contains(e.Context, "PL/pgSQL"), true)
	equal(t, "afterwards", integer(t, c, "SELECT 1"), int64(1))
}

func TestConnecting(t *testing.T) {
	for _, dsn := range []string{"host", "nonsense=1", "postgresql://[", "host=a\x00b"} {
		_, err := sql.Open("dbapi", dsn)
		refused(t, err, ProgrammingError, "")
	}
	refused(t, open(t, "dbname=there_is_none").Ping(), OperationalError, "3D000")
	must(t, open(t, "application_name='a b'").Ping())

	// A server that never answers: the context's end is enough.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	db := open(t, "connect_timeout=2 host="+host+" port="+port)
	err = db.PingContext(ctx)
	equal(t, "deadline", errors.Is(err, context.DeadlineExceeded), true)
	equal(t, "soon", time.Since(start) < time.Second, true)
}

func TestTransactions(t *testing.T) {
	db := open(t, "")
	witness := conn(t, db)
	exec(t, db, "DROP TABLE IF EXISTS kept; CREATE TABLE kept (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
	t.Cleanup(func() { exec(t, witness, "DROP TABLE kept") })
	for commit, rows := range map[bool]int64{false: 0, true: 1} {
		tx, err := db.Begin()
		must(t, err)
		exec(t, tx, "INSERT INTO kept VALUES (1)")
		equal(t, "seen inside", integer(t, tx, "SELECT count(*) FROM kept"), int64(1))
		equal(t, "seen outside", integer(t, witness, "SELECT count(*) FROM kept"), int64(0))
		if commit {
			must(t, tx.Commit())
		} else {
			must(t, tx.Rollback())
		}
		equal(t, "kept", integer(t, witness, "SELECT count(*) FROM kept"), rows)
		exec(t, witness, "TRUNCATE kept")
	}
	// Outside of them each statement commits.
	exec(t, db, "INSERT INTO kept VALUES (1)")
	equal(t, "by itself", integer(t, witness, "SELECT count(*) FROM kept"), int64(1))

	tx, err := db.Begin()
	must(t, err)
	_, err = tx.Exec("SELECT 1/0")
	refused(t, err, DataError, "22012")
	_, err = tx.Exec("SELECT 1")
	equal(t, "usable", refused(t, err, InternalError, "25P02").TransactionUsable, false)
	if !isClass(tx.Commit(), OperationalError) {
		t.Error("a failed transaction was committed")
	}
	tx, err = db.Begin()
	must(t, err)
	exec(t, tx, "INSERT INTO kept VALUES (1)")
	refused(t, tx.Commit(), IntegrityError, "23505")
	exec(t, db, "INSERT INTO kept VALUES (2)")
	equal(t, "after both", integer(t, witness, "SELECT count(*) FROM kept"), int64(2))
}

func TestTransactionOptions(t *testing.T) {
	db := open(t, "")
	db.SetMaxOpenConns(1)
	setting := func(on executor, name string) (value string) {
		must(t, on.QueryRowContext(background, "SELECT current_setting($1)", name).Scan(&value))
		return value
	}
	for level, name := range map[sql.IsolationLevel]string{
		sql.LevelDefault: "read committed", sql.LevelReadUncommitted: "read uncommitted", sql.LevelSnapshot: "repeatable read",
		sql.LevelReadCommitted: "read committed", sql.LevelRepeatableRead: "repeatable read", sql.LevelSerializable: "serializable",
	} {
		for readonly, on := range map[bool]string{false: "off", true: "on"} {
			tx, err := db.BeginTx(background, &sql.TxOptions{Isolation: level, ReadOnly: readonly})
			must(t, err)
			equal(t, "isolation", setting(tx, "transaction_isolation"), name)
			equal(t, "read-only", setting(tx, "transaction_read_only"), on)
			must(t, tx.Commit())
		}
	}
	equal(t, "isolation afterwards", setting(db, "transaction_isolation"), "read committed")
	equal(t, "read-only afterwards", setting(db, "transaction_read_only"), "off")
	tx, err := db.BeginTx(background, &sql.TxOptions{ReadOnly: true})
	must(t, err)
	_, err = tx.Exec("CREATE TABLE never (i int)")
	refused(t, err, InternalError, "25006")
	must(t, tx.Rollback())
	for _, level := range []sql.IsolationLevel{sql.LevelWriteCommitted, sql.LevelLinearizable, 99} {
		_, err := db.BeginTx(background, &sql.TxOptions{Isolation: level})
		refused(t, err, NotSupportedError, "")
	}
}

func TestRowsStayWhileAnotherStatementRuns(t *testing.T) {
	tx, err := open(t, "").Begin()
	must(t, err)
	defer tx.Rollback()
	outer, err := tx.Query("SELECT i FROM generate_series(1, 1000) i")
	must(t, err)
	defer outer.Close()
	sum := int64(0)
	for outer.Next() {
		var i int64
		must(t, outer.Scan(&i))
		if i%100 == 0 {
			i = integer(t, tx, "SELECT $1 + 0", i)
		}
		sum += i
	}
	must(t, outer.Err())
	equal(t, "sum", sum, int64(500500))
}

func TestPoolGetsCleanConnections(t *testing.T) {
	db := open(t, "")
	db.SetMaxOpenConns(1)
	backend := integer(t, db, "SELECT pg_backend_pid()")
	exec(t, db, "BEGIN; CREATE TEMP TABLE lost (i int)")
	var name sql.NullString
	must(t, db.QueryRow("SELECT to_regclass('lost')::text").Scan(&name))
	equal(t, "what was left open", name.Valid, false)
	exec(t, db, "CREATE TEMP TABLE found (i int)")
	equal(t, "autocommit", integer(t, db, "SELECT count(*) FROM found"), int64(0))
	equal(t, "the connection", integer(t, db, "SELECT pg_backend_pid()"), backend)
}

func TestLostConnections(t *testing.T) {
	db, witness := open(t, ""), session(t)
	db.SetMaxOpenConns(1)
	exec(t, witness, "CREATE SEQUENCE times")
	t.Cleanup(func() { exec(t, witness, "DROP SEQUENCE times") })
	// What may have run is not run again.
	_, err := db.Exec("SELECT nextval('times'), pg_terminate_backend(pg_backend_pid())")
	e := refused(t, err, OperationalError, "57P01")
	equal(t, "usable", e.ConnectionUsable, false)
	equal(t, "bad connection", errors.Is(err, driver.ErrBadConn), false)
	equal(t, "runs", integer(t, witness, "SELECT nextval('times')"), int64(2))
	backend := integer(t, db, "SELECT pg_backend_pid()") // on another one

	// One that was lost while it rested is replaced without a word.
	equal(t, "terminated", integer(t, witness, "SELECT pg_terminate_backend($1, 10000)::int", backend), int64(1))
	time.Sleep(1100 * time.Millisecond) // The pool's connections are looked at after a second of rest.
	equal(t, "another", integer(t, db, "SELECT pg_backend_pid()") != backend, true)

	tx, err := db.Begin()
	must(t, err)
	_, err = tx.Exec("SELECT pg_terminate_backend(pg_backend_pid())")
	refused(t, err, OperationalError, "57P01")
	equal(t, "rollback", tx.Rollback() != nil, true)
	must(t, db.Ping())
}

func TestNotificationsAndNotices(t *testing.T) {
	db := open(t, "")
	c := conn(t, db)
	exec(t, c, "LISTEN news")
	done := make(chan error)
	go func() {
		_, err := db.Exec("SELECT pg_notify('news', $1)", "grüße")
		done <- err
	}()
	must(t, c.Raw(func(driverConn any) error {
		own := driverConn.(*Conn)
		n, err := own.WaitForNotification(background)
		must(t, err)
		equal(t, "notification", n.Channel+" "+n.Payload, "news grüße")
		equal(t, "sender", n.PID > 0, true)
		ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
		defer cancel()
		_, err = own.WaitForNotification(ctx)
		equal(t, "deadline", err, context.DeadlineExceeded)
		for i := 0; i < 100; i++ {
			ctx, cancel := context.WithCancel(background)
			start := time.Now()
			time.AfterFunc(time.Duration(i)*20*time.Microsecond, cancel)
			_, err = own.WaitForNotification(ctx)
			equal(t, "cancelled", err, context.Canceled)
			equal(t, "soon", time.Since(start) < 5*time.Second, true)
			_, err = own.ExecContext(background, "SELECT 1", nil)
			must(t, err)
		}
		return nil
	}))
	must(t, <-done)
	exec(t, c, "DO $$ BEGIN RAISE WARNING 'mind %', 1; END $$")
	must(t, c.Raw(func(driverConn any) error {
		notices := driverConn.(*Conn).Notices()
		equal(t, "notices", len(notices), 1)
		equal(t, "notice", fmt.Sprint(notices[0].Class, notices[0].Severity, notices[0].Primary), "WarningWARNINGmind 1")
		return nil
	}))
}

func TestPoolUnderLoad(t *testing.T) {
	steady(t)
	db := open(t, "application_name=under_load")
	db.SetMaxOpenConns(8)
	exec(t, db, "DROP TABLE IF EXISTS load; CREATE TABLE load (worker int, i int)")
	defer exec(t, db, "DROP TABLE load")
	const workers, turns = 16, 60
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for i := 0; i < turns; i++ {
				ctx, cancel := context.WithTimeout(background, time.Minute)
				if err := load(ctx, db, worker, i); err != nil {
					t.Errorf("worker %d: %v", worker, err)
				}
				cancel()
			}
		}(worker)
	}
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	group.Wait()
	close(stop)
	equal(t, "rows", integer(t, db, "SELECT count(*) FROM load"), int64(workers*turns))
}

// load is one turn: half of what it writes is rolled back, some of its rows are left unread.
func load(ctx context.Context, db *sql.DB, worker, i int) error {
	for _, commit := range []bool{true, false} {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		text := strings.Repeat(fmt.Sprint(worker, ",", i, ";"), 50)
		if _, err := tx.ExecContext(ctx, "INSERT INTO load VALUES ($1, $2)", worker, i); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, "SELECT $1::text, n, ARRAY[n, $2] FROM generate_series(1, 600) n", text, worker)
		if err != nil {
			return err
		}
		defer rows.Close()
		for n := int64(1); rows.Next() && n < int64(i*10); n++ {
			var same string
			var number int64
			var pair []int64
			if err := rows.Scan(&same, &number, Array(&pair)); err != nil {
				return err
			}
			if same != text || number != n || pair[0] != n || pair[1] != int64(worker) {
				return fmt.Errorf("row %d is %q, %d, %v", n, same, number, pair)
			}
		}
		if commit {
			if err := tx.Commit(); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestGarbage(t *testing.T) {
	witness := session(t)
	row := make([]driver.Value, 1)
	func() {
		for i := 0; i < 20; i++ {
			c, err := Driver{}.Open("application_name=garbage")
			must(t, err)
			result := query(t, c.(*Conn), "SELECT 'text' || i FROM generate_series(1, 1000) i")
			must(t, result.Next(row))
			if i%2 == 0 {
				c = nil // The rows alone keep it.
				runtime.GC()
				must(t, result.Next(row))
				equal(t, "value", row[0], "text2")
			}
		}
	}()
	eventually(t, "the end of what nobody closed", func() bool {
		runtime.GC()
		return integer(t, witness, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'garbage'") == 0
	})
}
