//! A serial line with sixteen units, some of which answer late, and lines with noise, an echo and
//! a second master: no answer is ever taken for another one.
//!
//! Every register tells its unit, its address and when it was asked, so each value is judged
//! alone. The line is a real pair of terminals, joined by socat.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use hallwatch::profile::{BusRules, Function};
use hallwatch::simulate::{ForeignMaster, Habits, Lateness, LineNoise, Misbehaviour, Read, Units};
use hallwatch::source::modbus::recording::Answer;
use hallwatch::source::modbus::{LineMonitor, Parity, ReadError, SerialLine, Transport, Wire};
use tokio::time::Instant;

#[path = "support/line.rs"]
mod line;

use line::Cable;

const UNITS: u8 = 16;
/// Long enough for a busy machine, so that what is late is late on purpose.
const TIMEOUT_MS: u32 = 40;
/// Lines that are asked side by side, to be done in time.
const LINES: usize = 8;

fn rules() -> BusRules {
    BusRules {
        port: 502,
        unit: 1,
        registers_per_read_max: 125,
        read_through_max: 0,
        window_registers: 0,
        gap_ms: 0,
        pause_after_connect_ms: 0,
        timeout_ms: TIMEOUT_MS,
        connections_max: 1,
        close_after_cycle: false,
    }
}

/// Unit, address and the number of the question as the unit counted it: a value says whose it is
/// and whether it is fresh.
fn words(unit: u8, read: Read, asked: u16) -> Vec<u16> {
    let of = |address: u16| (u16::from(unit) << 8) | (address & 0xFF);
    let mut words: Vec<u16> = (0..read.count).map(|n| of(read.start + n)).collect();
    if let Some(last) = words.last_mut().filter(|_| read.count > 1) {
        *last = asked;
    }
    words
}

/// A line and the number of its present question, which the units put into their answers.
struct World {
    cable: Cable,
    line: hallwatch::simulate::Line,
    now: Arc<AtomicU16>,
    monitor: Arc<LineMonitor>,
    wire: Wire,
}

impl World {
    fn new(habits: Habits) -> Self {
        let (units, now) = (Units::default(), Arc::new(AtomicU16::new(0)));
        units.set_habits(habits);
        for unit in 1..=UNITS {
            let now = now.clone();
            let device =
                move |read: Read| Answer::Words(words(unit, read, now.load(Ordering::SeqCst)));
            units.set_device(unit, Arc::new(device));
        }
        let (cable, line) = Cable::with(units);
        let transport = Transport::Serial(SerialLine {
            path: cable.ours.clone(),
            baud_rate: 3_000_000,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
        });
        let monitor = Arc::new(LineMonitor::new("line", "serial"));
        let wire = Wire::new(transport, monitor.clone());
        Self { cable, line, now, monitor, wire }
    }

