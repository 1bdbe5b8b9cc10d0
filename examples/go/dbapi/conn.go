package dbapi

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// How many rows a call of cgo's brings.
const blockRows = 256

// A Conn is a connection of database/sql's pool; (*sql.Conn).Raw gives it.
type Conn struct {
	handle  *C.dbapi_connection_t // nil when closed
	arena   arena                 // the parameters of the call under way
	result  *C.go_result          // what it brings; apart, for C may not see the rest
	timeout int64                 // of the connection string, in milliseconds; 0: none
	broken  bool
	used    time.Time
	stream  *result             // has rows to come on the connection; nil: the next statement may be sent
	large   map[string]struct{} // statements whose last result was large
	// The context of the transaction under way: its end cancels statements too.
	tx            context.Context
	notifications []*Notification
}

var (
	_ driver.ConnBeginTx        = (*Conn)(nil)
	_ driver.ConnPrepareContext = (*Conn)(nil)
	_ driver.ExecerContext      = (*Conn)(nil)
	_ driver.QueryerContext     = (*Conn)(nil)
	_ driver.NamedValueChecker  = (*Conn)(nil)
	_ driver.Pinger             = (*Conn)(nil)
	_ driver.SessionResetter    = (*Conn)(nil)
	_ driver.Validator          = (*Conn)(nil)
	_ driver.StmtExecContext    = (*stmt)(nil)
	_ driver.StmtQueryContext   = (*stmt)(nil)
)

// Close ends the session; what was not committed is rolled back. Rows that were received stay readable.
func (c *Conn) Close() error {
	var failure *C.dbapi_error_t
	var err error
	if c.handle != nil {
		err = check(C.dbapi_close(c.handle, &failure), failure)
	}
	c.free()
	return err
}

func (c *Conn) free() {
	runtime.SetFinalizer(c, nil)
	C.dbapi_connection_free(c.handle)
	c.handle = nil
	c.arena.free()
}

// usable is nil if a statement may be sent. Where none was, the pool may take another connection.
func (c *Conn) usable() error {
	switch {
	case c.handle == nil:
		return errorf(InterfaceError, "the connection is already closed")
	case c.broken:
		return driver.ErrBadConn
	}
	return nil
}

// done ends every call: it notes how the call left the connection, and turns a failure into an error.
func (c *Conn) done(status C.dbapi_status_t, cause error) error {
	c.broken = c.broken || c.result.closed != C.DBAPI_CLOSED_OPEN
	c.used = time.Now()
	if status >= 0 {
		return nil
	}
	err := taken(c.result.error)
	c.result.error = nil
	err.cause = cause
	return err
}

// execute runs a statement; its outcome is in c.result. block: how many rows to bring, 0 if none are wanted.
func (c *Conn) execute(ctx context.Context, sql string, arguments []driver.NamedValue, block int, stream bool) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.receiveRest(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.usable(); err != nil {
		return err
	}
	if strings.IndexByte(sql, 0) >= 0 {
		return errorf(ProgrammingError, "the statement holds a NUL")
	}
	timeout := c.deadline(ctx)
	text := c.arena.text(sql)
	params, err := c.arena.params(arguments)
	if err != nil {
		c.arena.reset()
		return err
	}
	several := block > 0 && mayBeSeveral(sql, arguments)
	w := c.watch(ctx)
	status := C.go_execute(c.handle, (*C.char)(text), (*C.dbapi_value_t)(params), C.size_t(len(arguments)),
		C.int64_t(timeout), C.bool(several), C.bool(stream), C.size_t(block), c.result)
	cause := w.stop()
	c.arena.reset()
	return c.done(status, cause)
}

// deadline is how many milliseconds the library gives the statement; -1: as many as the connection string says. It
// cancels at the deadline, and gives the connection up if the server does not answer.
func (c *Conn) deadline(ctx context.Context) int64 {
	deadline := c.sooner(ctx)
	if deadline.IsZero() {
		return -1
	}
	timeout := time.Until(deadline).Milliseconds() + 1
	switch {
	case timeout < 1:
		return 1
	case c.timeout > 0 && timeout > c.timeout, timeout > math.MaxInt32:
		return -1
	}
	return timeout
}

// sooner is when the statement's context or its transaction's ends; the zero time if neither says.
func (c *Conn) sooner(ctx context.Context) time.Time {
	deadline, ok := ctx.Deadline()
	if c.tx != nil {
		if of, has := c.tx.Deadline(); has && (!ok || of.Before(deadline)) {
			deadline = of
		}
	}
	return deadline
}

