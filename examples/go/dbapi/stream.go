package dbapi

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"database/sql/driver"
	"errors"
	"runtime"
	"sync"
)

// A statement whose result had as many rows is streamed the next time, and how many statements a connection knows
// as such. With fewer rows, the round trip that streaming costs is not worth it.
const (
	largeRows  = 10000
	largeKnown = 64
	largeText  = 1 << 16
)

// How many milliseconds ending a stream may take at least: a deadline that is over would cost the connection.
const endPatience = 1000

type streamKey struct{}

// WithStreaming makes a context whose queries are streamed, or are not: their rows are received as they are read, so
// that few are in memory at a time and the first can be read while the server sends the rest. It costs a round trip.
// Without it, a statement is streamed if its last result on the same connection had 10,000 rows or more.
func WithStreaming(ctx context.Context, stream bool) context.Context {
	return context.WithValue(ctx, streamKey{}, stream)
}

// streams tells whether to stream a query.
func (c *Conn) streams(ctx context.Context, sql string, arguments []driver.NamedValue) bool {
	if mayBeSeveral(sql, arguments) {
		return false // Only one can be.
	}
	if stream, said := ctx.Value(streamKey{}).(bool); said {
		return stream
	}
	_, known := c.large[sql]
	return known
}

// learn notes how many rows a statement had.
func (c *Conn) learn(sql string, count int64) {
	if count < largeRows {
		delete(c.large, sql)
		return
	}
	if _, known := c.large[sql]; known || len(sql) > largeText {
		return
	}
	if c.large == nil {
		c.large = map[string]struct{}{}
	}
	for other := range c.large {
		if len(c.large) < largeKnown {
			break
		}
		delete(c.large, other)
	}
	c.large[sql] = struct{}{}
}

// A stream is what a result has besides whose rows are received as they are read.
type stream struct {
	ctx     context.Context // of the query; its end ends the statement
	sql     string
	mutex   sync.Mutex       // since the finalizer and the connection may both want the cursor
	kept    [][]driver.Value // rows before the block in view
	failure error            // behind the block
	cause   error            // what had the statement cancelled: rows may come before its error does
}

// take is the first of the rows that were kept.
func (s *stream) take() []driver.Value {
	row := s.kept[0]
	s.kept = s.kept[1:]
	if len(s.kept) == 0 {
		s.kept = nil
	}
	return row
}

// newStreamedRows takes over the cursor of the statement whose first rows have just come.
func newStreamedRows(c *Conn, ctx context.Context, sql string) *rows {
	r := &rows{&result{cursor: c.result.cursor, stream: &stream{ctx: ctx, sql: sql}}, c}
	c.result.cursor = nil
	// Apart, since it may have to wait for the connection, and other finalizers would wait with it.
	runtime.SetFinalizer(r, func(r *rows) { go r.free() })
	r.set.take(c.result)
	if r.columns != nil {
		c.stream = r.result
		c.took(r.result)
	}
	return r
}

// took notes whether there is more behind the block that has come.
func (c *Conn) took(r *result) {
	r.last = r.count == 0 // An error may stand behind any block.
	if count := int64(c.result.rowcount); count >= 0 {
		c.learn(r.stream.sql, count)
		r.over(c)
	} else if r.last {
		r.over(c)
	}
}

// over leaves the connection to other statements.
func (r *result) over(c *Conn) {
	if c.stream == r {
		c.stream = nil
	}
}

// receiveBlock brings the next rows of a streamed result into view.
func (c *Conn) receiveBlock(r *result) error {
	if c.stream == r {
		return c.receiveMore(r, blockRows, nil)
	}
	// The rest was received before: nothing is waited for, and other rows may be under way.
	c.result.cursor = r.cursor
	status := C.go_fetch(blockRows, c.result)
	c.result.cursor = nil
	if status < 0 {
		c.result.nrows = 0
	}
	r.view(c.result)
	r.last = r.count == 0
	if status < 0 {
		err := taken(c.result.error)
		if c.broken && errors.Is(err, InterfaceError) {
			err = lost(nil)
		}
		err.cause = r.stream.cause
		r.stream.failure = err
		return err
	}
	return nil
}

// lost is what rows end with if they are the last that a broken connection gave. The library has no more to say of it
// than that the connection is closed.
func lost(cause error) *Error {
	return &Error{Class: OperationalError, Message: "the connection was lost before all rows were received",
		cause: cause}
}

// receiveMore receives rows of the open stream; block 0: all of them. Another context than the query's may end the
// statement too.
func (c *Conn) receiveMore(r *result, block int, other context.Context) error {
	if c.handle == nil {
		r.set.empty()
		r.over(c)
		return errorf(InterfaceError, "the connection was closed before all rows were received")
	}
	timeout := c.deadline(r.stream.ctx)
	w := c.watch(r.stream.ctx)
	var also *watcher
	if other != nil {
		if sooner := c.deadline(other); sooner >= 0 && (timeout < 0 || sooner < timeout) {
			timeout = sooner
		}
		also = c.watch(other)
	}
	wasBroken := c.broken
	c.result.cursor = r.cursor
	status := C.go_receive(c.handle, C.int64_t(timeout), C.size_t(block), c.result)
	c.result.cursor = nil
	cause := w.stop()
	if of := also.stop(); cause == nil {
		cause = of
	}
	if cause != nil {
		r.stream.cause = cause
	}
	if status < 0 {
		r.set.empty()
		r.over(c)
		r.stream.failure = c.done(status, r.stream.cause)
		if wasBroken && errors.Is(r.stream.failure, InterfaceError) {
			r.stream.failure = lost(r.stream.cause)
		}
		return r.stream.failure
	}
	r.view(c.result)
	c.took(r)
	return c.done(status, nil)
}

// receiveRest makes room for another statement: what the open stream has left is received now, and kept for its
// reader.
func (c *Conn) receiveRest(ctx context.Context) {
	r := c.stream
	if r == nil {
		return
	}
	r.stream.mutex.Lock()
	defer r.stream.mutex.Unlock()
	defer r.over(c)
	if r.cursor == nil {
		return // There is no reader any more.
	}
	// Receiving ends the life of the block.
	for ; r.at < r.count; r.at++ {
		row := make([]driver.Value, len(r.columns))
		if err := r.decode(row); err != nil {
			_ = c.end(r)
			r.stream.failure = err
			return
		}
		r.stream.kept = append(r.stream.kept, row)
	}
	_ = c.receiveMore(r, 0, ctx) // The reader is told.
}

// endStream ends the open stream. Its reader is told why.
func (c *Conn) endStream(why error) error {
	r := c.stream
	if r == nil {
		return nil
	}
	c.stream = nil
	r.stream.mutex.Lock()
	defer r.stream.mutex.Unlock()
	if r.cursor == nil {
		return nil
	}
	r.stream.kept = nil
	r.stream.failure = why
	return c.end(r)
}

// end closes a streamed result's cursor. What the server still sends is read if it is little; else a SELECT is
// cancelled, and any other statement runs to its end, unless its context ends.
func (c *Conn) end(r *result) error {
	timeout := c.deadline(r.stream.ctx)
	if timeout >= 0 && timeout < endPatience {
		timeout = endPatience
	}
	w := c.watch(r.stream.ctx)
	c.result.cursor = r.cursor
	status := C.go_end(c.handle, C.int64_t(timeout), c.result)
	cause := w.stop()
	r.cursor = nil
	r.set.empty()
	return c.done(status, cause)
}
