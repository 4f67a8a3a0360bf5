//! What a unit does with refusals that pass, faults that come in parts and maps that move.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::advance;

use super::*;
use crate::model::{DeviceId, DeviceKind, Text, Value, ZoneId};
use crate::profile::{Catalog, Profile, compile};
use crate::source::modbus::config::Transport;
use crate::source::modbus::monitor::{LineMonitor, Monitor};

const PROFILE: &str = r#"
id = "two-tables"
kind = "inverter"
vendor = "Test"
name = { zh = "两表", en = "two tables" }
source = "made for this test"

[bus]
timeout_ms = 100

[[fault]]
code = "test-first"
severity = "minor"
zh = "一"
en = "first"

[[fault]]
code = "test-second"
severity = "minor"
zh = "二"
en = "second"

[[table]]
id = "first"
function = "holding"
source = "made for this test"
point = [
    { name = "phase_a_voltage_v", address = 10, type = "u16" },
    { name = "phase_a_current_a", address = 11, type = "u16" },
    { name = "fault", address = 12, type = "u16", bits = { "0" = "test-first" } },
]

[[table]]
id = "second"
function = "holding"
source = "made for this test"
point = [
    { name = "ac_power_w", address = 100, type = "u16" },
    { name = "grid_freq_hz", address = 101, type = "u16" },
    { name = "fault", address = 102, type = "u16", bits = { "0" = "test-second" } },
    { name = "state", address = 103, type = "u16", values = { "0" = "standby", "1" = "mppt" } },
]
"#;

/// The registers of a device, and how it refuses others.
struct Registers {
    words: BTreeMap<u16, u16>,
    /// Reads that touch one of these are refused with this exception.
    refused: Vec<(std::ops::Range<u16>, u8)>,
    reads: Vec<(u16, u16)>,
}

type Shared = Arc<Mutex<Registers>>;

struct World {
    unit: UnitState,
    wire: Wire,
    device: Shared,
    _task: JoinSet<()>,
}

async fn serve(mut stream: DuplexStream, device: Shared) {
    let mut question = [0; 12];
    while stream.read_exact(&mut question).await.is_ok() {
        let [t1, t0, .., unit, function, a1, a0, _, count] = question;
        let (start, count) = (u16::from_be_bytes([a1, a0]), u16::from(count));
        let (words, refused) = {
            let mut device = device.lock().unwrap();
            device.reads.push((start, count));
            let read = start..start + count;
            let crosses =
                |range: &std::ops::Range<u16>| range.start < read.end && read.start < range.end;
            let refused = device.refused.iter().find(|(r, _)| crosses(r)).map(|(_, code)| *code);
            let word = |address| device.words.get(&address).copied().unwrap_or(0);
            (read.clone().map(word).collect::<Vec<u16>>(), refused)
        };
        let mut body = vec![unit];
        match refused {
            Some(code) => body.extend([function | 0x80, code]),
            None => {
                body.extend([function, words.len() as u8 * 2]);
                body.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            }
        }
        let head = [t1, t0, 0, 0, 0, body.len() as u8];
        stream.write_all(&[&head, body.as_slice()].concat()).await.unwrap();
    }
}

impl World {
    fn new(profile: &str) -> Self {
        Self::of(Arc::new(compile("test.toml", profile, &BTreeMap::new()).unwrap()))
    }

