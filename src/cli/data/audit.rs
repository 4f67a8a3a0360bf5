//! `hallwatch audit-data`: a month recounted from disk against the ledger.

use std::process::ExitCode;
use std::sync::Arc;

use crate::clock::{Clock as _, SystemClock};
use crate::config::Hall;
use crate::history::History;
use crate::journal::{self, Journal};
use crate::model::{Text, text};
use crate::proof;
use crate::tally::Tally;
use crate::web::Audit;

use super::super::check::{Language, one_line};
use super::super::door::{Place, Source};
use super::super::out::say;
use super::super::table::{Heading, Side, lines};
use super::{Done, Failure, runtime};

const DIFFERENCES: [Heading; 4] = [
    ("日期", "date", Side::Left),
    ("设备", "device", Side::Left),
    ("账上", "by the ledger", Side::Right),
    ("盘上", "on disk", Side::Right),
];

/// Ends with 1 when something that was kept is not there.
pub(in crate::cli) fn audit(place: &Place, month: &str, json: bool) -> Done {
    runtime()?.block_on(async {
        let audit: Audit = match place.source().await? {
            Source::Gateway(gateway) => {
                let plain = |c: char| c.is_ascii_digit() || c == '-';
                if !month.chars().all(plain) {
                    return Err(failure(&proof::ProofError::Month(month.to_owned())));
                }
                gateway.get(&format!("/api/v1/audit?month={month}")).await?
            }
            Source::Direct(hall) => direct(place, *hall, month).await?,
        };
        if json {
            say!("{}", serde_json::to_string_pretty(&audit)?);
        } else {
            show(&audit, place.lang);
        }
        // Where nothing was recounted nothing was shown to be whole.
        let recounted = audit.from <= audit.to;
        let whole = recounted && audit.differences.is_empty() && audit.not_kept == 0;
        Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

fn failure(error: &proof::ProofError) -> Failure {
    let (what, hint) = (error.text(), error.hint());
    Failure::told(Text::new(
        format!("{}；{}", what.zh, hint.zh),
        format!("{}; {}", what.en, hint.en),
    ))
}

/// By itself, where no gateway runs.
async fn direct(place: &Place, mut hall: Hall, month: &str) -> Result<Audit, Failure> {
    if let Some(folder) = place.data() {
        hall.journal.folder = folder.to_owned();
    }
    if !journal::exists(&hall.journal.folder) {
        let folder = hall.journal.folder.display().to_string();
        return Err(Failure::told(text!(
            "`{folder}` 中没有数据",
            "there is no data in `{folder}`",
        )));
    }
    let clock = Arc::new(SystemClock);
    let journal = Journal::open(&hall.journal, clock.clone(), Tally::new())?;
    let (history, _packer) = History::open(&hall.history, &journal, clock.clone())?;
    let sinks: Vec<String> = hall.influx.iter().map(|target| target.name.clone()).collect();
    let audit = proof::audit(&journal, &history, &sinks, month, clock.now()).await;
    let audit = audit.map_err(|error| failure(&error))?;
    let told = Audit::of(month, &audit, &sinks);
    tokio::task::spawn_blocking(move || journal.close()).await?;
    Ok(told)
}

fn show(audit: &Audit, language: Option<Language>) {
    let say = |text: Text| say!("{}", one_line(text, language));
    let Audit { from, to, kept, doubled, not_kept, on_disk, missing, .. } = audit;
    if from > to {
        let month = &audit.month;
        return say(text!(
            "{month} 没有可以核对的日子：还没到、那时还没有记账（账本丢失后从新开始），或数据已超过保存期限",
            "no day of {month} can be recounted: it is still to come, was before the ledger (which begins anew when \
             it was lost), or is too old",
        ));
    }
    say(text!("{from} 至 {to}", "{from} to {to}"));
    say(text!(
        "账上 {kept} 条，盘上 {on_disk} 条",
        "by the ledger {kept} readings, on disk {on_disk}"
    ));
    say(text!("重复收到 {doubled} 条（只存一份）", "{doubled} came again and were kept once"));
    if *not_kept > 0 {
        say(text!(
            "读到而磁盘没有收下、已丢失 {not_kept} 条",
            "read and not taken by the disk, and so lost: {not_kept}"
        ));
    }
    for sink in &audit.sinks {
        let (name, delivered) = (&sink.sink, sink.delivered + sink.recovered);
        let owed = sink.owed.map_or_else(|| "?".to_owned(), |owed| owed.to_string());
        let (dead, without) = (sink.dead_letters, sink.without_line);
        say(text!(
            "InfluxDB {name}：已送达 {delivered}，拒收 {dead}，无需发送 {without}，待发 {owed}",
            "InfluxDB {name}: delivered {delivered}, refused {dead}, nothing to send {without}, owed {owed}",
        ));
        if dead > 0 {
            say(Text::new(
                "  拒收后经重发收下的仍计在“拒收”内",
                "  those that it took when they were sent again are still among the refused",
            ));
        }
    }
    if audit.differences.is_empty() {
        say(match not_kept {
            0 => {
                Text::new("账实一致：账上的都在", "they agree: all that the ledger counts is there")
            }
            _ => Text::new("账实一致：存下的都在", "they agree: what was kept is all there"),
        });
        return;
    }
    let days = audit.differences.len();
    say(text!(
        "不一致：{days} 处，缺 {missing} 条",
        "they differ in {days} places; {missing} are missing"
    ));
    let rows = audit.differences.iter().map(|difference| {
        let (kept, on_disk) = (difference.kept.to_string(), difference.on_disk.to_string());
        vec![difference.date.clone(), difference.device.clone(), kept, on_disk]
    });
    for line in lines(&DIFFERENCES, &rows.collect::<Vec<_>>(), language) {
        say!("{line}");
    }
}
