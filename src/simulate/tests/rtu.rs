//! The units of a line, with hand-made frames: checksums are written out, not computed here.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::profile::Function;
use crate::simulate::{
    ForeignMaster, Habits, Identity, Lateness, Line, LineNoise, Misbehaviour, Read, RegisterImage,
    Units,
};

/// Unit 1, holding register 0, one register; the answer is 0x000B.
const ASK_1: [u8; 8] = [1, 3, 0, 0, 0, 1, 0x84, 0x0A];
const SAYS_1: [u8; 7] = [1, 3, 2, 0, 0x0B, 0xF9, 0x83];
/// The same of unit 2, which has 0x0016.
const ASK_2: [u8; 8] = [2, 3, 0, 0, 0, 1, 0x84, 0x39];
const SAYS_2: [u8; 7] = [2, 3, 2, 0, 0x16, 0x7D, 0x8A];

fn line() -> (DuplexStream, Line) {
    let units = Units::default();
    for (unit, word) in [(1, 0x0B), (2, 0x16)] {
        let mut image = RegisterImage::default();
        image.write(Function::Holding, 0, &[word, 7, 8, 9]);
        units.set_image(unit, image);
    }
    let (ours, theirs) = tokio::io::duplex(4096);
    (ours, Line::start(theirs, units))
}

/// What comes until it has been quiet for a while.
async fn listen(stream: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Ok(1..)) =
        tokio::time::timeout(Duration::from_millis(120), stream.read_buf(&mut bytes)).await
    {}
    bytes
}

async fn ask(stream: &mut DuplexStream, question: &[u8]) -> Vec<u8> {
    stream.write_all(question).await.expect("sent");
    listen(stream).await
}

#[tokio::test]
async fn only_the_unit_that_is_meant_answers() {
    let (mut stream, line) = line();
    assert_eq!(ask(&mut stream, &ASK_1).await, SAYS_1);
    assert_eq!(ask(&mut stream, &ASK_2).await, SAYS_2);
    let other = [3, 3, 0, 0, 0, 1, 0x85, 0xE8];
    assert_eq!(ask(&mut stream, &other).await, [0u8; 0], "nobody is unit 3");
    let all = [0, 3, 0, 0, 0, 1, 0x85, 0xDB];
    assert_eq!(ask(&mut stream, &all).await, [0u8; 0], "a broadcast is not answered");
    let refused = [1, 3, 0, 9, 0, 1, 0x54, 0x08];
    assert_eq!(ask(&mut stream, &refused).await, [1, 0x83, 2, 0xC0, 0xF1]);
    assert_eq!((line.units().requests(1), line.units().requests(2)), (2, 1));
}