    fn of(profile: Arc<Profile>) -> Self {
        let bus = match &profile.protocol {
            Protocol::Registers { bus, .. } | Protocol::Sunspec { bus, .. } => bus.clone(),
            Protocol::Mqtt(_) => panic!("no registers"),
        };
        let device = Arc::new(Device {
            id: DeviceId::parse("d").unwrap(),
            name: Text::same("d"),
            zone: ZoneId::parse("z").unwrap(),
            kind: DeviceKind::Inverter,
            profile: profile.id.clone(),
            rated_power_w: None,
            interval_ms: 1000,
            stale_after_ms: 5000,
        });
        let unit = Unit { device, profile, unit: 1, sunspec_instance: None, bus };
        let registers = Registers {
            words: [(10, 600), (11, 9), (100, 5000), (101, 50)].into(),
            refused: Vec::new(),
            reads: Vec::new(),
        };
        let device = Arc::new(Mutex::new(registers));
        let (ours, theirs) = tokio::io::duplex(4096);
        let mut task = JoinSet::new();
        task.spawn(serve(theirs, device.clone()));
        let mut once = Some(ours);
        let monitor = Arc::new(LineMonitor::new("bus", "tcp"));
        let wire = Wire::over(Transport::Tcp(String::new()), move || once.take(), monitor);
        Self { unit: UnitState::new(unit, "bus", &Monitor::new()), wire, device, _task: task }
    }

    /// One cycle a second later, as the poller does it: what came, and how many reads it took.
    async fn cycle(&mut self) -> (BTreeMap<String, String>, usize) {
        advance(Duration::from_secs(1)).await;
        let before = self.device.lock().unwrap().reads.len();
        let started = Instant::now();
        let cycle = self.unit.cycle(&mut self.wire).await;
        if cycle.images.is_empty() && cycle.failure.is_some() {
            self.unit.went_badly(started, false);
        } else {
            self.unit.went_well();
        }
        let reads = self.device.lock().unwrap().reads.len() - before;
        let value = |value: &Value| match value {
            Value::Codes(codes) => codes.join(" "),
            other => other.as_f64().unwrap_or(f64::NAN).to_string(),
        };
        let samples = cycle.samples.iter();
        (samples.map(|s| (s.point.to_string(), value(&s.value))).collect(), reads)
    }

    async fn cycles(&mut self, count: usize) -> (BTreeMap<String, String>, usize) {
        let mut last = self.cycle().await;
        for _ in 1..count {
            last = self.cycle().await;
        }
        last
    }

    fn refuse(&self, ranges: impl IntoIterator<Item = (std::ops::Range<u16>, u8)>) {
        self.device.lock().unwrap().refused = ranges.into_iter().collect();
    }

