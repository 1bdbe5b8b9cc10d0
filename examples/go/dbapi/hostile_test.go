package dbapi

import (
	"context"
	"database/sql"
	"errors"
	"math/rand"
	"sync"
	"testing"
	"time"
)

// Contexts that end at any moment, or have ended: of statements, streams, transactions and waits, in many goroutines. Each
// call gives a result or says why not, none hits another's, and the pool goes on.
func TestContextsEndAtAnyMoment(t *testing.T) {
	steady(t)
	db := open(t, "")
	db.SetMaxOpenConns(6)
	const workers, turns = 12, 40
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(random *rand.Rand) {
			defer group.Done()
			for i := 0; i < turns; i++ {
				ctx, cancel := context.WithTimeout(background, 20*time.Second)
				switch after := time.Duration(random.Intn(3000)) * time.Microsecond; random.Intn(3) {
				case 0:
					cancel()
					ctx, cancel = context.WithTimeout(background, after-time.Millisecond)
				case 1:
					time.AfterFunc(after, cancel)
				}
				what := random.Intn(5)
				err := anything(ctx, db, what)
				ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
				// database/sql rolls back when a transaction's context ends, before its next statement or its end.
				if err != nil && !ended && !errors.Is(err, sql.ErrTxDone) {
					t.Errorf("%d: not for the end of the context (%v): %v", what, ctx.Err(), err)
				}
				cancel()
				if n := integer(t, db, "SELECT $1::int", i); n != int64(i) {
					t.Errorf("got %d, want %d", n, i)
				}
			}
		}(rand.New(rand.NewSource(int64(worker))))
	}
	group.Wait()
	equal(t, "connections in use", db.Stats().InUse, 0)
}

// anything does one of what a connection can do.
func anything(ctx context.Context, db *sql.DB, what int) error {
	switch what {
	case 0:
		_, err := db.ExecContext(ctx, "SELECT pg_sleep(0.002)")
		return err
	case 1:
		rows, err := db.QueryContext(ctx, "SELECT repeat('x', 100) FROM generate_series(1, 20000)")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
		}
		return rows.Err()
	case 2:
		rows, err := db.QueryContext(ctx, "SELECT i FROM generate_series(1, 1000000) i")
		if err != nil {
			return err
		}
		rows.Next()
		return rows.Close()
	case 3:
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(ctx, "CREATE TEMP TABLE IF NOT EXISTS hostile (a int)"); err != nil {
			return err
		}
		return tx.Commit()
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driverConn any) error {
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := driverConn.(*Conn).WaitForNotification(short)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		return err
	})
}
