//! Whatever the registers of a device hold, the walk over its SunSpec models ends within its
//! bounds and nothing panics.
#![no_main]

use std::sync::LazyLock;

use hallwatch::profile::{Catalog, Protocol};
use hallwatch::source::modbus::{READS_MAX, sunspec_walk_of_image};
use libfuzzer_sys::fuzz_target;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::shipped().expect("profiles"));

/// Models whose ids are put where the fuzzer asks for one: it would hardly guess them.
const MODELS: [u16; 12] = [1, 101, 103, 111, 113, 120, 122, 160, 203, 401, 701, 714];

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let id = if choice & 1 == 0 { "sunspec" } else { "sunspec-meter" };
    let profile = CATALOG.get(id).expect("shipped");
    let Protocol::Sunspec { bus, plan } = &profile.protocol else { panic!("SunSpec") };
    let base = [40_000, 0, 50_000, 65_000][usize::from(choice >> 1 & 3)];
    let mut words = vec![0x5375, 0x6E53];
    for pair in rest.chunks(2) {
        let [high, low] = [pair[0], pair.get(1).copied().unwrap_or(0)];
        words.push(match high {
            0xF0 => MODELS[usize::from(low) % MODELS.len()],
            0xF1 => u16::from(low),
            _ => u16::from_be_bytes([high, low]),
        });
    }
    words.truncate(usize::from(u16::MAX - base));
    let instance = (choice & 0x10 != 0).then_some(u16::from(choice >> 5));
    let walked = sunspec_walk_of_image(&[(base, words)], plan, instance, bus);
    if let Some(walked) = walked {
        assert!(walked.walk_reads <= READS_MAX, "{} questions", walked.walk_reads);
        for block in &walked.blocks {
            assert!(block.count >= 1 && block.count <= 125 || block.points.len() == 1);
        }
    }
});
