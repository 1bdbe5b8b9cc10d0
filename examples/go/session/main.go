// PEP 249's familiar session from Go, on the raw C ABI through cgo.
package main

/*
#cgo LDFLAGS: -ldbapi
#include <stdlib.h>
#include <dbapi.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// check turns a failed call's error object into an error, and frees it.
func check(status C.dbapi_status_t, failure *C.dbapi_error_t) error {
	if status >= 0 {
		return nil
	}
	defer C.dbapi_error_free(failure)
	return errors.New(C.GoString(C.dbapi_error_class(failure)) + ": " + C.GoString(C.dbapi_error_message(failure)))
}

func execute(cursor *C.dbapi_cursor_t, sql string, params ...C.dbapi_value_t) error {
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	var first *C.dbapi_value_t
	if len(params) > 0 {
		first = &params[0]
	}
	var failure *C.dbapi_error_t
	return check(C.dbapi_execute(cursor, text, first, C.size_t(len(params)), &failure), failure)
}

// The members of the union, which cgo shows as an array of bytes.
func integer(value *C.dbapi_value_t) int64 {
	return int64(*(*C.int64_t)(unsafe.Pointer(&value.as)))
}

func text(value *C.dbapi_value_t) string {
	t := (*C.dbapi_text_t)(unsafe.Pointer(&value.as))
	return C.GoStringN(t.data, C.int(t.length))
}

func session() error {
	var failure *C.dbapi_error_t
	var connection *C.dbapi_connection_t
	var dsn *C.char
	if url := os.Getenv("DATABASE_URL"); url != "" {
		dsn = C.CString(url)
		defer C.free(unsafe.Pointer(dsn))
	}
	if err := check(C.dbapi_connect(dsn, &connection, &failure), failure); err != nil {
		return err
	}
	defer C.dbapi_connection_free(connection)
	var cursor *C.dbapi_cursor_t
	if err := check(C.dbapi_cursor(connection, &cursor, &failure), failure); err != nil {
		return err
	}
	defer C.dbapi_cursor_free(cursor)

	if err := execute(cursor, "CREATE TABLE test (id serial PRIMARY KEY, num integer, data varchar)"); err != nil {
		return err
	}
	// A value may hold no pointer to Go's memory, so the text is C's.
	data := C.CString("abc'def")
	defer C.free(unsafe.Pointer(data))
	var params [2]C.dbapi_value_t
	C.dbapi_value_set_int64(&params[0], 100)
	C.dbapi_value_set_text(&params[1], data, 7)
	if err := execute(cursor, "INSERT INTO test (num, data) VALUES (%s, %s)", params[:]...); err != nil {
		return err
	}
	if err := execute(cursor, "SELECT * FROM test"); err != nil {
		return err
	}
	var first *C.dbapi_value_t
	if err := check(C.dbapi_fetchone(cursor, &first, &failure), failure); err != nil {
		return err
	}
	row := unsafe.Slice(first, 3)
	fmt.Printf("(%d, %d, \"%s\")\n", integer(&row[0]), integer(&row[1]), text(&row[2]))

	if err := execute(cursor, "DROP TABLE test"); err != nil {
		return err
	}
	return check(C.dbapi_commit(connection, &failure), failure)
}

func main() {
	if err := session(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
