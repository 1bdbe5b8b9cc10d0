//! Values and their forms on the wire: PostgreSQL's text and binary representations, both directions.
//!
//! Knows nothing of messages or cursors: bytes of one cell in, one [`value::Value`] out, and back.

pub mod value;
