//! The oids of the built-in types that this library tells apart. They are the same in every server: the
//! system catalog `pg_type` fixes those below 10000 (PostgreSQL manual, "pg_type" and "Object Identifier
//! Types"). Types of extensions and users have an oid of their own in each database, and none here.

pub(crate) const BOOL: u32 = 16;
pub(crate) const BYTEA: u32 = 17;
pub(crate) const NAME: u32 = 19;
pub(crate) const INT8: u32 = 20;
pub(crate) const INT2: u32 = 21;
pub(crate) const INT4: u32 = 23;
pub(crate) const TEXT: u32 = 25;
pub(crate) const OID: u32 = 26;
pub(crate) const XID: u32 = 28;
pub(crate) const CID: u32 = 29;
pub(crate) const JSON: u32 = 114;
pub(crate) const POINT: u32 = 600;
pub(crate) const LSEG: u32 = 601;
pub(crate) const PATH: u32 = 602;
pub(crate) const BOX: u32 = 603;
pub(crate) const POLYGON: u32 = 604;
pub(crate) const LINE: u32 = 628;
pub(crate) const CIDR: u32 = 650;
pub(crate) const FLOAT4: u32 = 700;
pub(crate) const FLOAT8: u32 = 701;
/// The pseudo-type of a literal that nothing has given a type.
pub(crate) const UNKNOWN: u32 = 705;
pub(crate) const CIRCLE: u32 = 718;
pub(crate) const INET: u32 = 869;
pub(crate) const BPCHAR: u32 = 1042;
pub(crate) const VARCHAR: u32 = 1043;
pub(crate) const DATE: u32 = 1082;
pub(crate) const TIME: u32 = 1083;
pub(crate) const TIMESTAMP: u32 = 1114;
pub(crate) const TIMESTAMPTZ: u32 = 1184;
pub(crate) const INTERVAL: u32 = 1186;
pub(crate) const TIMETZ: u32 = 1266;
pub(crate) const BIT: u32 = 1560;
pub(crate) const VARBIT: u32 = 1562;
pub(crate) const NUMERIC: u32 = 1700;
pub(crate) const REFCURSOR: u32 = 1790;
/// A row of no declared type.
pub(crate) const RECORD: u32 = 2249;
pub(crate) const CSTRING: u32 = 2275;
/// What a function returns that returns nothing: an empty text.
pub(crate) const VOID: u32 = 2278;
pub(crate) const UUID: u32 = 2950;
pub(crate) const JSONB: u32 = 3802;
pub(crate) const XID8: u32 = 5069;
