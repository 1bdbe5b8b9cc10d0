//! The protocol without a server: transcripts of bytes, whole and in every sort of pieces.

mod authentication;
mod channel_binding;
mod copy;
mod endings;
mod garbage;
mod lengths;
mod pipelines;
mod prepared;
mod queries;
mod requests;
mod require_auth;
mod rows;
mod scram_keys;
mod scram_server;
mod startup;
mod statement;
mod support;
mod versions;