// ExecContext runs a statement; several, separated by semicolons, if there are no arguments.
func (c *Conn) ExecContext(ctx context.Context, sql string, arguments []driver.NamedValue) (driver.Result, error) {
	if err := c.execute(ctx, sql, arguments, 0, false); err != nil {
		return nil, err
	}
	if c.result.rowcount < 0 {
		return driver.RowsAffected(0), nil
	}
	return driver.RowsAffected(c.result.rowcount), nil
}

// QueryContext runs a statement, and receives its rows; the first of them, if they are streamed.
func (c *Conn) QueryContext(ctx context.Context, sql string, arguments []driver.NamedValue) (driver.Rows, error) {
	stream := c.streams(ctx, sql, arguments)
	if err := c.execute(ctx, sql, arguments, blockRows, stream); err != nil {
		return nil, err
	}
	if stream {
		return newStreamedRows(c, ctx, sql), nil
	}
	c.learn(sql, int64(c.result.rowcount))
	return newRows(c, len(arguments) == 0)
}

// mayBeSeveral tells whether there may be several statements.
func mayBeSeveral(sql string, arguments []driver.NamedValue) bool {
	return len(arguments) == 0 && strings.IndexByte(sql, ';') >= 0
}

// PrepareContext keeps the text: the library prepares by itself what is executed often. Errors in the statement
// show when it is executed.
func (c *Conn) PrepareContext(ctx context.Context, sql string) (driver.Stmt, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &stmt{c, sql}, nil
}

// Prepare is PrepareContext without a context.
func (c *Conn) Prepare(sql string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), sql)
}

type stmt struct {
	conn *Conn
	sql  string
}

func (s *stmt) Close() error  { return nil }
func (s *stmt) NumInput() int { return -1 } // The library counts.

func (s *stmt) ExecContext(ctx context.Context, arguments []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.sql, arguments)
}

func (s *stmt) QueryContext(ctx context.Context, arguments []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.sql, arguments)
}

func (s *stmt) Exec(arguments []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(arguments))
}

func (s *stmt) Query(arguments []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(arguments))
}

func named(arguments []driver.Value) []driver.NamedValue {
	values := make([]driver.NamedValue, len(arguments))
	for i, argument := range arguments {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: argument}
	}
	return values
}

// Ping asks the server for a sign of life.
func (c *Conn) Ping(ctx context.Context) error {
	err := c.execute(ctx, "SELECT 1", nil, 0, false)
	if c.broken {
		return driver.ErrBadConn // Nothing is lost by asking again on another.
	}
	return err
}

// IsValid tells whether the pool may keep the connection.
func (c *Conn) IsValid() bool { return c.handle != nil && !c.broken }

// ResetSession is called before the pool hands the connection out again. It costs nothing on the server, unless a
// BEGIN was left open. After a second of rest it looks whether the server has hung up.
func (c *Conn) ResetSession(context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	if c.result.transaction != C.DBAPI_TRANSACTION_IDLE {
		if c.run(func() C.dbapi_status_t { return C.dbapi_connection_reset(c.handle, &c.result.error) }) != nil ||
			c.autocommit() != nil {
			return driver.ErrBadConn
		}
	}
	if time.Since(c.used) > time.Second {
		if _, err := c.receive(0); err != nil {
			return driver.ErrBadConn
		}
	}
	return nil
}

// run makes a call that is no statement.
func (c *Conn) run(call func() C.dbapi_status_t) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.receiveRest(context.Background())
	status := call()
	C.go_state(c.handle, c.result)
	return c.done(status, nil)
}

// autocommit has each statement commit by itself, under the server's defaults: so it is outside of transactions.
func (c *Conn) autocommit() error { return c.session(C.DBAPI_ISOLATION_DEFAULT, C.DBAPI_DEFAULT, 1) }

// session sends nothing: what transactions are like travels with their BEGIN.
func (c *Conn) session(isolation, readonly, autocommit C.int32_t) error {
	return c.run(func() C.dbapi_status_t {
		return C.dbapi_connection_set_session(c.handle, isolation, readonly, C.DBAPI_UNCHANGED, autocommit,
			&c.result.error)
	})
}

