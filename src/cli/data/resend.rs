//! `hallwatch resend`: old readings, or what was refused, once more to an InfluxDB.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::model::{Text, text};

use super::super::check::{Language, one_line};
use super::super::door::{Gateway, Place, Source};
use super::super::out::say;
use super::bar::Bar;
use super::when::When;
use super::{Done, Failure, runtime};

/// How often it is asked how far the job has come.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(in crate::cli) struct ResendArguments {
    /// Name of the InfluxDB in the configuration. 配置中 InfluxDB 的名称。
    #[arg(long)]
    sink: String,
    /// First day or moment, such as 2026-01-01, by the hall's clock. 起始日期或时刻。
    #[arg(long, required_unless_present_any = ["dead_letters", "cancel"])]
    #[arg(conflicts_with_all = ["dead_letters", "cancel"])]
    from: Option<When>,
    /// Last day, whole, or a moment; until now without it. 结束日期（含）或时刻；不写则到现在。
    #[arg(long, conflicts_with_all = ["dead_letters", "cancel"])]
    to: Option<When>,
    /// The lines that it refused and that were set aside. 重发被拒收、另存的数据行。
    #[arg(long, conflicts_with = "cancel")]
    dead_letters: bool,
    /// Give up the job of this number; what it has sent stays sent. 取消编号为此的补发任务。
    #[arg(long, value_name = "JOB")]
    cancel: Option<u64>,
    /// Do not wait until it is done. 不等待完成。
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
}

#[derive(Deserialize)]
struct Ordered {
    job: u64,
}

#[derive(Deserialize)]
struct System {
    sinks: Vec<Sink>,
}

#[derive(Deserialize)]
struct Sink {
    name: String,
    state: String,
    jobs: Vec<Job>,
    jobs_done: Vec<Job>,
    last_error: Option<Trouble>,
}

#[derive(Deserialize)]
struct Job {
    id: u64,
    from_ms: i64,
    to_ms: i64,
    next_ms: i64,
    lines: u64,
    dead_letters: u64,
}

#[derive(Deserialize)]
struct Trouble {
    text: crate::web::Text,
    detail: String,
}

