//! Why something is not entered, closed or signed.

use crate::journal::JournalError;
use crate::model::{Text, text};

/// Why something is not entered, closed or signed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BooksError {
    /// Nobody is named.
    #[error("`{0}` names nobody")]
    NoName(String),
    /// It has to be said why.
    #[error("there is no reason")]
    NoReason,
    /// A text is too long.
    #[error("`{0}…` is too long")]
    TooLong(String),
    /// It lies ahead.
    #[error("`{0}` lies ahead")]
    Ahead(String),
    /// It lies so far back that the time must be wrong.
    #[error("`{0}` lies too far back")]
    TooOld(String),
    /// A register never shows less than nothing.
    #[error("`{0}` is less than nothing")]
    Negative(f64),
    /// Another entry counts for some of these days.
    #[error("entry `{0}` counts for some of these days")]
    Overlaps(u64),
    /// It was taken back.
    #[error("entry `{0}` was taken back by {1}")]
    TakenBack(u64, String),
    /// There is no such revision.
    #[error("`{period}` has no revision {revision}")]
    NoRevision {
        /// The period.
        period: String,
        /// What was asked for.
        revision: u32,
        /// The last one.
        last: u32,
    },
    /// Days the wrong way round, or too many of them.
    #[error("`{0}` is no span of days")]
    NoSpan(String),
    /// A register does not run backwards.
    #[error("`{value}` does not fit between `{before}` and `{after}`")]
    Backwards {
        /// What was entered.
        value: f64,
        /// What was read before it, or a dash.
        before: String,
        /// What was read after it, or a dash.
        after: String,
    },
    /// By it far more was used in a day than ever before, and nobody has said why.
    #[error("by `{value}` {times} times as much was used in a day as ever before")]
    Implausible {
        /// What was entered.
        value: f64,
        /// By how much it is too much.
        times: f64,
    },
    /// There was a reading at this very moment.
    #[error("there is a reading of `{0}` already")]
    Twice(String),
    /// There is no such entry, or it was taken back.
    #[error("there is no entry `{0}`")]
    NoEntry(u64),
    /// Nothing was closed.
    #[error("`{0}` is not closed")]
    NotClosed(String),
    /// It was closed, and nothing has changed since.
    #[error("`{0}` is closed, and its figures are the same")]
    Same(String),
    /// It was signed for that.
    #[error("`{0}` is signed already")]
    Signed(String),
    /// Those before have not signed.
    #[error("`{0}` comes after the others")]
    TooEarly(String),
    /// Who made it does not approve it.
    #[error("`{0}` has signed it for something else")]
    SamePerson(String),
    /// The books cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl BooksError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::NoName(_) => "没有写姓名".to_owned(),
            Self::NoReason => "没有写原因".to_owned(),
            Self::TooLong(word) => format!("`{word}…` 太长"),
            Self::Ahead(when) => format!("`{when}` 在将来"),
            Self::TooOld(when) => format!("`{when}` 太早"),
            Self::Negative(value) => format!("`{value}` 为负"),
            Self::Overlaps(id) => format!("编号 `{id}` 的录入已涉及其中的日期"),
            Self::TakenBack(id, who) => format!("编号 `{id}` 的录入已由 {who} 撤销"),
            Self::NoRevision { period, revision, .. } => format!("`{period}` 没有 R{revision}"),
            Self::NoSpan(days) => format!("`{days}` 不是有效的起止日期"),
            Self::Backwards { value, before, after } => {
                format!("`{value}` 不在 `{before}` 与 `{after}` 之间")
            }
            Self::Implausible { value, times } => {
                format!("`{value}` 对应的日用量是以往最高的 {times} 倍")
            }
            Self::Twice(when) => format!("`{when}` 已有读数"),
            Self::NoEntry(id) => format!("没有编号 `{id}` 的录入"),
            Self::NotClosed(period) => format!("`{period}` 尚未关账"),
            Self::Same(period) => format!("`{period}` 已关账，数字相同"),
            Self::Signed(period) => format!("`{period}` 的这一栏已签"),
            Self::TooEarly(role) => format!("`{role}` 应在其他签字之后"),
            Self::SamePerson(who) => format!("`{who}` 已签编制"),
            Self::Journal(error) => format!("账册无法读写：{error}"),
        };
        Text::new(zh, self.to_string())
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::NoName(_) => Text::new("请填写姓名", "give your name"),
            Self::NoReason => Text::new("请写明原因", "say why"),
            Self::TooLong(_) => Text::new("请写短一些", "write less"),
            Self::Ahead(_) => {
                Text::new("不能录入将来的数据", "what has not been cannot be entered")
            }
            Self::TooOld(_) => Text::new(
                "时间以毫秒计，且不早于 2000 年",
                "times are in milliseconds, and not before the year 2000",
            ),
            Self::Negative(_) => Text::new("读数不能为负", "a register is never negative"),
            Self::Overlaps(id) => text!(
                "这些日期已有录入（编号 {id}）；要更正请先撤销它，冲减请写负数并注明 correction",
                "take entry {id} back first; what is taken away is less than nothing, with `correction`",
            ),
            Self::TakenBack(..) => Text::new("该记录已撤销", "nothing is left to do"),
            Self::NoRevision { last, .. } => {
                text!("共有 {last} 版：R1 至 R{last}", "there are R1 to R{last}")
            }
            Self::NoSpan(_) => Text::new(
                "起止日期应先早后晚，且不超过 400 天",
                "the first day is before the last, by 400 days at most",
            ),
            Self::Backwards { before, after, .. } => text!(
                "累计读数应在 {before} 与 {after} 之间；若换过表，请勾选“换表后的首次读数”",
                "the register has to be between {before} and {after}; where the meter was changed, say that it is the \
                 first value of a new one",
            ),
            Self::Implausible { times, .. } => text!(
                "日用量是以往最高的 {times} 倍，请核对读数和小数点；确实如此请在备注中写明原因",
                "{times} times as much in a day as ever before: see the meter and the decimal point again; if it is right, \
                 say why in the note",
            ),
            Self::Twice(_) => Text::new(
                "要更正，请先撤销原记录",
                "to put it right, take the other one back first",
            ),
            Self::NoEntry(_) => Text::new("请刷新列表", "load the list again"),
            Self::NotClosed(_) => Text::new("请先关账", "close it first"),
            Self::Same(_) => Text::new(
                "没有变化，无需再次关账",
                "nothing has changed: it need not be closed again",
            ),
            Self::Signed(_) => Text::new("该栏已签", "this place is taken"),
            Self::TooEarly(_) => {
                Text::new("请按编制、审核、批准的顺序签", "made, then checked, then approved")
            }
            Self::SamePerson(_) => Text::new(
                "编制人不能审核或批准自己编制的报告",
                "who made it neither checks nor approves it",
            ),
            Self::Journal(_) => Text::new("稍后再试；检查磁盘", "try again; look at the disk"),
        }
    }
}
