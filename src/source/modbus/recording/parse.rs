//! Text into a recording, or all mistakes in it.

use std::str::FromStr;

use crate::model::{Mistake, Text, Timestamp, text};
use crate::profile::Function;

use super::{Answer, Exchange, Header, Recording, TITLE};

/// Most registers of one answer.
const COUNT_MAX: u16 = 125;

/// A text on its way to a recording.
struct Reader<'a> {
    file: &'a str,
    mistakes: Vec<Mistake>,
}

/// A word and where it stands.
#[derive(Clone, Copy)]
struct Word<'a> {
    line: usize,
    column: usize,
    text: &'a str,
}

#[derive(Default)]
struct Entries<'a> {
    device: Option<Word<'a>>,
    profile: Option<Word<'a>>,
    unit: Option<Word<'a>>,
    transport: Option<Word<'a>>,
    date: Option<Word<'a>>,
    hallwatch: Option<Word<'a>>,
}

pub(super) fn recording(file: &str, text: &str) -> Result<Recording, Vec<Mistake>> {
    let mut reader = Reader { file, mistakes: Vec::new() };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let title = lines.next().filter(|(_, line)| line.trim() == TITLE);
    if title.is_none() {
        let problem = text!("这不是 hallwatch 的通信记录", "not a recording of hallwatch");
        let hint = text!("第一行应为 `{TITLE}`", "its first line is `{TITLE}`");
        reader.mistake(Word { line: 1, column: 1, text: "" }, problem, hint);
        return Err(reader.mistakes);
    }
    let mut entries = Entries::default();
    let mut exchanges = Vec::new();
    for (number, line) in lines {
        if line.trim_start().starts_with('+') {
            exchanges.extend(reader.exchange(number, line));
        } else {
            reader.entry(number, line, &mut entries);
        }
    }
    let header = reader.header(&entries);
    match header {
        Some(header) if reader.mistakes.is_empty() => Ok(Recording { header, exchanges }),
        _ => {
            reader.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
            Err(reader.mistakes)
        }
    }
}

impl<'a> Reader<'a> {
    fn mistake(&mut self, at: Word<'_>, problem: Text, hint: Text) {
        let Word { line, column, .. } = at;
        self.mistakes.push(Mistake { file: self.file.to_owned(), line, column, problem, hint });
    }

    /// A line of the head.
    fn entry(&mut self, number: usize, line: &'a str, entries: &mut Entries<'a>) {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let key_word = Word { line: number, column: 1, text: key.trim() };
        let column = key.chars().count() + 2 + value.chars().take_while(|c| *c == ' ').count();
        let value = Word { line: number, column, text: value.trim() };
        let place = match key_word.text {
            "device" => &mut entries.device,
            "profile" => &mut entries.profile,
            "unit" => &mut entries.unit,
            "transport" => &mut entries.transport,
            "date" => &mut entries.date,
            "hallwatch" => &mut entries.hallwatch,
            other => {
                let problem =
                    text!("看不懂 `{other}`", "`{other}` is neither an entry nor an exchange");
                let hint = text!(
                    "通信行形如 `+12.345s  1  03 7D50 0002 -> 0000BB5F  35ms`",
                    "an exchange looks like `+12.345s  1  03 7D50 0002 -> 0000BB5F  35ms`"
                );
                return self.mistake(key_word, problem, hint);
            }
        };
        let twice = place.replace(value).is_some();
        let key = key_word.text;
        if twice {
            let problem = text!("`{key}` 重复", "`{key}` a second time");
            self.mistake(key_word, problem, text!("请删除其中一行", "remove one of them"));
        } else if value.text.is_empty() {
            let problem = text!("`{key}` 没有值", "`{key}` has no value");
            self.mistake(key_word, problem, text!("请写成 `{key}: 值`", "write `{key}: value`"));
        }
    }

