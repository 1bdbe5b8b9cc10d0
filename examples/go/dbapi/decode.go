package dbapi

/*
#include <dbapi.h>
*/
import "C"

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"time"
	"unsafe"
)

// decode makes a value of Go's of a cell:
//
//	bool                        bool
//	integers, oid               int64
//	real, double precision      float64
//	numeric                     string, exact
//	bytea, json, jsonb          []byte
//	date, timestamp             time.Time: what the server shows, as UTC
//	timestamptz                 time.Time, in UTC
//	infinity in these           string: "infinity", "-infinity"
//	uuid                        string
//	arrays                      []any, in each other if there are several dimensions; see Array
//	all else                    string, as PostgreSQL writes it
func decode(value *C.dbapi_value_t) (driver.Value, error) {
	as := unsafe.Pointer(&value.as)
	switch value.kind {
	case C.DBAPI_KIND_NULL:
		return nil, nil
	case C.DBAPI_KIND_BOOL:
		return *(*bool)(as), nil
	case C.DBAPI_KIND_INT:
		return *(*int64)(as), nil
	case C.DBAPI_KIND_FLOAT:
		return *(*float64)(as), nil
	case C.DBAPI_KIND_TEXT, C.DBAPI_KIND_NUMERIC:
		return string(bytes(as)), nil
	case C.DBAPI_KIND_BYTES, C.DBAPI_KIND_JSON:
		return append([]byte{}, bytes(as)...), nil
	case C.DBAPI_KIND_DATE:
		if days := *(*int64)(as); days != math.MinInt64 && days != math.MaxInt64 {
			return time.Unix(days*86400, 0).UTC(), nil
		}
	case C.DBAPI_KIND_TIMESTAMP, C.DBAPI_KIND_TIMESTAMPTZ:
		if us := *(*int64)(as); us != math.MinInt64 && us != math.MaxInt64 {
			return time.UnixMicro(us).UTC(), nil
		}
	case C.DBAPI_KIND_UUID:
		var text [36]byte
		id := (*[16]byte)(as)
		at := 0
		for i := range id {
			if i == 4 || i == 6 || i == 8 || i == 10 {
				text[at] = '-'
				at++
			}
			at += hex.Encode(text[at:], id[i:i+1])
		}
		return string(text[:]), nil
	case C.DBAPI_KIND_ARRAY:
		if a := *(**C.dbapi_array_t)(as); plain(a) {
			items := unsafe.Slice(a.items, int(a.count))
			return decodeArray(unsafe.Slice(a.lengths, int(a.dimensions)), &items)
		}
	}
	return format(value)
}

// bytes is C's memory.
func bytes(as unsafe.Pointer) []byte {
	text := (*C.dbapi_text_t)(as)
	return unsafe.Slice((*byte)(unsafe.Pointer(text.data)), int(text.length))
}

// plain tells whether an array counts from 1. Another is given as text, since a slice cannot say so.
func plain(a *C.dbapi_array_t) bool {
	for _, bound := range unsafe.Slice(a.lower_bounds, int(a.dimensions)) {
		if bound != 1 {
			return false
		}
	}
	return true
}

// decodeArray takes as many items as the lengths say.
func decodeArray(lengths []C.int32_t, items *[]C.dbapi_value_t) (driver.Value, error) {
	if len(lengths) == 0 {
		return []any{}, nil
	}
	slice := make([]any, int(lengths[0]))
	for i := range slice {
		var err error
		if len(lengths) > 1 {
			slice[i], err = decodeArray(lengths[1:], items)
		} else {
			slice[i], err = decode(&(*items)[0])
			*items = (*items)[1:]
		}
		if err != nil {
			return nil, err
		}
	}
	return slice, nil
}

// format has the library write a value as PostgreSQL would.
func format(value *C.dbapi_value_t) (driver.Value, error) {
	buffer := make([]byte, 128)
	for {
		var length C.size_t
		var failure *C.dbapi_error_t
		if err := check(C.dbapi_value_format(value, (*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)),
			&length, &failure), failure); err != nil {
			return nil, err
		}
		if int(length) < len(buffer) {
			return string(buffer[:length]), nil
		}
		buffer = make([]byte, length+1)
	}
}

// Array lets Scan fill a slice, or slices of slices, from an array:
//
//	var numbers []int64
//	err := row.Scan(dbapi.Array(&numbers))
//
// NULL makes it nil. An item that may be NULL is a pointer, an any, or a sql.NullString and the like.
func Array(slice any) sql.Scanner { return scanner{reflect.ValueOf(slice)} }

type scanner struct{ into reflect.Value }

func (s scanner) Scan(value any) error {
	if s.into.Kind() != reflect.Pointer || s.into.IsNil() || s.into.Elem().Kind() != reflect.Slice {
		return errorf(ProgrammingError, "dbapi.Array wants a pointer to a slice")
	}
	return assign(s.into.Elem(), value)
}

// assign keeps to what loses nothing.
func assign(into reflect.Value, value any) error {
	if scanner, ok := into.Addr().Interface().(sql.Scanner); ok {
		return scanner.Scan(value)
	}
	from := reflect.ValueOf(value)
	items, isArray := value.([]any)
	switch {
	case value == nil:
		switch into.Kind() {
		case reflect.Slice, reflect.Pointer, reflect.Interface:
			into.Set(reflect.Zero(into.Type()))
			return nil
		}
	case from.Type().AssignableTo(into.Type()):
		into.Set(from)
		return nil
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return assign(into.Elem(), value)
	case isArray && into.Kind() == reflect.Slice:
		slice := reflect.MakeSlice(into.Type(), len(items), len(items))
		for i, item := range items {
			if err := assign(slice.Index(i), item); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		into.Set(slice)
		return nil
	case from.Kind() == reflect.Int64 && into.CanInt() && !into.OverflowInt(from.Int()):
		into.SetInt(from.Int())
		return nil
	case from.Kind() == reflect.Int64 && into.CanUint() && from.Int() >= 0 && !into.OverflowUint(uint64(from.Int())):
		into.SetUint(uint64(from.Int()))
		return nil
	case from.Kind() == reflect.Float64 && into.CanFloat() && !into.OverflowFloat(from.Float()):
		into.SetFloat(from.Float())
		return nil
	case from.Kind() == into.Kind() && from.Kind() != reflect.Slice && from.CanConvert(into.Type()):
		into.Set(from.Convert(into.Type()))
		return nil
	case from.Kind() == reflect.Slice && !isArray && into.Kind() == reflect.String: // bytes
		into.SetString(string(from.Bytes()))
		return nil
	}
	return errorf(DataError, "%v (%T) does not fit into %v", value, value, into.Type())
}