    fn set(&self, address: u16, word: u16) {
        self.device.lock().unwrap().words.insert(address, word);
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_block_that_is_refused_as_a_whole_is_learned_once() {
    let mut world = World::new(PROFILE);
    world.refuse([(10..13, 2)]);
    let (values, _) = world.cycle().await;
    assert_eq!(values.get("ac_power_w").map(String::as_str), Some("5000"));
    let (_, reads) = world.cycle().await;
    assert_eq!(reads, 1, "only what is there is asked for");
    assert_eq!(world.unit.learned.names(), ["fault", "phase_a_current_a", "phase_a_voltage_v"]);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_refuses_everything_teaches_nothing_and_is_not_pestered() {
    let mut world = World::new(PROFILE);
    world.refuse([(0..u16::MAX, 2)]);
    for _ in 0..5 {
        let (values, reads) = world.cycle().await;
        assert!(values.is_empty() && reads <= 27, "{values:?}, {reads} reads");
    }
    assert!(world.unit.learned.is_empty());
    world.refuse([]);
    assert_eq!(world.cycle().await.0.len(), 6, "all at once, in the morning");
}

#[tokio::test(start_paused = true)]
async fn what_a_starting_device_refused_is_found_within_minutes() {
    let mut world = World::new(PROFILE);
    world.refuse([(100..103, 2)]);
    world.cycle().await;
    assert_eq!(world.cycle().await.0.len(), 4, "two values, the faults and the state");
    let begun = Instant::now();
    // It still refuses when it is asked again for the first time.
    world.cycles(90).await;
    world.refuse([]);
    while world.cycle().await.0.len() < 6 {
        assert!(begun.elapsed() < Duration::from_secs(400), "it hides data");
    }
    let asked = world.device.lock().unwrap().reads.len();
    assert!(asked < 2 * 400 + 40, "asked sparsely: {asked}");
}

#[tokio::test(start_paused = true)]
async fn what_a_sleeping_device_refused_is_tried_when_its_state_changes() {
    let mut world = World::new(PROFILE);
    world.refuse([(10..13, 2)]);
    world.cycles(3).await;
    world.refuse([]);
    world.set(103, 1);
    world.cycle().await;
    assert_eq!(world.cycles(2).await.0.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_is_forgotten_when_the_device_was_away() {
    let mut world = World::new(PROFILE);
    world.refuse([(10..13, 2)]);
    world.cycles(3).await;
    world.refuse([(0..u16::MAX, 4)]);
    world.cycles(15).await;
    world.refuse([]);
    assert_eq!(world.cycle().await.0.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn half_a_set_of_faults_is_not_told() {
    let mut world = World::new(PROFILE);
    world.set(12, 1);
    world.set(102, 1);
    let (values, _) = world.cycle().await;
    assert_eq!(values["fault"], "test-first test-second");
    // The second one is busy for a while: it rests in between, and is refused as absent at last.
    for code in [6, 2] {
        world.refuse([(102..104, code)]);
        for cycle in 0..40 {
            let (values, _) = world.cycle().await;
            assert_eq!(values.get("fault"), None, "exception {code}, cycle {cycle}");
            assert!(values.contains_key("phase_a_voltage_v"));
        }
    }
    world.refuse([]);
    let mut told = None;
    for _ in 0..700 {
        told = world.cycle().await.0.remove("fault").or(told);
    }
    assert_eq!(told.as_deref(), Some("test-first test-second"));
}

#[tokio::test(start_paused = true)]
async fn faults_that_are_read_seldom_are_not_left_out_of_the_set_in_between() {
    let seldom = PROFILE.replace("id = \"second\"", "id = \"second\"\nevery = 3");
    let mut world = World::new(&seldom);
    world.set(12, 1);
    world.set(102, 1);
    for cycle in 0..12 {
        let (values, _) = world.cycle().await;
        if let Some(fault) = values.get("fault") {
            assert_eq!(fault, "test-first test-second", "cycle {cycle}");
        }
        assert_eq!(values.contains_key("fault"), cycle % 3 == 0, "cycle {cycle}");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_that_the_device_never_had_do_not_hide_the_others() {
    let mut world = World::new(PROFILE);
    world.set(12, 1);
    // Some devices say "failure" where they have no register.
    world.refuse([(100..104, 4)]);
    let (values, _) = world.cycles(40).await;
    assert_eq!(values.get("fault").map(String::as_str), Some("test-first"));
}

/// A map with a model of this id and length before the inverter's own.
fn sunspec(world: &World, before: Option<(u16, u16)>) {
    let mut words = vec![0x5375, 0x6E53, 1, 66];
    words.extend([0; 66]);
    if let Some((model, length)) = before {
        words.extend([model, length]);
        words.extend(std::iter::repeat_n(1111, usize::from(length)));
    }
    words.extend([103, 50]);
    let mut model = [0; 50];
    (model[12], model[14]) = (4321, 5000); // W and Hz, with factors 0 and -2
    model[15] = 0xFFFE;
    words.extend(model);
    words.extend([0xFFFF, 0]);
    words.extend([2222; 80]);
    let mut device = world.device.lock().unwrap();
    device.words = (40_000..).zip(words).collect();
}

#[tokio::test(start_paused = true)]
async fn a_map_that_moved_while_the_device_was_away_is_walked_again() {
    let mut world = World::of(Catalog::shipped().unwrap().get("fronius-sunspec").unwrap().clone());
    sunspec(&world, None);
    assert_eq!(world.cycle().await.0["ac_power_w"], "4321");
    world.refuse([(0..u16::MAX, 6)]);
    world.cycles(20).await;
    world.refuse([]);
    sunspec(&world, Some((120, 26)));
    let (values, _) = world.cycle().await;
    assert_eq!(values["ac_power_w"], "4321", "{values:?}");
}
