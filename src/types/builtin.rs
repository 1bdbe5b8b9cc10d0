//! PostgreSQL's own types that are made of others. Generated: see tests/pg_types.rs.

use super::describe::Built;

/// Oid, and how it is made, in the order of oids.
#[rustfmt::skip]
pub(super) static BUILT: [(u32, Built); 90] = [
    (143, Built::Array(142)), // _xml of xml
    (199, Built::Array(114)), // _json of json
    (271, Built::Array(5069)), // _xid8 of xid8
    (629, Built::Array(628)), // _line of line
    (651, Built::Array(650)), // _cidr of cidr
    (719, Built::Array(718)), // _circle of circle
    (775, Built::Array(774)), // _macaddr8 of macaddr8
    (791, Built::Array(790)), // _money of money
    (1000, Built::Array(16)), // _bool of bool
    (1001, Built::Array(17)), // _bytea of bytea
    (1002, Built::Array(18)), // _char of char
    (1003, Built::Array(19)), // _name of name
    (1005, Built::Array(21)), // _int2 of int2
    (1006, Built::Array(22)), // _int2vector of int2vector
    (1007, Built::Array(23)), // _int4 of int4
    (1008, Built::Array(24)), // _regproc of regproc
    (1009, Built::Array(25)), // _text of text
    (1010, Built::Array(27)), // _tid of tid
    (1011, Built::Array(28)), // _xid of xid
    (1012, Built::Array(29)), // _cid of cid
    (1013, Built::Array(30)), // _oidvector of oidvector
    (1014, Built::Array(1042)), // _bpchar of bpchar
    (1015, Built::Array(1043)), // _varchar of varchar
    (1016, Built::Array(20)), // _int8 of int8
    (1017, Built::Array(600)), // _point of point
    (1018, Built::Array(601)), // _lseg of lseg
    (1019, Built::Array(602)), // _path of path
    (1020, Built::Array(603)), // _box of box
    (1021, Built::Array(700)), // _float4 of float4
    (1022, Built::Array(701)), // _float8 of float8
    (1027, Built::Array(604)), // _polygon of polygon
    (1028, Built::Array(26)), // _oid of oid
    (1034, Built::Array(1033)), // _aclitem of aclitem
    (1040, Built::Array(829)), // _macaddr of macaddr
    (1041, Built::Array(869)), // _inet of inet
    (1115, Built::Array(1114)), // _timestamp of timestamp
    (1182, Built::Array(1082)), // _date of date
    (1183, Built::Array(1083)), // _time of time
    (1185, Built::Array(1184)), // _timestamptz of timestamptz
    (1187, Built::Array(1186)), // _interval of interval
    (1231, Built::Array(1700)), // _numeric of numeric
    (1263, Built::Array(2275)), // _cstring of cstring
    (1270, Built::Array(1266)), // _timetz of timetz
    (1561, Built::Array(1560)), // _bit of bit
    (1563, Built::Array(1562)), // _varbit of varbit
    (2201, Built::Array(1790)), // _refcursor of refcursor
    (2207, Built::Array(2202)), // _regprocedure of regprocedure
    (2208, Built::Array(2203)), // _regoper of regoper
    (2209, Built::Array(2204)), // _regoperator of regoperator
    (2210, Built::Array(2205)), // _regclass of regclass
    (2211, Built::Array(2206)), // _regtype of regtype
    (2287, Built::Array(2249)), // _record of record
    (2949, Built::Array(2970)), // _txid_snapshot of txid_snapshot
    (2951, Built::Array(2950)), // _uuid of uuid
    (3221, Built::Array(3220)), // _pg_lsn of pg_lsn
    (3643, Built::Array(3614)), // _tsvector of tsvector
    (3644, Built::Array(3642)), // _gtsvector of gtsvector
    (3645, Built::Array(3615)), // _tsquery of tsquery
    (3735, Built::Array(3734)), // _regconfig of regconfig
    (3770, Built::Array(3769)), // _regdictionary of regdictionary
    (3807, Built::Array(3802)), // _jsonb of jsonb
    (3904, Built::Range(23)), // int4range of int4
    (3905, Built::Array(3904)), // _int4range of int4range
    (3906, Built::Range(1700)), // numrange of numeric
    (3907, Built::Array(3906)), // _numrange of numrange
    (3908, Built::Range(1114)), // tsrange of timestamp
    (3909, Built::Array(3908)), // _tsrange of tsrange
    (3910, Built::Range(1184)), // tstzrange of timestamptz
    (3911, Built::Array(3910)), // _tstzrange of tstzrange
    (3912, Built::Range(1082)), // daterange of date
    (3913, Built::Array(3912)), // _daterange of daterange
    (3926, Built::Range(20)), // int8range of int8
    (3927, Built::Array(3926)), // _int8range of int8range
    (4073, Built::Array(4072)), // _jsonpath of jsonpath
    (4090, Built::Array(4089)), // _regnamespace of regnamespace
    (4097, Built::Array(4096)), // _regrole of regrole
    (4192, Built::Array(4191)), // _regcollation of regcollation
    (4451, Built::Multirange(3904)), // int4multirange of int4range
    (4532, Built::Multirange(3906)), // nummultirange of numrange
    (4533, Built::Multirange(3908)), // tsmultirange of tsrange
    (4534, Built::Multirange(3910)), // tstzmultirange of tstzrange
    (4535, Built::Multirange(3912)), // datemultirange of daterange
    (4536, Built::Multirange(3926)), // int8multirange of int8range
    (5039, Built::Array(5038)), // _pg_snapshot of pg_snapshot
    (6150, Built::Array(4451)), // _int4multirange of int4multirange
    (6151, Built::Array(4532)), // _nummultirange of nummultirange
    (6152, Built::Array(4533)), // _tsmultirange of tsmultirange
    (6153, Built::Array(4534)), // _tstzmultirange of tstzmultirange
    (6155, Built::Array(4535)), // _datemultirange of datemultirange
    (6157, Built::Array(4536)), // _int8multirange of int8multirange
];