pub(in crate::cli) fn run(arguments: &ResendArguments) -> Done {
    runtime()?.block_on(async {
        let Source::Gateway(gateway) = arguments.place.source().await? else {
            return Err(Failure::told(Text::new(
                "网关没有运行：补发由运行中的网关完成，请先启动 `hallwatch run`",
                "no gateway runs here: the one that runs does the sending, start `hallwatch run` first",
            )));
        };
        let lang = arguments.place.lang;
        if let Some(job) = arguments.cancel {
            let path = format!("/api/v1/sinks/{}/jobs/{job}", arguments.sink);
            gateway.delete(&path).await?;
            say!("{}", one_line(text!("任务 {job} 已取消", "job {job} was given up"), lang));
            return Ok(ExitCode::SUCCESS);
        }
        let order = order(arguments, &gateway).await?;
        look(&gateway, &arguments.sink).await?;
        let path = format!("/api/v1/sinks/{}/resend", arguments.sink);
        let Ordered { job } = gateway.post(&path, &order).await?;
        if arguments.no_wait {
            say!("{}", one_line(text!("补发任务 {job} 已开始", "job {job} has begun"), lang));
            return Ok(ExitCode::SUCCESS);
        }
        let begun = text!(
            "补发任务 {job} 已开始；按 Ctrl-C 后由网关继续，取消用 --cancel {job}",
            "job {job} has begun; after Ctrl-C the gateway goes on, --cancel {job} gives it up",
        );
        eprintln!("{}", one_line(begun, lang));
        tell_rest(&gateway, arguments, (job, &order)).await?;
        let Some(end) = wait(&gateway, &arguments.sink, job, lang).await? else {
            return Err(Failure::told(text!("任务 {job} 已被取消", "job {job} was given up")));
        };
        let (sent, refused) = (end.lines, end.dead_letters);
        let told = text!(
            "已补发 {sent} 行，被拒收 {refused} 行",
            "sent {sent} lines once more; {refused} were refused",
        );
        say!("{}", one_line(told, lang));
        let trouble = look(&gateway, &arguments.sink).await?.last_error.filter(|_| refused > 0);
        if let Some(trouble) = trouble {
            let crate::web::Text { zh, en } = trouble.text;
            eprintln!("{} ({})", one_line(Text::new(zh, en), lang), trouble.detail);
        }
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// Of what is under way already only the rest is ordered: that is said, so that whoever gives one of
/// the two up knows what he does.
async fn tell_rest(
    gateway: &Gateway,
    arguments: &ResendArguments,
    (job, order): (u64, &serde_json::Value),
) -> Result<(), Failure> {
    let Sink { jobs, .. } = look(gateway, &arguments.sink).await?;
    let Some(own) = jobs.iter().find(|known| known.id == job) else { return Ok(()) };
    let asked = order.get("from_ms").and_then(serde_json::Value::as_i64);
    let before = jobs.iter().find(|other| other.id != job && other.to_ms == own.from_ms);
    if let Some(Job { id, .. }) = before.filter(|_| asked.is_some_and(|from| from < own.from_ms)) {
        let from = jiff::Timestamp::from_millisecond(own.from_ms)?;
        let told = text!(
            "任务 {job} 只补发 {from} 之后的部分；之前的由任务 {id} 补发",
            "job {job} sends what is after {from}; what is before is sent by job {id}",
        );
        eprintln!("{}", one_line(told, arguments.place.lang));
    }
    Ok(())
}

/// What the gateway is asked for; days are those of the hall.
async fn order(
    arguments: &ResendArguments,
    gateway: &Gateway,
) -> Result<serde_json::Value, Failure> {
    #[derive(Deserialize)]
    struct Hall {
        site: Site,
    }
    #[derive(Deserialize)]
    struct Site {
        time_zone: String,
    }
    let Some(from) = arguments.from else {
        return Ok(serde_json::json!({ "dead_letters": true }));
    };
    let Hall { site: Site { time_zone } } = gateway.get("/api/v1/hall").await?;
    let zone = jiff::tz::TimeZone::get(&time_zone)?;
    let to = arguments.to.map(|to| to.end(&zone)).transpose()?.map(|to| to.ms());
    Ok(serde_json::json!({ "from_ms": from.first(&zone)?.ms(), "to_ms": to }))
}

async fn look(gateway: &Gateway, name: &str) -> Result<Sink, Failure> {
    let System { sinks } = gateway.get("/api/v1/system").await?;
    let names: Vec<String> = sinks.iter().map(|sink| sink.name.clone()).collect();
    sinks.into_iter().find(|sink| sink.name == name).ok_or_else(|| {
        let there = names.join(", ");
        Failure::told(match names.is_empty() {
            true => Text::new("没有配置 InfluxDB", "no InfluxDB is configured"),
            false => {
                text!(
                    "没有 InfluxDB `{name}`；现有：{there}",
                    "no InfluxDB `{name}`; there is {there}"
                )
            }
        })
    })
}

/// Until the job is done, or given up: then there is none. Ctrl-C leaves it to the gateway.
async fn wait(
    gateway: &Gateway,
    name: &str,
    job: u64,
    language: Option<Language>,
) -> Result<Option<Job>, Failure> {
    let bar = Bar::new(Text::new("补发", "sending"), language);
    let mut told = false;
    loop {
        let sink = look(gateway, name).await?;
        let Some(at) = sink.jobs.iter().find(|at| at.id == job) else {
            bar.end();
            return Ok(sink.jobs_done.into_iter().find(|done| done.id == job));
        };
        let part = |ms: i64| u64::try_from(ms - at.from_ms).unwrap_or(0);
        bar.tell(part(at.next_ms), part(at.to_ms).max(1));
        if let Some(trouble) = sink.last_error.filter(|_| sink.state == "waiting" && !told) {
            told = true;
            let crate::web::Text { zh, en } = trouble.text;
            eprintln!("{} ({})", one_line(Text::new(zh, en), language), trouble.detail);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
