//! How a sink is, for the pages and the gateway's own readings.

use crate::model::{Text, Timestamp};

use super::answer::{Fault, Refusal};
use super::lanes::{Cause, Job, Task, Totals};

/// What a sink is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SinkState {
    /// Everything there is has been delivered, or is on its way for the first time.
    Ok,
    /// Working through what piled up.
    CatchingUp,
    /// The server does not take anything at the moment; nothing is lost.
    Waiting,
}

impl SinkState {
    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::CatchingUp => "catching_up",
            Self::Waiting => "waiting",
        }
    }
}

/// The last thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Fixed word of what went wrong, as in the counter `sink_errors`.
    pub class: &'static str,
    /// What it means and what to do.
    pub text: Text,
    /// The words of the server or of the network, at most some hundred characters.
    pub detail: String,
    /// When.
    pub time: Timestamp,
}

/// A job that sends old readings once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    /// Its number at this sink.
    pub id: u64,
    /// Why.
    pub cause: Cause,
    /// Lines that were set aside, and not a span of time.
    pub letters: bool,
    /// Readings from here on.
    pub from: Timestamp,
    /// Readings before this.
    pub to: Timestamp,
    /// Everything before this is done.
    pub next: Timestamp,
    /// Lines that the server took.
    pub lines: u64,
    /// Lines that it refused for good.
    pub dead_letters: u64,
    /// Lines to be sent, where that is known.
    pub of: Option<u64>,
}

impl JobStatus {
    pub(super) fn of(job: &Job) -> Self {
        let next = match job.task {
            Task::Span { next, .. } => next,
            Task::Letters { .. } => job.from,
        };
        Self {
            id: job.id,
            cause: job.cause,
            letters: matches!(job.task, Task::Letters { .. }),
            from: Timestamp::from_ms(job.from),
            to: Timestamp::from_ms(job.to),
            next: Timestamp::from_ms(next),
            lines: job.lines,
            dead_letters: job.dead_letters,
            of: job.of,
        }
    }
}

/// How one sink is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkStatus {
    /// Name of the sink.
    pub name: String,
    /// What it is doing.
    pub state: SinkState,
    /// It does not even take what comes in.
    pub takes_nothing: bool,
    /// What became of the readings, since this sink's first.
    pub totals: Totals,
    /// Lines that are set aside and have not been tried again.
    pub letters_waiting: u64,
    /// Records of the journal that are owed.
    pub lag_records: u64,
    /// Of these, the ones that piled up and go by a way of their own.
    pub backlog_records: u64,
    /// Age of the oldest reading that is being delivered, by its arrival; milliseconds. 0 when
    /// there is none.
    pub lag_ms: i64,
    /// How late the present is there: of what came in last, from its arrival here to its arrival there.
    pub fresh_lag_ms: i64,
    /// Old readings that are sent once more.
    pub jobs: Vec<JobStatus>,
    /// The last ones that are done.
    pub jobs_done: Vec<JobStatus>,
    /// The last error; stays when all is well again.
    pub last_error: Option<Trouble>,
}

impl SinkStatus {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: SinkState::Ok,
            takes_nothing: false,
            totals: Totals::default(),
            letters_waiting: 0,
            lag_records: 0,
            backlog_records: 0,
            lag_ms: 0,
            fresh_lag_ms: 0,
            jobs: Vec::new(),
            jobs_done: Vec::new(),
            last_error: None,
        }
    }
}

/// What went wrong: the class of the counter and the words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Refused(Refusal),
    Failed(Fault),
    Busy,
    Poison,
    TooLarge,
    /// The server refuses everything, not certain lines.
    AllRefused,
    Journal,
}

impl Class {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Refused(Refusal::Credentials) => "credentials",
            Self::Refused(Refusal::Forbidden) => "forbidden",
            Self::Refused(Refusal::NoDatabase) => "no_database",
            Self::Refused(Refusal::NotFound) => "not_found",
            Self::Refused(Refusal::Redirect) => "redirect",
            Self::Refused(Refusal::Unexpected) => "unexpected",
            Self::Failed(Fault::Connect) => "connect",
            Self::Failed(Fault::Timeout) => "timeout",
            Self::Failed(Fault::Network) => "network",
            Self::Failed(Fault::Server) => "server",
            Self::Busy => "busy",
            Self::Poison => "poison",
            Self::TooLarge => "too_large",
            Self::AllRefused => "all_refused",
            Self::Journal => "journal",
        }
    }

    pub(super) fn text(self) -> Text {
        let (zh, en) = match self {
            Self::Refused(Refusal::Credentials) => (
                "InfluxDB 不认用户名、密码或令牌：更正配置；数据都留着，更正后自动补发",
                "InfluxDB does not know the user, password or token: correct the configuration; \
                 everything is kept and sent afterwards",
            ),
            Self::Refused(Refusal::Forbidden) => (
                "该用户或令牌没有写入权限：在 InfluxDB 中授予写权限；数据都留着",
                "the user or token may not write: grant it write access in InfluxDB; everything \
                 is kept",
            ),
            Self::Refused(Refusal::NoDatabase) => (
                "InfluxDB 中没有这个数据库或存储桶：请建立，或更正名称；数据都留着",
                "InfluxDB has no such database or bucket: create it or correct the name; \
                 everything is kept",
            ),
            Self::Refused(Refusal::NotFound) => (
                "该地址上没有 InfluxDB 写入接口：检查地址、路径和 version（1、2、3）",
                "no InfluxDB write interface at this address: check address, path and `version` \
                 (1, 2 or 3)",
            ),
            Self::Refused(Refusal::Redirect) => (
                "服务器要求转到别的地址：把配置改成那个地址（多半是 https）",
                "the server redirects: put the address it names into the configuration (mostly \
                 https)",
            ),
            Self::Refused(Refusal::Unexpected) => (
                "回答不像 InfluxDB：检查地址，中间可能有代理或登录页",
                "the answer is not InfluxDB's: check the address; a proxy or a login page may be \
                 in between",
            ),
            Self::Failed(Fault::Connect) => (
                "连不上 InfluxDB：检查地址、网络、服务是否启动；恢复后自动补发",
                "cannot connect to InfluxDB: check address, network and whether it runs; what \
                 piled up is sent when it is back",
            ),
            Self::Failed(Fault::Timeout) => (
                "InfluxDB 没有及时回答：检查它的负载和磁盘",
                "InfluxDB did not answer in time: check its load and its disk",
            ),
            Self::Failed(Fault::Network) => {
                ("与 InfluxDB 的连接中断，将重试", "the connection to InfluxDB broke; will retry")
            }
            Self::Failed(Fault::Server) => (
                "InfluxDB 自身出错：查看它的日志和磁盘空间；将重试",
                "InfluxDB has an error of its own: see its log and its disk; will retry",
            ),
            Self::Busy => ("InfluxDB 忙，稍后再发", "InfluxDB is busy; will send later"),
            Self::Poison => (
                "InfluxDB 拒收个别数据行，已另存为记录，其余照常",
                "InfluxDB refuses single lines; they are set aside and recorded, the rest goes on",
            ),
            Self::TooLarge => (
                "服务器嫌一次发送太大，已分成小份",
                "too large for the server; sent in smaller pieces",
            ),
            Self::AllRefused => (
                "服务器拒收全部数据，不像是个别数据的问题：检查地址和配置；数据都留着",
                "the server refuses everything, so single lines are not at fault: check address \
                 and configuration; everything is kept",
            ),
            Self::Journal => ("本机日志读写失败", "the journal cannot be read or written"),
        };
        Text::new(zh, en)
    }
}
