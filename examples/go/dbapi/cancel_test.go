package dbapi

import (
	"context"
	"errors"
	"math/rand"
	"testing"
	"time"
)

func TestCancelling(t *testing.T) {
	steady(t)
	c := session(t)
	for name, end := range map[string]struct {
		context func() (context.Context, context.CancelFunc)
		cause   error
	}{
		"cancel": {func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(background)
			time.AfterFunc(50*time.Millisecond, cancel)
			return ctx, cancel
		}, context.Canceled},
		"deadline": {func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(background, 50*time.Millisecond)
		}, context.DeadlineExceeded},
	} {
		ctx, cancel := end.context()
		start := time.Now()
		_, err := c.ExecContext(ctx, "SELECT pg_sleep(30)")
		cancel()
		refused(t, err, OperationalError, "57014")
		equal(t, name, errors.Is(err, end.cause), true)
		equal(t, name+" is soon", time.Since(start) < 5*time.Second, true)
		_, err = c.ExecContext(ctx, "SELECT 1")
		equal(t, name+" before it begins", errors.Is(err, end.cause), true)
		equal(t, name+" leaves the connection", integer(t, c, "SELECT 1"), int64(1))
	}
}

// A context that ends just when its statement does must not hit the next one.
func TestCancelNeverHitsALaterStatement(t *testing.T) {
	steady(t)
	c := session(t)
	cancelled := 0
	for i := 0; i < 400; i++ {
		ctx, cancel := context.WithCancel(background)
		timer := time.AfterFunc(time.Duration(rand.Intn(1500))*time.Microsecond, cancel)
		_, err := c.ExecContext(ctx, "SELECT pg_sleep(0.001)")
		if err != nil {
			cancelled++
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if _, err := c.ExecContext(background, "SELECT pg_sleep(0.001)"); err != nil {
			t.Fatalf("after %d: the next statement was hit: %v", i, err)
		}
		timer.Stop()
		cancel()
	}
	if cancelled == 0 || cancelled == 400 {
		t.Errorf("%d of 400 were cancelled, so this shows nothing", cancelled)
	}
}

// Cancelling before the statement has reached the server must not be lost.
func TestCancelThatComesEarly(t *testing.T) {
	c := session(t)
	for i := 0; i < 50; i++ {
		ctx, cancel := context.WithCancel(background)
		time.AfterFunc(time.Duration(rand.Intn(60))*time.Microsecond, cancel)
		_, err := c.ExecContext(ctx, "SELECT pg_sleep(30)")
		cancel()
		equal(t, "cancelled", errors.Is(err, context.Canceled), true)
	}
}

func TestEndOfATransactionsContext(t *testing.T) {
	steady(t)
	db := open(t, "")
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	tx, err := db.BeginTx(ctx, nil)
	must(t, err)
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	_, err = tx.Exec("SELECT pg_sleep(30)")
	refused(t, err, OperationalError, "57014")
	equal(t, "cause", errors.Is(err, context.Canceled), true)
	equal(t, "soon", time.Since(start) < 5*time.Second, true)
	must(t, db.Ping())
}

// A server that does not answer any more ends nothing by itself.
func TestDeadlineWithoutAnAnswer(t *testing.T) {
	steady(t)
	p := newProxy(t)
	db := open(t, p.dsn())
	must(t, db.Ping())
	p.freeze(true)
	ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := db.ExecContext(ctx, "SELECT 1")
	equal(t, "deadline", errors.Is(err, context.DeadlineExceeded), true)
	equal(t, "usable", refused(t, err, OperationalError, "08006").ConnectionUsable, false)
	equal(t, "in bounds", time.Since(start) < 3*time.Second, true)
	p.freeze(false)
	must(t, db.Ping())
}

func TestStopWaitsForACancellingUnderWay(t *testing.T) {
	w := &watcher{state: cancelling, over: make(chan struct{}), ended: make(chan struct{})}
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	<-w.over
	select {
	case <-stopped:
		t.Fatal("the next statement could have been hit")
	case <-time.After(50 * time.Millisecond):
	}
	w.cause = context.Canceled
	close(w.ended)
	equal(t, "cause", <-stopped, error(context.Canceled))
}