// Begin is BeginTx with the server's defaults.
func (c *Conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// BeginTx begins a transaction; BEGIN travels with its first statement.
func (c *Conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	var isolation C.int32_t
	switch level := sql.IsolationLevel(options.Isolation); level {
	case sql.LevelDefault:
		isolation = C.DBAPI_ISOLATION_DEFAULT
	case sql.LevelReadUncommitted:
		isolation = C.DBAPI_ISOLATION_READ_UNCOMMITTED
	case sql.LevelReadCommitted:
		isolation = C.DBAPI_ISOLATION_READ_COMMITTED
	case sql.LevelRepeatableRead, sql.LevelSnapshot: // PostgreSQL's repeatable read is a snapshot.
		isolation = C.DBAPI_ISOLATION_REPEATABLE_READ
	case sql.LevelSerializable:
		isolation = C.DBAPI_ISOLATION_SERIALIZABLE
	default:
		return nil, errorf(NotSupportedError, "PostgreSQL has no isolation level %v", level)
	}
	readonly := C.int32_t(C.DBAPI_DEFAULT)
	if options.ReadOnly {
		readonly = 1
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.session(isolation, readonly, 0); err != nil {
		return nil, err
	}
	c.tx = ctx
	return tx{c}, nil
}

type tx struct{ conn *Conn }

// Commit commits. If the answer is lost the SQLSTATE is 08007: whether it happened is not known.
func (t tx) Commit() error {
	return t.end(func() C.dbapi_status_t { return C.dbapi_commit(t.conn.handle, &t.conn.result.error) })
}

func (t tx) Rollback() error {
	return t.end(func() C.dbapi_status_t { return C.dbapi_rollback(t.conn.handle, &t.conn.result.error) })
}

func (t tx) end(call func() C.dbapi_status_t) error {
	// Nobody can read on: database/sql closes a transaction's Rows.
	_ = t.conn.endStream(errorf(InterfaceError, "the transaction has ended, and the rest of its rows with it"))
	t.conn.tx = nil
	err := t.conn.run(call)
	if t.conn.autocommit() != nil {
		t.conn.broken = true
	}
	return err
}

// A watcher cancels the statement under way when its context ends.
type watcher struct {
	handle   *C.dbapi_connection_t
	ctx, tx  context.Context
	deadline time.Time
	state    int32         // stopped or cancelling, whichever comes first
	over     chan struct{} // closed when the statement has ended
	ended    chan struct{} // closed when the watcher has
	cause    error
}

const (
	watching = iota
	stopped
	cancelling
)

// watch starts a watcher, if there is something to watch.
func (c *Conn) watch(ctx context.Context) *watcher {
	tx := c.tx
	if tx == nil {
		tx = context.Background()
	}
	if ctx.Done() == nil && tx.Done() == nil {
		return nil
	}
	w := &watcher{handle: c.handle, ctx: ctx, tx: tx, deadline: c.sooner(ctx), over: make(chan struct{}),
		ended: make(chan struct{})}
	go w.run()
	return w
}

func (w *watcher) run() {
	defer close(w.ended)
	select {
	case <-w.over:
		return
	case <-w.ctx.Done():
		w.cause = w.ctx.Err()
	case <-w.tx.Done():
		w.cause = w.tx.Err()
	}
	if !atomic.CompareAndSwapInt32(&w.state, watching, cancelling) {
		return
	}
	// At a deadline the library cancels by itself, so that this need not.
	pause := 5 * time.Second
	if w.cause != context.DeadlineExceeded {
		// Also if the statement has not begun. Again only if that fails, or between the rows of a stream.
		C.dbapi_connection_interrupt(w.handle, nil)
		pause = 10 * time.Millisecond
	}
	for ; ; pause = 2 * pause {
		timer := time.NewTimer(pause)
		select {
		case <-w.over:
			timer.Stop()
			return
		case <-timer.C:
			C.dbapi_connection_interrupt(w.handle, nil)
		}
	}
}

// stop ends the watcher; when it returns, no cancelling is under way or kept that could hit a later statement. It
// gives what ended the context, if that came first.
func (w *watcher) stop() error {
	if w == nil {
		return nil
	}
	stoppedFirst := atomic.CompareAndSwapInt32(&w.state, watching, stopped)
	close(w.over)
	if stoppedFirst {
		// What fails now may have been cancelled by the call before, whose rows came first.
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if err := w.tx.Err(); err != nil {
			return err
		}
		// The library's clock may be quicker than the context's timer.
		if !w.deadline.IsZero() && !time.Now().Before(w.deadline) {
			return context.DeadlineExceeded
		}
		return nil
	}
	<-w.ended
	C.dbapi_connection_clear_interrupt(w.handle, nil)
	return w.cause
}
