package dbapi

/*
#include <dbapi.h>
*/
import "C"

import (
	"database/sql/driver"
	"math"
	"reflect"
	"time"
)

var (
	_ driver.RowsNextResultSet              = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
)

// The names of PostgreSQL's own types, by oid (src/include/catalog/pg_type.dat); those of arrays follow.
var typeNames = map[uint32]string{
	16: "BOOL", 17: "BYTEA", 18: "CHAR", 19: "NAME", 20: "INT8", 21: "INT2", 23: "INT4", 25: "TEXT", 26: "OID",
	27: "TID", 28: "XID", 29: "CID", 114: "JSON", 142: "XML", 600: "POINT", 601: "LSEG", 602: "PATH", 603: "BOX",
	604: "POLYGON", 628: "LINE", 650: "CIDR", 700: "FLOAT4", 701: "FLOAT8", 718: "CIRCLE", 774: "MACADDR8",
	790: "MONEY", 829: "MACADDR", 869: "INET", 1042: "BPCHAR", 1043: "VARCHAR", 1082: "DATE", 1083: "TIME",
	1114: "TIMESTAMP", 1184: "TIMESTAMPTZ", 1186: "INTERVAL", 1266: "TIMETZ", 1560: "BIT", 1562: "VARBIT",
	1700: "NUMERIC", 2249: "RECORD", 2278: "VOID", 2950: "UUID", 3220: "PG_LSN", 3614: "TSVECTOR", 3615: "TSQUERY",
	3802: "JSONB", 3904: "INT4RANGE", 3906: "NUMRANGE", 3908: "TSRANGE", 3910: "TSTZRANGE", 3912: "DATERANGE",
	3926: "INT8RANGE", 4072: "JSONPATH",

	143: "_XML", 199: "_JSON", 629: "_LINE", 651: "_CIDR", 719: "_CIRCLE", 775: "_MACADDR8", 791: "_MONEY",
	1000: "_BOOL", 1001: "_BYTEA", 1002: "_CHAR", 1003: "_NAME", 1005: "_INT2", 1007: "_INT4", 1009: "_TEXT",
	1014: "_BPCHAR", 1015: "_VARCHAR", 1016: "_INT8", 1017: "_POINT", 1018: "_LSEG", 1019: "_PATH", 1020: "_BOX",
	1021: "_FLOAT4", 1022: "_FLOAT8", 1027: "_POLYGON", 1028: "_OID", 1040: "_MACADDR", 1041: "_INET",
	1115: "_TIMESTAMP", 1182: "_DATE", 1183: "_TIME", 1185: "_TIMESTAMPTZ", 1187: "_INTERVAL", 1231: "_NUMERIC",
	1270: "_TIMETZ", 1561: "_BIT", 1563: "_VARBIT", 2951: "_UUID", 3807: "_JSONB",
}

// ColumnTypeDatabaseTypeName is PostgreSQL's name in capitals, an array's with _ before it; "" for types that are
// not PostgreSQL's own.
func (r *rows) ColumnTypeDatabaseTypeName(index int) string { return typeNames[r.columns[index].oid] }

// ColumnTypeScanType is the type of the values that come; see decode.
func (r *rows) ColumnTypeScanType(index int) reflect.Type {
	switch r.columns[index].kind {
	case C.DBAPI_KIND_BOOL:
		return reflect.TypeOf(false)
	case C.DBAPI_KIND_INT:
		return reflect.TypeOf(int64(0))
	case C.DBAPI_KIND_FLOAT:
		return reflect.TypeOf(float64(0))
	case C.DBAPI_KIND_BYTES, C.DBAPI_KIND_JSON:
		return reflect.TypeOf([]byte(nil))
	case C.DBAPI_KIND_DATE, C.DBAPI_KIND_TIMESTAMP, C.DBAPI_KIND_TIMESTAMPTZ:
		return reflect.TypeOf(time.Time{})
	case C.DBAPI_KIND_ARRAY:
		return reflect.TypeOf([]any(nil))
	}
	return reflect.TypeOf("")
}

// ColumnTypeNullable does not know: PostgreSQL does not say.
func (r *rows) ColumnTypeNullable(index int) (nullable, ok bool) { return true, false }

// ColumnTypeLength is the declared length of varchar(n), char(n), bit(n); of text and the like there is no limit.
func (r *rows) ColumnTypeLength(index int) (length int64, ok bool) {
	switch c := r.columns[index]; c.oid {
	case 1042, 1043, 1560, 1562: // bpchar, varchar, bit, varbit
		if c.size >= 0 {
			return int64(c.size), true
		}
		return math.MaxInt64, true
	case 17, 25, 114, 142, 3802: // bytea, text, json, xml, jsonb
		return math.MaxInt64, true
	}
	return 0, false
}

// ColumnTypePrecisionScale is that of numeric(p, s).
func (r *rows) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	if c := r.columns[index]; c.precision >= 0 {
		return int64(c.precision), int64(c.scale), true
	}
	return 0, 0, false
}
