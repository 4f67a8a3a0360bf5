//! What is wrong with a line, in words: drawn from its figures, the last minute above all.

use std::collections::BTreeMap;

use crate::model::{Text, text};

use super::figures::{LastMinute, LineFigures, UnitFigures};

/// A unit that left so many questions unanswered in a row is silent; one or two get lost.
const SILENT_QUESTIONS: u64 = 3;
/// A line that is busier than this cannot carry more, percent.
const BUSY_PERCENT: f64 = 80.0;
/// Fewer cycles in a minute say nothing of their punctuality.
const CYCLES_MIN: u64 = 4;
/// Attempts in a row after which a peer counts as out of reach.
const UNCONNECTED_ATTEMPTS: u64 = 2;
/// Answers that do not fit are worth a word when they are more than one question in so many.
const BAD_ONE_IN: u64 = 100;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know; nothing is lost.
    Note,
    /// It costs data now and then, or soon will.
    Warning,
    /// Data is missing.
    Trouble,
}

impl Weight {
    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Trouble => "trouble",
        }
    }
}

/// One thing that is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// Of which unit; the whole line where there is none.
    pub unit: Option<u8>,
    /// What it is, and what to do.
    pub text: Text,
}

/// What is wrong with a line, the worst first. `devices` are the ids behind each unit.
#[must_use]
pub fn findings(figures: &LineFigures, devices: &BTreeMap<u8, Vec<String>>) -> Vec<Finding> {
    let mut found = Vec::new();
    if figures.unconnected >= UNCONNECTED_ATTEMPTS {
        let n = figures.unconnected;
        let text = text!(
            "连接不上（连续 {n} 次）：检查地址、网线和电源，是否已有别的程序占用",
            "cannot be reached ({n} attempts in a row): check address, cable and power, and whether \
             another program holds it",
        );
        found.push(Finding { weight: Weight::Trouble, unit: None, text });
    }
    for (unit, of_unit) in &figures.units {
        let ids = devices.get(unit).map(|ids| ids.join(", ")).unwrap_or_default();
        let who = if ids.is_empty() { unit.to_string() } else { format!("{unit} ({ids})") };
        let told = of_unit_in_words(&who, of_unit);
        let of_unit = |(weight, text)| Finding { weight, unit: Some(*unit), text };
        found.extend(told.into_iter().map(of_unit));
    }
    let last = figures.last_minute();
    found.extend(of_line(&last).into_iter().map(|(weight, text)| Finding {
        weight,
        unit: None,
        text,
    }));
    found.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    found
}

fn of_unit_in_words(who: &str, figures: &UnitFigures) -> Option<(Weight, Text)> {
    let UnitFigures { questions, answers, unanswered, bad_answers, closed, .. } = figures;
    let by_gateway =
        figures.exceptions.contains_key(&0x0A) || figures.exceptions.contains_key(&0x0B);
    let refused: u64 = figures.exceptions.values().sum();
    if *unanswered >= SILENT_QUESTIONS {
        let text = if by_gateway {
            text!(
                "网关报告站号 {who} 不应答：检查该设备的供电、地址和串口参数",
                "the gateway says that unit {who} does not answer: check its power, address and \
                 serial settings",
            )
        } else if *bad_answers >= *unanswered {
            text!(
                "站号 {who} 的应答无法识别：检查波特率、校验位，或地址是否重复",
                "the answers of unit {who} cannot be read: check baud rate and parity, or whether \
                 two devices have this address",
            )
        } else if *closed >= *unanswered {
            text!(
                "站号 {who} 一问就断开连接：可能只允许一个连接，已被占用",
                "unit {who} closes the connection when asked: it may bear one connection only",
            )
        } else if answers + refused == 0 {
            text!(
                "站号 {who} 从未应答：检查地址、接线（A/B 是否接反）和供电",
                "unit {who} has never answered: check its address, the wires (A and B swapped?) \
                 and its power",
            )
        } else {
            text!(
                "站号 {who} 不应答（连续 {unanswered} 次）：之前正常，检查供电和接线",
                "unit {who} does not answer ({unanswered} questions in a row): it did before; check \
                 its power and wires",
            )
        };
        return Some((Weight::Trouble, text));
    }
    if *questions >= SILENT_QUESTIONS && *answers == 0 && refused > 0 {
        let codes: Vec<String> = figures.exceptions.keys().map(ToString::to_string).collect();
        let codes = codes.join(", ");
        let text = text!(
            "站号 {who} 拒绝所有提问（异常码 {codes}）：检查设备模板和站号",
            "unit {who} refuses every question (exception {codes}): check profile and unit",
        );
        return Some((Weight::Trouble, text));
    }
    if *bad_answers * BAD_ONE_IN > *questions {
        let text = text!(
            "站号 {who}：{questions} 次提问中有 {bad_answers} 次应答不符",
            "unit {who}: {bad_answers} of {questions} answers did not fit",
        );
        return Some((Weight::Warning, text));
    }
    None
}