/// The others, in the order of oids.
#[rustfmt::skip]
pub(super) static PLAIN: [u32; 95] = [
    16, // bool
    17, // bytea
    18, // char
    19, // name
    20, // int8
    21, // int2
    22, // int2vector
    23, // int4
    24, // regproc
    25, // text
    26, // oid
    27, // tid
    28, // xid
    29, // cid
    30, // oidvector
    32, // pg_ddl_command
    114, // json
    142, // xml
    194, // pg_node_tree
    269, // table_am_handler
    325, // index_am_handler
    600, // point
    601, // lseg
    602, // path
    603, // box
    604, // polygon
    628, // line
    650, // cidr
    700, // float4
    701, // float8
    705, // unknown
    718, // circle
    774, // macaddr8
    790, // money
    829, // macaddr
    869, // inet
    1033, // aclitem
    1042, // bpchar
    1043, // varchar
    1082, // date
    1083, // time
    1114, // timestamp
    1184, // timestamptz
    1186, // interval
    1266, // timetz
    1560, // bit
    1562, // varbit
    1700, // numeric
    1790, // refcursor
    2202, // regprocedure
    2203, // regoper
    2204, // regoperator
    2205, // regclass
    2206, // regtype
    2249, // record
    2275, // cstring
    2276, // any
    2277, // anyarray
    2278, // void
    2279, // trigger
    2280, // language_handler
    2281, // internal
    2283, // anyelement
    2776, // anynonarray
    2950, // uuid
    2970, // txid_snapshot
    3115, // fdw_handler
    3220, // pg_lsn
    3310, // tsm_handler
    3361, // pg_ndistinct
    3402, // pg_dependencies
    3500, // anyenum
    3614, // tsvector
    3615, // tsquery
    3642, // gtsvector
    3734, // regconfig
    3769, // regdictionary
    3802, // jsonb
    3831, // anyrange
    3838, // event_trigger
    4072, // jsonpath
    4089, // regnamespace
    4096, // regrole
    4191, // regcollation
    4537, // anymultirange
    4538, // anycompatiblemultirange
    4600, // pg_brin_bloom_summary
    4601, // pg_brin_minmax_multi_summary
    5017, // pg_mcv_list
    5038, // pg_snapshot
    5069, // xid8
    5077, // anycompatible
    5078, // anycompatiblearray
    5079, // anycompatiblenonarray
    5080, // anycompatiblerange
];