    fn header(&mut self, entries: &Entries<'_>) -> Option<Header> {
        let device = self.entry_of("device", entries.device);
        let profile = self.entry_of("profile", entries.profile);
        let unit = self.entry_of("unit", entries.unit).and_then(|word| self.number(word, 0, 255));
        let transport = self.entry_of("transport", entries.transport);
        let date = self.entry_of("date", entries.date).and_then(|word| self.date(word));
        let hallwatch = self.entry_of("hallwatch", entries.hallwatch);
        Some(Header {
            device: device?.text.to_owned(),
            profile: profile?.text.to_owned(),
            unit: u8::try_from(unit?).ok()?,
            transport: transport?.text.to_owned(),
            date: date?,
            hallwatch: hallwatch?.text.to_owned(),
        })
    }

    /// An entry that has to be there; one without a value has been told already.
    fn entry_of<'w>(&mut self, key: &str, entry: Option<Word<'w>>) -> Option<Word<'w>> {
        if entry.is_none() {
            let problem = text!("缺少 `{key}`", "`{key}` is missing");
            let hint = text!("请在开头加一行 `{key}: …`", "add a line `{key}: …` at the head");
            self.mistake(Word { line: 1, column: 1, text: "" }, problem, hint);
        }
        entry.filter(|word| !word.text.is_empty())
    }

    fn date(&mut self, word: Word<'_>) -> Option<Timestamp> {
        let found = jiff::Timestamp::from_str(word.text).ok();
        if found.is_none() {
            let problem = text!("`{}` 不是日期", "`{}` is no date", word.text);
            let hint = text!("例如 `2026-07-14T02:30:00Z`", "such as `2026-07-14T02:30:00Z`");
            self.mistake(word, problem, hint);
        }
        found.map(|date| Timestamp::from_ms(date.as_millisecond()))
    }

    /// A whole decimal number.
    fn number(&mut self, word: Word<'_>, least: u64, most: u64) -> Option<u64> {
        let found = decimal(word.text).filter(|number| (least..=most).contains(number));
        if found.is_none() {
            let problem = text!("`{}` 不是合适的数字", "`{}` is no number that fits", word.text);
            let hint = text!("应为 {least} 至 {most} 的整数", "a whole number, {least} to {most}");
            self.mistake(word, problem, hint);
        }
        found
    }

    /// A line of traffic. All its words are looked at, so that all mistakes are told at once.
    fn exchange(&mut self, number: usize, line: &'a str) -> Option<Exchange> {
        let words = words_of(number, line);
        let [at, unit, function, start, count, arrow, answer, took] = *words.as_slice() else {
            let first = Word { line: number, column: 1, text: line };
            let problem =
                text!("这一行有 {} 项，应为 8 项", "{} words where 8 belong", words.len());
            let hint = text!(
                "形如 `+12.345s  1  03 7D50 0002 -> 0000BB5F  35ms`",
                "it looks like `+12.345s  1  03 7D50 0002 -> 0000BB5F  35ms`"
            );
            self.mistake(first, problem, hint);
            return None;
        };
        let at_ms = self.time(at);
        let unit = self.number(unit, 0, 255).and_then(|unit| u8::try_from(unit).ok());
        let function = self.function(function);
        let start = self.register(start, 0, u16::MAX);
        let count = self.register(count, 1, COUNT_MAX);
        if arrow.text != "->" {
            let problem = text!("`{}` 应为 `->`", "`{}` where `->` belongs", arrow.text);
            self.mistake(
                arrow,
                problem,
                text!("左边是问，右边是答", "question left, answer right"),
            );
        }
        let answer = self.answer(answer, count);
        let took_ms = self.took(took);
        Some(Exchange {
            at_ms: at_ms?,
            unit: unit?,
            function: function?,
            start: start?,
            count: count?,
            answer: answer?,
            took_ms: took_ms?,
        })
    }

    fn time(&mut self, word: Word<'_>) -> Option<u64> {
        let seconds = word.text.strip_prefix('+').and_then(|rest| rest.strip_suffix('s'));
        let found = seconds.and_then(milliseconds);
        if found.is_none() {
            let problem = text!("`{}` 不是时间", "`{}` is no time", word.text);
            let hint = text!(
                "从开始算起的秒数，例如 `+12.345s`",
                "seconds since the beginning, such as `+12.345s`"
            );
            self.mistake(word, problem, hint);
        }
        found
    }

    fn took(&mut self, word: Word<'_>) -> Option<u64> {
        let found = word.text.strip_suffix("ms").and_then(decimal);
        if found.is_none() {
            let problem = text!("`{}` 不是耗时", "`{}` is no duration", word.text);
            let hint = text!("毫秒数，例如 `35ms`", "milliseconds, such as `35ms`");
            self.mistake(word, problem, hint);
        }
        found
    }

    fn function(&mut self, word: Word<'_>) -> Option<Function> {
        match word.text {
            "03" => return Some(Function::Holding),
            "04" => return Some(Function::Input),
            other => {
                let problem = text!(
                    "功能码 `{other}` 不能使用",
                    "function `{other}` is not one that is used"
                );
                let hint = text!("只有 `03` 和 `04`", "only `03` and `04` are");
                self.mistake(word, problem, hint);
            }
        }
        None
    }

    fn register(&mut self, word: Word<'_>, least: u16, most: u16) -> Option<u16> {
        let bytes = hex(word.text).filter(|bytes| bytes.len() == 2);
        let found = bytes.and_then(|bytes| Some(u16::from_be_bytes(*bytes.first_chunk()?)));
        let found = found.filter(|number| (least..=most).contains(number));
        if found.is_none() {
            let problem = text!("`{}` 不合适", "`{}` does not fit", word.text);
            let hint = text!(
                "四位十六进制数，{least:04X} 至 {most:04X}",
                "four hexadecimal digits, {least:04X} to {most:04X}"
            );
            self.mistake(word, problem, hint);
        }
        found
    }

    fn answer(&mut self, word: Word<'_>, count: Option<u16>) -> Option<Answer> {
        let found = answer(word.text);
        let (problem, hint) = match (&found, count) {
            (None, _) => (
                text!("`{}` 不是应答", "`{}` is no answer", word.text),
                text!(
                    "寄存器每个四位十六进制数，或 `!` 加异常码，`~`，或 `?` 加字节",
                    "four hexadecimal digits a register, or `!` and a code, `~`, or `?` and bytes"
                ),
            ),
            (Some(Answer::Words(words)), Some(count)) if words.len() != usize::from(count) => (
                text!(
                    "应答有 {} 个寄存器，问的是 {count} 个",
                    "{} registers in the answer, {count} asked",
                    words.len()
                ),
                text!(
                    "长度不符的应答请写成 `?` 加字节",
                    "an answer of the wrong length is `?` and its bytes"
                ),
            ),
            _ => return found,
        };
        self.mistake(word, problem, hint);
        None
    }
}