#[tokio::test]
async fn questions_in_pieces_behind_noise_and_two_at_once() {
    let (mut stream, _line) = line();
    for piece in ASK_1.chunks(3) {
        stream.write_all(piece).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(listen(&mut stream).await, SAYS_1);
    let noisy = [&[0, 0xFF, 3][..], &ASK_1, &ASK_2].concat();
    assert_eq!(ask(&mut stream, &noisy).await, [SAYS_1, SAYS_2].concat());
}

#[tokio::test]
async fn misbehaviours_on_a_line() {
    let (mut stream, line) = line();
    let cases = [
        (Misbehaviour::Silent, vec![]),
        (Misbehaviour::BitError, vec![1, 3, 2, 0, 0x0B, 0xF9, 0x93]),
        (Misbehaviour::Half, SAYS_1[..3].to_vec()),
        (Misbehaviour::Reset, SAYS_1[..3].to_vec()),
        (Misbehaviour::Twice, [SAYS_1, SAYS_1].concat()),
        (Misbehaviour::Exception(6), vec![1, 0x83, 6, 0xC1, 0x32]),
        (Misbehaviour::Noise(vec![0], vec![0xFF, 0]), [&[0][..], &SAYS_1, &[0xFF, 0]].concat()),
        (Misbehaviour::ShortAnswer, vec![1, 3, 0, 0x20, 0xF0]),
        (Misbehaviour::Sliced(2), SAYS_1.to_vec()),
        (Misbehaviour::ONE_REGISTER_ONLY, SAYS_1.to_vec()),
        (Misbehaviour::Garbage(b"hello".to_vec()), b"hello".to_vec()),
    ];
    for (misbehaviour, answer) in cases {
        line.units().set_misbehaviour(1, Some(misbehaviour.clone()));
        assert_eq!(ask(&mut stream, &ASK_1).await, answer, "{misbehaviour:?}");
        assert_eq!(ask(&mut stream, &ASK_2).await, SAYS_2, "the other unit behaves");
    }
    line.units().set_misbehaviour(1, Some(Misbehaviour::ONE_REGISTER_ONLY));
    let two = [1, 3, 0, 0, 0, 2, 0xC4, 0x0B];
    assert_eq!(ask(&mut stream, &two).await, [1, 0x83, 0x0B, 0x00, 0xF7]);
    line.units().set_misbehaviour(1, Some(Misbehaviour::BusyEvery(2)));
    let answers = [ask(&mut stream, &ASK_1).await, ask(&mut stream, &ASK_1).await];
    assert_eq!(answers.iter().filter(|answer| answer[1] == 0x83).count(), 1);
    line.units().set_misbehaviour(1, Some(Misbehaviour::TwoAtOnce));
    let answers = [ask(&mut stream, &ASK_1).await, ask(&mut stream, &ASK_1).await];
    assert!(answers.contains(&vec![]) && answers.contains(&[SAYS_1, SAYS_1].concat()));
    line.units().set_misbehaviour(1, None);
    assert_eq!(ask(&mut stream, &ASK_1).await, SAYS_1);
}

#[tokio::test]
async fn a_straggler_holds_up_nobody_and_comes_later() {
    let (mut stream, line) = line();
    let late = Lateness { percent: 100, from_ms: 80, to_ms: 80, seed: 1 };
    line.units().set_misbehaviour(1, Some(Misbehaviour::Straggling(late)));
    stream.write_all(&ASK_1).await.expect("sent");
    let begin = Instant::now();
    assert_eq!(ask(&mut stream, &ASK_2).await, [SAYS_2, SAYS_1].concat());
    assert!(begin.elapsed() >= Duration::from_millis(80));
    // Sliced and late: its bytes come between those of the other one.
    let wrong = [Misbehaviour::Sliced(20), Misbehaviour::BusyEvery(0)];
    line.units().set_misbehaviour(1, wrong);
    stream.write_all(&ASK_1).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mixed = ask(&mut stream, &ASK_2).await;
    assert_eq!(mixed.len(), 14);
    assert!(mixed[..3] == SAYS_1[..3] && mixed[7..] != SAYS_2, "{mixed:02X?}");
}

#[tokio::test]
async fn echo_noise_and_a_foreign_master() {
    let (mut stream, line) = line();
    line.units().set_habits(Habits { echo: true, ..Habits::default() });
    assert_eq!(ask(&mut stream, &ASK_1).await, [&ASK_1[..], &SAYS_1].concat());
    let questions = vec![(2, Read { function: Function::Holding, start: 0, count: 1 })];
    let foreign_master = Some(ForeignMaster { every_ms: 30, answer_after_ms: 5, questions });
    line.units().set_habits(Habits { foreign_master, ..Habits::default() });
    stream.write_all(&ASK_1).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    line.units().set_habits(Habits::default());
    let heard = listen(&mut stream).await;
    let foreign = [&ASK_2[..], &SAYS_2].concat();
    let times = heard.windows(foreign.len()).filter(|part| *part == foreign).count();
    assert!(heard.starts_with(&SAYS_1) && times >= 2, "{heard:02X?}");
    assert_eq!(line.units().requests(2), 0, "its questions are not ours");
    let noise = Some(LineNoise { around_percent: 100, every_ms: 20, bytes_max: 3, seed: 1 });
    line.units().set_habits(Habits { noise, ..Habits::default() });
    stream.write_all(&ASK_1).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(100)).await;
    line.units().set_habits(Habits::default());
    let heard = listen(&mut stream).await;
    assert!(heard.windows(7).any(|part| part == SAYS_1), "{heard:02X?}");
    assert!(heard.len() > 7 + 2 + 2, "before, behind, and in the silence: {heard:02X?}");
}

#[tokio::test]
async fn a_line_takes_its_time() {
    let (mut stream, line) = line();
    // 8 bytes of question and 7 of answer, 11 bits each: 137.5 ms at 1200 Bd.
    line.units().set_habits(Habits { baud_rate: Some(1200), ..Habits::default() });
    let begin = Instant::now();
    stream.write_all(&ASK_1).await.expect("sent");
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer, SAYS_1);
    let took = begin.elapsed();
    assert!(took >= Duration::from_micros(137_500), "{took:?}");
    line.units().set_habits(Habits { gap_ms: 50, ..Habits::default() });
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(ask(&mut stream, &[ASK_1, ASK_2].concat()).await, SAYS_1, "no gap, no answer");
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(ask(&mut stream, &ASK_2).await, SAYS_2);
}

#[tokio::test]
async fn identification_and_missing_registers() {
    let (mut stream, line) = line();
    let asked = [1, 0x2B, 0x0E, 1, 0, 0x70, 0x77];
    assert_eq!(ask(&mut stream, &asked).await, [1, 0xAB, 1, 0x9E, 0xF0], "it has none");
    line.units().set_identity(1, Some(Identity::new("a", "b", "c")));
    let answer = ask(&mut stream, &asked).await;
    let body = [1, 0x2B, 0x0E, 1, 0x81, 0, 0, 3, 0, 1, b'a', 1, 1, b'b', 2, 1, b'c'];
    assert_eq!(answer[..answer.len() - 2], body);
    let mut image = RegisterImage::default();
    image.write(Function::Holding, 0, &[1, 2, 3, 4]);
    image.remove(Function::Holding, 1, 2);
    assert_eq!(image.read(Function::Holding, 0, 1), Some(vec![1]));
    assert_eq!(image.read(Function::Holding, 0, 2), None);
    assert_eq!(image.read(Function::Holding, 3, 1), Some(vec![4]));
}
