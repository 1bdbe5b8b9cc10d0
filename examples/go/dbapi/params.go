package dbapi

/*
#include <dbapi.h>
*/
import "C"

import (
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"time"
	"unsafe"
)

// What a parameter becomes besides driver.Value's own types.
type (
	document string   // json
	decimal  string   // numeric
	uuid     [16]byte // uuid
	array    struct {
		lengths []int32
		items   []driver.Value
		element uint32 // the oid of their type; 0: as they are
	}
)

// CheckNamedValue makes of an argument what can be sent: driver.Value's types, integers of all sizes, *big.Int
// (numeric), json.RawMessage, [16]byte (uuid), slices (arrays; []byte is bytea), what implements driver.Valuer or
// encoding.TextMarshaler, and pointers to any of them. nil pointers and slices are NULL.
//
// What cannot be sent becomes an *Error in its place, and that the statement's: database/sql would keep no more of
// it than its text.
func (c *Conn) CheckNamedValue(argument *driver.NamedValue) error {
	value, err := parameter(argument.Value)
	switch {
	case argument.Name != "":
		argument.Value = errorf(NotSupportedError, "parameter $%d has a name, %q", argument.Ordinal, argument.Name)
	case err != nil:
		argument.Value = errorf(DataError, "parameter $%d: %v", argument.Ordinal, err)
	default:
		argument.Value = value
	}
	return nil
}

func parameter(value any) (driver.Value, error) {
	switch v := value.(type) {
	case nil, int64, float64, bool, string, time.Time, document, decimal, uuid, *array:
		return v, nil
	case []byte:
		if v == nil {
			return nil, nil
		}
		return v, nil
	case json.RawMessage:
		if v == nil {
			return nil, nil
		}
		return document(v), nil
	}
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, nil
	}
	switch w := value.(type) {
	case driver.Valuer:
		own, err := w.Value()
		if err != nil {
			return nil, err
		}
		if reflect.TypeOf(own) == v.Type() {
			return nil, fmt.Errorf("%T is a driver.Valuer whose value is of its own type", own)
		}
		return parameter(own)
	case *big.Int:
		return decimal(w.String()), nil
	case encoding.TextMarshaler:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return nil, nil
		}
		text, err := w.MarshalText()
		return string(text), err
	}
	switch v.Kind() {
	case reflect.Pointer:
		return parameter(v.Elem().Interface())
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Uint() > math.MaxInt64 {
			return nil, fmt.Errorf("%d is too large for int8; a *big.Int is sent as numeric", v.Uint())
		}
		return int64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Len() == len(uuid{}) {
			var id uuid
			reflect.Copy(reflect.ValueOf(&id).Elem(), v)
			return id, nil
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			bytes := make([]byte, v.Len())
			reflect.Copy(reflect.ValueOf(bytes), v)
			return bytes, nil
		}
		return newArray(v)
	case reflect.Slice:
		switch {
		case v.IsNil():
			return nil, nil
		case v.Type().Elem().Kind() == reflect.Uint8:
			return v.Bytes(), nil
		}
		return newArray(v)
	}
	return nil, fmt.Errorf("a %T cannot be sent", value)
}

// The types of arrays' items: an int64 is an int8 in an array, whatever its value.
var elements = map[reflect.Kind]uint32{
	reflect.Bool: 16, reflect.Int8: 21, reflect.Int16: 21, reflect.Int32: 23, reflect.Int64: 20, reflect.Int: 20,
	reflect.Uint16: 23, reflect.Uint32: 20, reflect.Uint64: 20, reflect.Uint: 20,
	reflect.Float32: 700, reflect.Float64: 701, reflect.String: 25,
}

// newArray makes an array of a slice; of slices in a slice, one of several dimensions.
func newArray(slice reflect.Value) (driver.Value, error) {
	a := &array{items: make([]driver.Value, 0, slice.Len())}
	item := slice.Type()
	for level := slice; nested(item); item = item.Elem() {
		a.lengths = append(a.lengths, int32(level.Len()))
		if level.Len() == 0 {
			a.lengths = nil
			break
		}
		level = level.Index(0)
	}
	for nested(item) {
		item = item.Elem()
	}
	if !item.Implements(reflect.TypeOf((*driver.Valuer)(nil)).Elem()) {
		a.element = elements[item.Kind()]
	}
	if a.lengths == nil {
		return a, nil
	}
	return a, a.add(slice, a.lengths)
}

// nested tells whether a type is an array to PostgreSQL.
func nested(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Uint8 && !t.Implements(reflect.TypeOf((*driver.Valuer)(nil)).Elem())
	case reflect.Array:
		return t.Elem().Kind() != reflect.Uint8
	}
	return false
}

