//! The C interface: every exported function, and nearly all `unsafe`.
//!
//! # The contract, once for all functions
//!
//! A caller in C promises what only it can: that a pointer it passes is NULL or points to what the signature
//! says, for as many elements as the count beside it says, for the length of the call; that strings without a
//! count end with a NUL. Everything else is checked: NULLs, handles (freed, foreign, of another type), ranges,
//! UTF-8. That promise is the `SAFETY` of each block here.
//!
//! A function is written out, since cbindgen and readers must see it: it guards its body with one closure
//! (`boundary`), decodes its arguments, makes one call into `dbapi`, and encodes the outcome. The modules
//! stand in the order of the header's sections.
#![allow(unsafe_code, reason = "this is the boundary to C")]
#![allow(non_camel_case_types, reason = "types carry the names that C sees")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract is written once, above: a Safety heading would land in the header"
)]

mod boundary;
mod registry;

pub mod module;
pub mod status;

pub mod connection;

pub mod about;

pub mod cancel;

pub mod prepared;

pub mod password;

pub mod transaction;

pub mod session;

pub mod tpc;

pub mod mail;

pub mod cursor;

pub mod execute;

pub mod mogrify;

pub mod callproc;

pub mod fetch;

pub mod columns;

pub mod value;

pub mod parts;

pub mod structured;

pub mod error;

pub mod sqlstate;

pub mod conninfo;