    /// Asks `polls` questions of nearly one shape; counts answers, silences and wrong values.
    async fn ask(&mut self, polls: u32, seed: u64) -> (u32, u32, u32) {
        let (mut good, mut none, mut wrong) = (0, 0, 0);
        let rules = rules();
        let mut dice = Dice(seed);
        for number in 0..polls {
            let unit = 1 + dice.below(u64::from(UNITS)) as u8;
            if self.wire.rests_until(unit).is_some() {
                continue;
            }
            // Nearly all of one size: the worst case for telling answers apart.
            let count = if dice.below(10) == 0 { 1 } else { 2 };
            let read = Read { function: Function::Holding, start: dice.below(200) as u16, count };
            let asked = number as u16;
            self.now.store(asked, Ordering::SeqCst);
            match self.wire.read(unit, read.function, read.start, read.count, &rules).await {
                Ok(got) if got == words(unit, read, asked) => good += 1,
                Ok(got) => {
                    wrong += 1;
                    println!("unit {unit} {read:?} question {asked}: {got:04X?}");
                }
                Err(ReadError::Timeout(_) | ReadError::BadAnswer(_)) => none += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        (good, none, wrong)
    }
}

/// Dice that fall the same way every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_answers_are_never_taken_for_the_next_one() {
    let polls = 100_000 / LINES as u32;
    let begun = Instant::now();
    let lines = (0..LINES).map(|place| {
        tokio::spawn(async move {
            let mut world = World::new(Habits::default());
            let late = Lateness {
                percent: 2,
                from_ms: u64::from(TIMEOUT_MS),
                to_ms: 3 * u64::from(TIMEOUT_MS),
                seed: place as u64,
            };
            for unit in 1..=UNITS {
                world.line.units().set_misbehaviour(unit, vec![Misbehaviour::Straggling(late)]);
            }
            let mut sum = (0, 0, 0);
            // Units at rest are passed over: go on until as many were asked.
            while sum.0 + sum.1 + sum.2 < polls {
                let left = polls - sum.0 - sum.1 - sum.2;
                let (good, none, wrong) = world.ask(left, u64::from(left) + place as u64).await;
                sum = (sum.0 + good, sum.1 + none, sum.2 + wrong);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (sum, world.monitor.figures().strays)
        })
    });
    let (mut good, mut none, mut wrong, mut late) = (0, 0, 0, 0);
    for line in lines.collect::<Vec<_>>() {
        let ((g, n, w), strays) = line.await.expect("line");
        (good, none, wrong, late) = (good + g, none + n, wrong + w, late + strays.late_answers);
    }
    println!(
        "{} polls on lines of {UNITS} units in {} s: {good} answered, {none} too late, \
         {late} late answers recognised, wrong readings {wrong}",
        good + none + wrong,
        begun.elapsed().as_secs(),
    );
    assert_eq!(wrong, 0);
    assert!(none > 1000, "there were late answers: {none}");
    assert!(late * 10 > u64::from(none) * 8, "and they were recognised: {late} of {none}");
    assert!(good > 90_000, "most were answered in time: {good}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_an_echo_and_a_second_master_make_no_wrong_value() {
    let noise = LineNoise { around_percent: 20, every_ms: 30, bytes_max: 6, seed: 7 };
    let questions = (1..=4)
        .map(|unit| (unit, Read { function: Function::Holding, start: 210, count: 2 }))
        .collect();
    let master = ForeignMaster { every_ms: 25, answer_after_ms: 3, questions };
    let cases = [
        ("noise", Habits { noise: Some(noise), ..Habits::default() }, 70),
        ("echo", Habits { echo: true, ..Habits::default() }, 99),
        ("second master", Habits { foreign_master: Some(master.clone()), ..Habits::default() }, 60),
        (
            "all at once",
            Habits {
                noise: Some(noise),
                echo: true,
                foreign_master: Some(master),
                ..Habits::default()
            },
            40,
        ),
    ];
    for (name, habits, percent) in cases {
        let mut world = World::new(habits);
        let begun = Instant::now();
        let (good, none, wrong) = world.ask(2_000, 11).await;
        let strays = world.monitor.figures().strays;
        println!(
            "{name}: {good} good, {none} without an answer, wrong {wrong} in {} ms; {strays:?}",
            begun.elapsed().as_millis()
        );
        assert_eq!(wrong, 0, "{name}");
        let asked = good + none;
        assert!(good * 100 > asked * percent, "{name}: {good} of {asked} answered");
        match name {
            "noise" => assert!(strays.noise_bytes > 100, "noise is counted"),
            "echo" => assert!(strays.echoes > 1_900, "echoes are counted"),
            "second master" => assert!(strays.foreign_frames > 10, "foreign frames are counted"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bit_errors_and_halves_are_counted_and_never_taken() {
    let mut world = World::new(Habits::default());
    for (unit, wrong) in [
        (1, Misbehaviour::BitError),
        (2, Misbehaviour::Half),
        (3, Misbehaviour::Twice),
        (4, Misbehaviour::Sliced(1)),
        (5, Misbehaviour::ShortAnswer),
        (6, Misbehaviour::WrongUnit),
        (7, Misbehaviour::TwoAtOnce),
        (8, Misbehaviour::Noise(vec![0xFF, 8, 3], vec![0])),
    ] {
        world.line.units().set_misbehaviour(unit, vec![wrong]);
    }
    let (good, none, wrong) = world.ask(3_000, 5).await;
    let figures = world.monitor.figures();
    println!("{good} good, {none} refused, wrong {wrong}; {:?}", figures.strays);
    assert_eq!(wrong, 0);
    for unit in [3, 8, 9, 16] {
        let of = &figures.units[&unit];
        assert!(of.answers * 10 >= of.questions * 9, "unit {unit}: {of:?}");
    }
    assert!(figures.strays.crc_errors > 0);
    for unit in [1, 2, 5, 6] {
        assert_eq!(figures.units[&unit].answers, 0, "unit {unit}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cable_that_is_cut_is_told() {
    let mut world = World::new(Habits::default());
    assert_eq!(world.ask(20, 1).await.0, 20);
    world.cable.cut();
    let read = world.wire.read(1, Function::Holding, 0, 2, &rules()).await;
    assert!(matches!(read, Err(ReadError::Closed(_) | ReadError::Connect { .. })), "{read:?}");
}
