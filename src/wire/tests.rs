//! The protocol without a server: transcripts of bytes, whole and in every sort of pieces.

mod authentication;
mod copy;
mod endings;
mod garbage;
mod lengths;
mod pipelines;
mod queries;
mod requests;
mod rows;
mod startup;
mod support;