func (a *array) add(slice reflect.Value, lengths []int32) error {
	if slice.Len() != int(lengths[0]) {
		return fmt.Errorf("an array's parts are of different lengths, %d and %d", lengths[0], slice.Len())
	}
	for i := 0; i < slice.Len(); i++ {
		if len(lengths) > 1 {
			if err := a.add(slice.Index(i), lengths[1:]); err != nil {
				return err
			}
			continue
		}
		item, err := parameter(slice.Index(i).Interface())
		if err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
		if _, ok := item.(*array); ok {
			return fmt.Errorf("item %d: an array in an array of other things", i)
		}
		a.items = append(a.items, item)
	}
	return nil
}

// The library's structs as this package writes them: pointers as numbers, since C's memory may hold anything
// before, which Go's write barrier must not look at.
type (
	cValue struct {
		kind int32
		oid  uint32
		as   [16]byte
	}
	cText  struct{ data, length uintptr }
	cArray struct {
		element              uint32
		dimensions           int32
		lengths, lowerBounds uintptr
		count, items         uintptr
	}
)

// They are as large as the library's, or this does not compile.
var (
	_ = [1]byte{}[unsafe.Sizeof(cValue{})-C.sizeof_dbapi_value_t]
	_ = [1]byte{}[unsafe.Sizeof(cArray{})-C.sizeof_dbapi_array_t]
)

// params writes a list of parameters.
func (a *arena) params(arguments []driver.NamedValue) (unsafe.Pointer, error) {
	if len(arguments) == 0 {
		return nil, nil
	}
	list := a.alloc(uintptr(len(arguments)) * unsafe.Sizeof(cValue{}))
	values := unsafe.Slice((*cValue)(list), len(arguments))
	for i := range values {
		if refusal, ok := arguments[i].Value.(*Error); ok {
			return nil, refusal
		}
		if err := a.put(&values[i], arguments[i].Value); err != nil {
			return nil, errorf(DataError, "parameter $%d: %v", i+1, err)
		}
	}
	return list, nil
}

// put writes a value.
func (a *arena) put(to *cValue, value driver.Value) error {
	*to = cValue{kind: C.DBAPI_KIND_NULL}
	as := unsafe.Pointer(&to.as)
	switch v := value.(type) {
	case nil:
	case int64:
		to.kind = C.DBAPI_KIND_INT
		*(*int64)(as) = v
	case float64:
		to.kind = C.DBAPI_KIND_FLOAT
		*(*float64)(as) = v
	case bool:
		to.kind = C.DBAPI_KIND_BOOL
		*(*bool)(as) = v
	case time.Time:
		if v.Year() < -4713 || v.Year() > 294246 {
			return fmt.Errorf("PostgreSQL has no year %d", v.Year())
		}
		to.kind = C.DBAPI_KIND_TIMESTAMPTZ
		*(*int64)(as) = v.UnixMicro()
	case uuid:
		to.kind = C.DBAPI_KIND_UUID
		to.as = v
	case string:
		putText(a, to, C.DBAPI_KIND_TEXT, v)
	case []byte:
		putText(a, to, C.DBAPI_KIND_BYTES, v)
	case document:
		putText(a, to, C.DBAPI_KIND_JSON, v)
	case decimal:
		putText(a, to, C.DBAPI_KIND_NUMERIC, v)
	case *array:
		items := a.alloc(uintptr(len(v.items)) * unsafe.Sizeof(cValue{}))
		cells := unsafe.Slice((*cValue)(items), len(v.items))
		for i := range cells {
			if err := a.put(&cells[i], v.items[i]); err != nil {
				return err
			}
		}
		lengths := a.alloc(uintptr(len(v.lengths)) * unsafe.Sizeof(int32(0)))
		copy(unsafe.Slice((*int32)(lengths), len(v.lengths)), v.lengths)
		header := a.alloc(unsafe.Sizeof(cArray{}))
		*(*cArray)(header) = cArray{element: v.element, dimensions: int32(len(v.lengths)),
			lengths: uintptr(lengths), count: uintptr(len(v.items)), items: uintptr(items)}
		to.kind = C.DBAPI_KIND_ARRAY
		*(*uintptr)(as) = uintptr(header)
	default: // A caller of the driver's own interface who skipped CheckNamedValue.
		checked, err := parameter(v)
		if err != nil {
			return err
		}
		return a.put(to, checked)
	}
	return nil
}

func putText[T ~string | ~[]byte](a *arena, to *cValue, kind int32, text T) {
	p := a.alloc(uintptr(len(text)))
	copy(unsafe.Slice((*byte)(p), len(text)), text)
	to.kind = kind
	*(*cText)(unsafe.Pointer(&to.as)) = cText{uintptr(p), uintptr(len(text))}
}
