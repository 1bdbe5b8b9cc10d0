package dbapi

/*
#include <dbapi.h>
*/
import "C"

import "fmt"

// A Class is one of PEP 249's exceptions. An *Error is its class, and those above it, to errors.Is:
//
//	if errors.Is(err, dbapi.IntegrityError) { ... }
type Class string

// PEP 249's classes. DatabaseError is above all others but InterfaceError.
const (
	Warning           Class = "Warning" // of notices alone
	InterfaceError    Class = "InterfaceError"
	DatabaseError     Class = "DatabaseError"
	DataError         Class = "DataError"
	OperationalError  Class = "OperationalError"
	IntegrityError    Class = "IntegrityError"
	InternalError     Class = "InternalError"
	ProgrammingError  Class = "ProgrammingError"
	NotSupportedError Class = "NotSupportedError"
)

func (c Class) Error() string { return string(c) }

// An Error is an error of the server, of the library, or of this package; or a notice. Fields that were not given
// are "".
type Error struct {
	Class     Class
	SQLSTATE  string
	Condition string // PostgreSQL's name of the SQLSTATE: "unique_violation"
	Message   string // complete, for a person; several lines

	// What PostgreSQL sends with an error, each by itself (manual, 55.8).
	Severity, Primary, Detail, Hint string
	Position                        string // in the statement: characters from 1
	InternalPosition, InternalQuery string
	Context                         string
	Schema, Table, Column           string
	DataType, Constraint            string
	File, Line, Routine             string // in the server's source

	ConnectionUsable  bool // false: only another connection will help
	TransactionUsable bool // false: it can only be rolled back
	Retryable         bool // the same transaction, run again, may succeed
	TimedOut          bool // a time-out of the client's brought it about

	cause error
}

func (e *Error) Error() string {
	if e.SQLSTATE != "" {
		return "dbapi: " + e.Message + " (" + string(e.Class) + ", SQLSTATE " + e.SQLSTATE + ")"
	}
	return "dbapi: " + e.Message + " (" + string(e.Class) + ")"
}

// Is tells whether target is this error's class, or the one above it.
func (e *Error) Is(target error) bool {
	class, ok := target.(Class)
	return ok && (class == e.Class || class == DatabaseError && e.Class != InterfaceError && e.Class != Warning)
}

// Unwrap gives what ended the context, if that is why the statement was cancelled: context.Canceled or
// context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// SQLState is what other PostgreSQL drivers' errors call it.
func (e *Error) SQLState() string { return e.SQLSTATE }

func errorf(class Class, format string, arguments ...any) *Error {
	return &Error{Class: class, Message: fmt.Sprintf(format, arguments...),
		ConnectionUsable: true, TransactionUsable: true}
}

// taken turns the library's error, or notice, into ours, and frees it.
func taken(from *C.dbapi_error_t) *Error {
	defer C.dbapi_error_free(from)
	return &Error{
		Class:     Class(C.GoString(C.dbapi_error_class(from))),
		SQLSTATE:  C.GoString(C.dbapi_error_sqlstate(from)),
		Condition: C.GoString(C.dbapi_error_condition(from)),
		Message:   C.GoString(C.dbapi_error_message(from)),

		Severity:         C.GoString(C.dbapi_error_severity_nonlocalized(from)),
		Primary:          C.GoString(C.dbapi_error_message_primary(from)),
		Detail:           C.GoString(C.dbapi_error_message_detail(from)),
		Hint:             C.GoString(C.dbapi_error_message_hint(from)),
		Position:         C.GoString(C.dbapi_error_statement_position(from)),
		InternalPosition: C.GoString(C.dbapi_error_internal_position(from)),
		InternalQuery:    C.GoString(C.dbapi_error_internal_query(from)),
		Context:          C.GoString(C.dbapi_error_context(from)),
		Schema:           C.GoString(C.dbapi_error_schema_name(from)),
		Table:            C.GoString(C.dbapi_error_table_name(from)),
		Column:           C.GoString(C.dbapi_error_column_name(from)),
		DataType:         C.GoString(C.dbapi_error_datatype_name(from)),
		Constraint:       C.GoString(C.dbapi_error_constraint_name(from)),
		File:             C.GoString(C.dbapi_error_source_file(from)),
		Line:             C.GoString(C.dbapi_error_source_line(from)),
		Routine:          C.GoString(C.dbapi_error_source_function(from)),

		ConnectionUsable:  bool(C.dbapi_error_connection_usable(from)),
		TransactionUsable: bool(C.dbapi_error_transaction_usable(from)),
		Retryable:         bool(C.dbapi_error_retryable(from)),
		TimedOut:          bool(C.dbapi_error_timed_out(from)),
	}
}

// check is nil unless a call failed.
func check(status C.dbapi_status_t, from *C.dbapi_error_t) error {
	if status >= 0 {
		return nil
	}
	return taken(from)
}
