#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dbapi::fuzzing::structured_binary(data));
