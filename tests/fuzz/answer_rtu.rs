//! Whatever a peer says in RTU, nothing panics and nothing unsaid is taken for an answer.
#![no_main]

mod answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| answer::run(
    data,
    hallwatch::source::modbus::Framing::Rtu
));
