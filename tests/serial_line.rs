//! A serial line with sixteen units, some of which answer late, and lines with noise, an echo and
//! a second master: no answer is ever taken for another one.
//!
//! Every register tells its unit, its address and when it was asked, so each value is judged
//! alone. The line is a real pair of terminals, joined by socat.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::time::Duration;

use hallwatch::profile::Function;
use hallwatch::simulate::{ForeignMaster, Habits, Lateness, Line, LineNoise, Misbehaviour, Read};
use hallwatch::source::modbus::{Parity, ReadError, SerialLine, Transport};
use tokio::time::Instant;

#[path = "support/line.rs"]
mod line;
#[path = "support/oracle.rs"]
mod oracle;

use line::Cable;
use oracle::{Master, Oracle, Score, TIMEOUT_MS, UNITS, rules};

/// Lines that are asked side by side, to be done in time.
const LINES: usize = 8;

/// A line with sixteen units on it.
struct World {
    cable: Cable,
    line: Line,
    master: Master,
}

impl World {
    fn new(habits: Habits) -> Self {
        let oracle = Oracle::new();
        oracle.units.set_habits(habits);
        let (cable, line) = Cable::with(oracle.units.clone());
        let transport = Transport::Serial(SerialLine {
            path: cable.ours.clone(),
            baud_rate: 3_000_000,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
        });
        Self { cable, line, master: Master::new(oracle, transport) }
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
            let mut sum = Score::default();
            // Units at rest are passed over: go on until as many were asked.
            while sum.asked() < polls {
                let left = polls - sum.asked();
                sum.add(world.master.ask(left, u64::from(left) + place as u64).await);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (sum, world.master.monitor.figures().strays)
        })
    });
    let (mut sum, mut late) = (Score::default(), 0);
    for line in lines.collect::<Vec<_>>() {
        let (score, strays) = line.await.expect("line");
        sum.add(score);
        late += strays.late_answers;
    }
    let Score { good, none, wrong } = sum;
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
        let Score { good, none, wrong } = world.master.ask(2_000, 11).await;
        let strays = world.master.monitor.figures().strays;
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
    let Score { good, none, wrong } = world.master.ask(3_000, 5).await;
    let figures = world.master.monitor.figures();
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
async fn a_broken_answer_is_not_waited_for_until_the_deadline() {
    let mut world = World::new(Habits::default());
    world.line.units().set_misbehaviour(1, vec![Misbehaviour::BitError]);
    let rules = hallwatch::profile::BusRules { timeout_ms: 2000, ..rules() };
    let begun = Instant::now();
    let read = world.master.wire.read(1, Function::Holding, 0, 2, &rules).await;
    assert!(matches!(read, Err(ReadError::BadAnswer(_))), "{read:?}");
    assert!(begun.elapsed() < Duration::from_millis(700), "{:?}", begun.elapsed());
    assert_eq!(world.master.monitor.figures().strays.crc_errors, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cable_that_is_cut_is_told() {
    let mut world = World::new(Habits::default());
    assert_eq!(world.master.ask(20, 1).await.good, 20);
    world.cable.cut();
    let read = world.master.wire.read(1, Function::Holding, 0, 2, &rules()).await;
    assert!(matches!(read, Err(ReadError::Closed(_) | ReadError::Connect { .. })), "{read:?}");
}
