//! Recordings by hand, there and back, and with mistakes.

use proptest::prelude::*;

use super::*;

const HEAD: &str = "hallwatch recording 1\ndevice: inv-03\nprofile: huawei-sun2000\nunit: 1\n\
    transport: tcp\ndate: 2026-07-14T02:30:00Z\nhallwatch: 0.1.0\n\n";

fn exchange(at_ms: u64, start: u16, count: u16, answer: Answer, took_ms: u64) -> Exchange {
    Exchange { at_ms, unit: 1, function: Function::Holding, start, count, answer, took_ms }
}

#[test]
fn a_recording_by_hand_there_and_back() {
    let lines = "+12.345s  1  03 7D50 0002 -> 0000BB5F  35ms\n\
        +12.400s  1  03 7D60 0001 -> !02  12ms\n\
        +13.500s  1  03 0000 0001 -> ~  1000ms\n\
        +14.600s  1  03 7D50 0002 -> ?0183FF  20ms\n";
    let text = format!("{HEAD}{lines}");
    let recording = Recording::parse("a.txt", &text).expect("a recording");
    assert_eq!(recording.header.device, "inv-03");
    // 2026-07-14 is day 20,648 since 1970.
    assert_eq!(recording.header.date.ms(), (20_648 * 86_400 + 9_000) * 1000);
    let expected = [
        exchange(12_345, 0x7D50, 2, Answer::Words(vec![0, 0xBB5F]), 35),
        exchange(12_400, 0x7D60, 1, Answer::Exception(2), 12),
        exchange(13_500, 0, 1, Answer::Silence, 1000),
        exchange(14_600, 0x7D50, 2, Answer::Raw(vec![1, 0x83, 0xFF]), 20),
    ];
    assert_eq!(recording.exchanges, expected);
    assert_eq!(recording.to_string(), text);
}

#[test]
fn people_may_write_comments_blanks_and_other_line_ends() {
    let text = format!("\u{FEFF}# seen at night\r\n{HEAD}").replace("\n\n", "\r\n\r\n")
        + "  +0.5s\t1  04 0000 0001 -> 00ff 3ms # asleep\r\n\r\n# the end";
    let recording = Recording::parse("a.txt", &text).expect("a recording");
    let only = &recording.exchanges[0];
    assert_eq!((only.at_ms, only.function, only.took_ms), (500, Function::Input, 3));
    assert_eq!(only.answer, Answer::Words(vec![0xFF]));
}

/// The places of the mistakes, and the English problem.
fn told(text: &str) -> Vec<(usize, usize, String)> {
    let mistakes = Recording::parse("a.txt", text).expect_err("mistakes");
    for mistake in &mistakes {
        assert_ne!(mistake.problem.zh, mistake.problem.en, "in both languages");
    }
    mistakes.into_iter().map(|m| (m.line, m.column, m.problem.en)).collect()
}

#[test]
fn all_mistakes_are_told_with_their_places() {
    let text = "hallwatch recording 1\nunit: 300\nunit: 1\nprofile:\ndate: yesterday\ncolour: red\n\
        +1s  1  03 7D50 0002 -> 0000BB5F\n\
        +1,5s  x  06 7D5 007E => 0000BB5  35\n\
        +1.0s  1  03 7D50 0002 -> 0000  35ms\n\
        +1.0s  1  03 7D50 0002 -> !00  35ms\n";
    let expected = [
        (1, 1, "`device` is missing"),
        (1, 1, "`transport` is missing"),
        (1, 1, "`hallwatch` is missing"),
        (3, 1, "`unit` a second time"),
        (4, 1, "`profile` has no value"),
        (5, 7, "`yesterday` is no date"),
        (6, 1, "`colour` is neither an entry nor an exchange"),
        (7, 1, "7 words where 8 belong"),
        (8, 1, "`+1,5s` is no time"),
        (8, 8, "`x` is no number that fits"),
        (8, 11, "function `06` is not one that is used"),
        (8, 14, "`7D5` does not fit"),
        (8, 18, "`007E` does not fit"),
        (8, 23, "`=>` where `->` belongs"),
        (8, 26, "`0000BB5` is no answer"),
        (8, 35, "`35` is no duration"),
        (9, 27, "1 registers in the answer, 2 asked"),
        (10, 27, "`!00` is no answer"),
    ];
    let expected: Vec<_> = expected.iter().map(|(l, c, p)| (*l, *c, (*p).to_owned())).collect();
    assert_eq!(told(text), expected);
    assert_eq!(told("[bus]\n"), [(1, 1, "not a recording of hallwatch".to_owned())]);
    assert_eq!(told(""), [(1, 1, "not a recording of hallwatch".to_owned())]);
}

#[test]
fn names_cannot_break_the_head() {
    let mut recording = Recording::parse("a.txt", HEAD).expect("a recording");
    recording.header.device = "a\nunit: 9".to_owned();
    let again = Recording::parse("a.txt", &recording.to_string()).expect("a recording");
    assert_eq!((again.header.device.as_str(), again.header.unit), ("a unit: 9", 1));
}

fn answers(count: u16) -> impl Strategy<Value = Answer> {
    prop_oneof![
        prop::collection::vec(any::<u16>(), usize::from(count)).prop_map(Answer::Words),
        (1..=255_u8).prop_map(Answer::Exception),
        Just(Answer::Silence),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Answer::Raw),
    ]
}

fn exchanges() -> impl Strategy<Value = Exchange> {
    let question = (0..u64::MAX / 2000, any::<u8>(), any::<bool>(), any::<u16>(), 1..=125_u16);
    let with_answer = question.prop_flat_map(|q| (Just(q), answers(q.4), any::<u64>()));
    with_answer.prop_map(|((at_ms, unit, holding, start, count), answer, took_ms)| {
        let function = if holding { Function::Holding } else { Function::Input };
        Exchange { at_ms, unit, function, start, count, answer, took_ms }
    })
}

proptest! {
    #[test]
    fn every_exchange_comes_back_as_it_went(all in prop::collection::vec(exchanges(), 0..5)) {
        let mut recording = Recording::parse("a.txt", HEAD).expect("a recording");
        recording.exchanges = all;
        let again = Recording::parse("a.txt", &recording.to_string());
        prop_assert_eq!(again, Ok(recording));
    }

    #[test]
    fn no_text_is_too_strange(text in "(?s).{0,200}", line in "[+0-9a-fxs. ~!?>#-]{0,60}") {
        drop(Recording::parse("a.txt", &text));
        drop(Recording::parse("a.txt", &format!("{HEAD}{text}\n{line}")));
    }
}