fn words_of(line: usize, text: &str) -> Vec<Word<'_>> {
    let code = text.split('#').next().unwrap_or_default();
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let column = |word: &str| text.char_indices().take_while(|(at, _)| *at < place(word)).count();
    code.split_whitespace()
        .map(|word| Word { line, column: column(word) + 1, text: word })
        .collect()
}

fn answer(text: &str) -> Option<Answer> {
    if text == "~" {
        return Some(Answer::Silence);
    }
    if let Some(code) = text.strip_prefix('!') {
        return match hex(code)?.as_slice() {
            [code @ 1..=0xFF] => Some(Answer::Exception(*code)),
            _ => None,
        };
    }
    if let Some(bytes) = text.strip_prefix('?') {
        return hex(bytes).map(Answer::Raw);
    }
    let bytes = hex(text).filter(|bytes| bytes.len() % 2 == 0)?;
    let word = |pair: &[u8]| Some(u16::from_be_bytes(*pair.first_chunk()?));
    bytes.chunks(2).map(word).collect::<Option<_>>().map(Answer::Words)
}

/// Pairs of hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

/// Digits only: no sign, no space.
fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Seconds with up to three decimals, as milliseconds.
fn milliseconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let scale = match part.len() {
        1 => 100,
        2 => 10,
        3 => 1,
        _ => return None,
    };
    decimal(whole)?.checked_mul(1000)?.checked_add(decimal(part)? * scale)
}