fn of_line(last: &LastMinute) -> Vec<(Weight, Text)> {
    let mut found = Vec::new();
    let strays = &last.strays;
    let percent = last.utilisation * 100.0;
    if percent >= BUSY_PERCENT {
        let text = text!(
            "线路占用 {percent:.0} %：请加大采集间隔，或分成两条线路",
            "line {percent:.0} % busy: raise intervals, or split the line",
        );
        found.push((Weight::Warning, text));
    }
    let (late, cycles) = (last.late_cycles, last.cycles);
    if percent < BUSY_PERCENT && cycles >= CYCLES_MIN && late * 2 > cycles {
        let text = text!(
            "最近一分钟 {cycles} 次采集中有 {late} 次晚了一个周期以上：请加大采集间隔；\
             占用不高时，时间花在连接后的停顿（`pause_after_connect_ms`）和间隙（`gap_ms`）上",
            "{late} of {cycles} cycles in the last minute began more than their interval late: raise \
             intervals; where the line is not busy, the time goes into pauses after connecting \
             (`pause_after_connect_ms`) and gaps (`gap_ms`)",
        );
        found.push((Weight::Warning, text));
    }
    if strays.foreign_frames > 0 {
        let n = strays.foreign_frames;
        let text = text!(
            "线路上还有另一个主站（最近一分钟 {n} 帧）：一条 RS-485 线只能有一个主站",
            "another master talks on this line ({n} frames in the last minute): a serial line bears \
             one master only",
        );
        found.push((Weight::Warning, text));
    }
    if strays.crc_errors > 0 {
        let n = strays.crc_errors;
        let text = text!(
            "最近一分钟 {n} 次 CRC 校验错误：检查终端电阻、屏蔽层接地和接线",
            "{n} CRC errors in the last minute: check termination, shielding and wires",
        );
        found.push((Weight::Warning, text));
    }
    if strays.late_answers > 0 {
        let n = strays.late_answers;
        let text = text!(
            "最近一分钟 {n} 个应答迟到（已弃用）：请调大 `timeout_ms`",
            "{n} answers came late in the last minute (none was used): raise `timeout_ms`",
        );
        found.push((Weight::Warning, text));
    }
    if strays.noise_bytes > 0 {
        let n = strays.noise_bytes;
        let text = text!(
            "最近一分钟收到 {n} 个杂乱字节：检查波特率、校验位和偏置电阻",
            "{n} bytes of noise in the last minute: check baud rate, parity and bias resistors",
        );
        found.push((Weight::Note, text));
    }
    if strays.echoes > 0 {
        let text = Text::new(
            "适配器回送了我们自己的提问（已滤除）：可关闭其本地回显",
            "the adapter sends our own questions back (they are filtered): switch its local echo off",
        );
        found.push((Weight::Note, text));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::figures::StrayFigures;
    use super::*;

    fn told(figures: &LineFigures) -> Vec<String> {
        let devices = BTreeMap::from([(7, vec!["inv-07".to_owned()])]);
        findings(figures, &devices).into_iter().map(|finding| finding.text.en).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_in_good_order_has_no_findings() {
        let mut figures = LineFigures::new();
        tokio::time::advance(Duration::from_secs(60)).await;
        figures.was_busy(Duration::from_secs(20));
        let unit = UnitFigures { questions: 100, answers: 98, unanswered: 1, ..<_>::default() };
        figures.units.insert(7, Box::new(unit));
        assert_eq!(told(&figures), Vec::<String>::new());
    }

    #[tokio::test(start_paused = true)]
    async fn late_cycles_are_told_when_most_are() {
        let mut figures = LineFigures::new();
        let interval = Duration::from_secs(2);
        for late_ms in [3000, 20, 3000] {
            figures.began_late(Duration::from_millis(late_ms), interval);
        }
        assert_eq!(told(&figures), Vec::<String>::new(), "too few");
        figures.began_late(Duration::from_millis(3000), interval);
        let told = told(&figures);
        assert!(told[0].starts_with("3 of 4 cycles"), "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wrong_is_said_the_worst_first() {
        let mut figures = LineFigures::new();
        tokio::time::advance(Duration::from_secs(60)).await;
        for _ in 0..6 {
            figures.was_busy(Duration::from_millis(9_600));
            tokio::time::advance(Duration::from_secs(10)).await;
        }
        let crc = StrayFigures { crc_errors: 4, foreign_frames: 9, ..StrayFigures::default() };
        figures.strayed(&crc);
        let silent = UnitFigures { questions: 9, answers: 5, unanswered: 4, ..<_>::default() };
        let never = UnitFigures { questions: 3, unanswered: 3, timeouts: 3, ..<_>::default() };
        figures.units = BTreeMap::from([(7, Box::new(silent)), (8, Box::new(never))]);
        let told = told(&figures);
        assert!(told[0].starts_with("unit 7 (inv-07) does not answer (4 questions in a row)"));
        assert!(told[1].starts_with("unit 8 has never answered"));
        assert!(told[2].contains("% busy: raise intervals"), "{told:?}");
        assert!(told[3].starts_with("another master talks on this line (9 frames"));
        assert!(told[4].starts_with("4 CRC errors"));
        assert_eq!(told.len(), 5);
    }

    #[test]
    fn silence_has_several_reasons() {
        let silent = UnitFigures { questions: 5, unanswered: 5, ..UnitFigures::default() };
        let gateway = UnitFigures { exceptions: BTreeMap::from([(11, 5)]), ..silent.clone() };
        let refusing = UnitFigures { questions: 5, exceptions: [(4, 5)].into(), ..<_>::default() };
        let garbage = UnitFigures { bad_answers: 5, ..silent.clone() };
        let closed = UnitFigures { closed: 5, ..silent };
        let said = |figures| of_unit_in_words("7", &figures).expect("a finding").1.en;
        assert!(said(refusing).starts_with("unit 7 refuses every question (exception 4)"));
        assert!(said(gateway).starts_with("the gateway says"));
        assert!(said(garbage).contains("baud rate and parity"));
        assert!(said(closed).contains("one connection only"));
    }
}
