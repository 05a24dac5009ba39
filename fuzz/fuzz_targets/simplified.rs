#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gradsmith_fuzz::simplified(data));
