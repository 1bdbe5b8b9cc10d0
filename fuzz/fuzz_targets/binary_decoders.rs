#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dbapi::fuzzing::binary_decoders(data));
