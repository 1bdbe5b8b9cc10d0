//! The names of built-in types, for casts in SQL: their oids, those of their arrays (0: none), their names as
//! they stand after `::`. What a `pg_type` of PostgreSQL 15 gives for
//!
//! ```sql
//! SELECT format('(%s, %s, "%s"),', oid, typarray, typname) FROM pg_type
//!  WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typarray <> 0
//!    AND NOT typname LIKE '\_%' ORDER BY oid;
//! ```
//!
//! with quotes added to two: `"bit"` and `"char"` in quotes are the types themselves; without, they are bit(1)
//! and character(1).
//! c_tests/42_mogrify.c asks a server whether each name is that of its oid.

#[rustfmt::skip]
const TYPES: &[(u32, u32, &str)] = &[
    (16, 1000, "bool"),
    (17, 1001, "bytea"),
    (18, 1002, "\"char\""),
    (19, 1003, "name"),
    (20, 1016, "int8"),
    (21, 1005, "int2"),
    (22, 1006, "int2vector"),
    (23, 1007, "int4"),
    (24, 1008, "regproc"),
    (25, 1009, "text"),
    (26, 1028, "oid"),
    (27, 1010, "tid"),
    (28, 1011, "xid"),
    (29, 1012, "cid"),
    (30, 1013, "oidvector"),
    (114, 199, "json"),
    (142, 143, "xml"),
    (600, 1017, "point"),
    (601, 1018, "lseg"),
    (602, 1019, "path"),
    (603, 1020, "box"),
    (604, 1027, "polygon"),
    (628, 629, "line"),
    (650, 651, "cidr"),
    (700, 1021, "float4"),
    (701, 1022, "float8"),
    (718, 719, "circle"),
    (774, 775, "macaddr8"),
    (790, 791, "money"),
    (829, 1040, "macaddr"),
    (869, 1041, "inet"),
    (1033, 1034, "aclitem"),
    (1042, 1014, "bpchar"),
    (1043, 1015, "varchar"),
    (1082, 1182, "date"),
    (1083, 1183, "time"),
    (1114, 1115, "timestamp"),
    (1184, 1185, "timestamptz"),
    (1186, 1187, "interval"),
    (1266, 1270, "timetz"),
    (1560, 1561, "\"bit\""),
    (1562, 1563, "varbit"),
    (1700, 1231, "numeric"),
    (1790, 2201, "refcursor"),
    (2202, 2207, "regprocedure"),
    (2203, 2208, "regoper"),
    (2204, 2209, "regoperator"),
    (2205, 2210, "regclass"),
    (2206, 2211, "regtype"),
    (2950, 2951, "uuid"),
    (2970, 2949, "txid_snapshot"),
    (3220, 3221, "pg_lsn"),
    (3614, 3643, "tsvector"),
    (3615, 3645, "tsquery"),
    (3642, 3644, "gtsvector"),
    (3734, 3735, "regconfig"),
    (3769, 3770, "regdictionary"),
    (3802, 3807, "jsonb"),
    (3904, 3905, "int4range"),
    (3906, 3907, "numrange"),
    (3908, 3909, "tsrange"),
    (3910, 3911, "tstzrange"),
    (3912, 3913, "daterange"),
    (3926, 3927, "int8range"),
    (4072, 4073, "jsonpath"),
    (4089, 4090, "regnamespace"),
    (4096, 4097, "regrole"),
    (4191, 4192, "regcollation"),
    (4451, 6150, "int4multirange"),
    (4532, 6151, "nummultirange"),
    (4533, 6152, "tsmultirange"),
    (4534, 6153, "tstzmultirange"),
    (4535, 6155, "datemultirange"),
    (4536, 6157, "int8multirange"),
    (5038, 5039, "pg_snapshot"),
    (5069, 271, "xid8"),
];

/// The name of a type and whether it is an array of that, if the oid is a built-in type's.
pub(super) fn name_of(oid: u32) -> Option<(&'static str, bool)> {
    TYPES
        .iter()
        .find(|&&(own, array, _)| oid != 0 && (oid == own || oid == array))
        .map(|&(own, _, name)| (name, oid != own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_their_arrays() {
        assert_eq!(name_of(23), Some(("int4", false)));
        assert_eq!(name_of(1007), Some(("int4", true)));
        assert_eq!(name_of(18), Some(("\"char\"", false)));
        assert_eq!(name_of(1560), Some(("\"bit\"", false)));
        assert_eq!(name_of(0), None);
        assert_eq!(name_of(16384), None);
    }
}
