package dbapi

/*
#include "shim.h"
*/
import "C"

import (
	"database/sql/driver"
	"io"
	"runtime"
	"unsafe"
)

// rows is what database/sql has of a statement's outcome. Its finalizer frees that.
type rows struct {
	*result
	conn *Conn
}

// A result is what a statement left: one set of rows, or several. A cursor of the library's holds them. It does not
// know its connection, which may know it: with a circle there would be no finalizers.
type result struct {
	set
	cursor  *C.dbapi_cursor_t
	several bool // there may be another set
	next    *set // that, once it was looked for
	failure error
	stream  *stream // nil: all has been received
}

// A set is one result, of which a block of rows at a time is in view.
type set struct {
	columns []column // nil: it has no rows, as after DDL
	names   []string
	block   []C.dbapi_value_t // C's memory
	at      int               // the next of the block's rows
	count   int               // how many there are in it
	last    bool              // there is no block behind it
}

type column struct {
	oid                          uint32
	kind, size, precision, scale int32
}

// newRows takes over the cursor of the statement that has just run.
func newRows(c *Conn, several bool) (*rows, error) {
	r := &rows{&result{cursor: c.result.cursor, several: several}, c}
	c.result.cursor = nil
	runtime.SetFinalizer(r, (*rows).free)
	r.set.take(c.result)
	if r.columns == nil && r.HasNextResultSet() {
		if err := r.NextResultSet(); err != nil {
			r.free()
			return nil, err
		}
	}
	return r, nil
}

// take copies a result's description. Its first block has come with it.
func (s *set) take(from *C.go_result) {
	*s = set{last: true}
	if from.columns == nil {
		return
	}
	described := unsafe.Slice(from.columns, int(from.ncolumns))
	s.columns = make([]column, len(described))
	s.names = make([]string, len(described))
	for i := range described {
		d := &described[i]
		s.columns[i] = column{uint32(d.type_code), int32(d.kind), int32(d.internal_size), int32(d.precision),
			int32(d.scale)}
		s.names[i] = C.GoString(d.name)
	}
	s.view(from)
}

// view takes the block that has come.
func (s *set) view(from *C.go_result) {
	s.at, s.count = 0, int(from.nrows)
	s.last = s.count < blockRows
	s.block = unsafe.Slice(from.rows, s.count*len(s.columns))
}

func (r *rows) Columns() []string { return r.names }

// Close gives the rows' memory back, and ends what is still to come.
func (r *rows) Close() error {
	var err error
	if r.conn.stream == r.result {
		err = r.conn.endStream(nil)
	}
	r.free()
	return err
}

func (r *rows) free() {
	runtime.SetFinalizer(r, nil)
	r.result.free()
}

func (r *result) free() {
	if r.stream != nil {
		r.stream.mutex.Lock()
		defer r.stream.mutex.Unlock()
		r.stream.kept = nil
	}
	C.dbapi_cursor_free(r.cursor)
	r.cursor, r.several, r.next = nil, false, nil
	r.set.empty()
}

// empty leaves the description alone.
func (s *set) empty() { s.block, s.at, s.count, s.last = nil, 0, 0, true }

// Next converts the next row.
func (r *rows) Next(into []driver.Value) error {
	if r.stream != nil && r.stream.kept != nil {
		copy(into, r.stream.take())
		return nil
	}
	if r.at == r.count {
		if err := r.more(); err != nil {
			return err
		}
	}
	if err := r.decode(into); err != nil {
		return err
	}
	r.at++
	runtime.KeepAlive(r) // Its finalizer would free the block.
	return nil
}

// decode converts the row that is next in the block.
func (s *set) decode(into []driver.Value) error {
	row := s.block[s.at*len(s.columns):]
	for i := range s.columns {
		var err error
		if into[i], err = decode(&row[i]); err != nil {
			return err
		}
	}
	return nil
}

// more brings the next block into view, or gives io.EOF.
func (r *rows) more() error {
	switch {
	case r.last && r.stream != nil && r.stream.failure != nil:
		return r.stream.failure
	case r.last:
		return io.EOF
	case r.stream != nil:
		if err := r.conn.receiveBlock(r.result); err != nil {
			return err
		}
	default:
		from := r.conn.result
		from.cursor = r.cursor
		status := C.go_fetch(blockRows, from)
		from.cursor = nil
		if status < 0 {
			from.nrows = 0
		}
		r.view(from)
		if err := check(status, from.error); err != nil {
			return err
		}
	}
	if r.count == 0 {
		return io.EOF
	}
	return nil
}

// HasNextResultSet looks for another result that has columns. Others are passed over.
func (r *rows) HasNextResultSet() bool {
	if r.next != nil || r.failure != nil || !r.several {
		return r.next != nil || r.failure != nil
	}
	if r.at < r.count || !r.last {
		return true // Perhaps: looking would lose the rows that are left.
	}
	return r.look()
}

func (r *rows) look() bool {
	from := r.conn.result
	next := &set{}
	for next.columns == nil {
		from.cursor = r.cursor
		status := C.go_nextset(blockRows, from)
		from.cursor = nil
		if status != C.DBAPI_OK {
			r.failure = check(status, from.error)
			r.several = false
			return r.failure != nil
		}
		next.take(from)
	}
	r.set.empty()
	r.next = next
	return true
}

// NextResultSet goes to the next result that has columns, or gives io.EOF.
func (r *rows) NextResultSet() error {
	if r.next == nil && (!r.several || !r.look()) {
		return io.EOF
	}
	if r.failure != nil {
		return r.failure
	}
	r.set, r.next = *r.next, nil
	return nil
}
