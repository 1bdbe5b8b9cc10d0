// Package dbapi is a database/sql driver for PostgreSQL, on libdbapi through cgo.
//
//	db, err := sql.Open("dbapi", "host=localhost dbname=test")
//
// The connection string is libpq's, keyword=value or postgresql://; what it leaves out comes from the environment
// (PGHOST and the like) and from defaults. Placeholders are $1, $2. Errors are *Error.
package dbapi

/*
#cgo LDFLAGS: -ldbapi
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"runtime"
	"strings"
	"unsafe"
)

func init() { sql.Register("dbapi", Driver{}) }

// Driver is what sql.Register has under the name "dbapi".
type Driver struct{}

// Open opens a connection.
func (d Driver) Open(dsn string) (driver.Conn, error) {
	connector, err := d.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return connector.Connect(context.Background())
}

// OpenConnector checks the connection string.
func (d Driver) OpenConnector(dsn string) (driver.Connector, error) {
	if strings.IndexByte(dsn, 0) >= 0 {
		return nil, errorf(ProgrammingError, "invalid dsn: it holds a NUL")
	}
	text := C.CString(dsn)
	defer C.free(unsafe.Pointer(text))
	var parsed *C.dbapi_conninfo_t
	var failure *C.dbapi_error_t
	if err := check(C.dbapi_conninfo_parse(text, &parsed, &failure), failure); err != nil {
		return nil, err
	}
	C.dbapi_conninfo_free(parsed)
	return connector(dsn), nil
}

type connector string

func (dsn connector) Driver() driver.Driver { return Driver{} }

// Connect connects. When the context ends first it returns at once; the attempt then goes on by itself, until it
// ends or connect_timeout ends it.
func (dsn connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if ctx.Done() == nil {
		return dsn.connect()
	}
	type outcome struct {
		conn *Conn
		err  error
	}
	outcomes := make(chan outcome)
	go func() {
		conn, err := dsn.connect()
		select {
		case outcomes <- outcome{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				_ = conn.Close()
			}
		}
	}()
	select {
	case o := <-outcomes:
		if o.err != nil {
			return nil, o.err
		}
		return o.conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (dsn connector) connect() (*Conn, error) {
	text := C.CString(string(dsn))
	defer C.free(unsafe.Pointer(text))
	var failure *C.dbapi_error_t
	c := &Conn{result: new(C.go_result)}
	if err := check(C.dbapi_connect(text, &c.handle, &failure), failure); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(c, (*Conn).free)
	c.timeout = int64(C.dbapi_connection_timeout(c.handle))
	if err := c.autocommit(); err != nil {
		c.free()
		return nil, err
	}
	return c, nil
}
