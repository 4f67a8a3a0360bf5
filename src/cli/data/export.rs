//! `hallwatch export`: what is kept, as CSV, as lines for an InfluxDB or as Parquet.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::clock::{Clock as _, SystemClock};
use crate::config::Hall;
use crate::history::History;
use crate::journal::Archive;
use crate::model::{Device, DeviceId, Reading, Text, Timestamp, near, text};
use crate::past;
use crate::source::own;

use super::super::check::one_line;
use super::super::door::Place;
use super::backup::data_folder;
use super::bar::Bar;
use super::sheet::{Format, Sheet};
use super::when::When;
use super::{Done, Failure, runtime};

/// Length of what is read at once.
const WINDOW_MS: i64 = 6 * 3600 * 1000;

#[derive(Args)]
pub(in crate::cli) struct ExportArguments {
    /// First day or moment, by the hall's clock. 起始日期或时刻。
    #[arg(long)]
    from: When,
    /// Last day, whole, or a moment; until now without it. 结束日期（含）或时刻；不写则到现在。
    #[arg(long)]
    to: Option<When>,
    /// Only these devices; may be given several times. 只导出这些设备，可重复。
    #[arg(long = "device")]
    devices: Vec<String>,
    /// csv, parquet: a row for each value; lines: for an InfluxDB. csv、parquet 每值一行；lines 为 InfluxDB 行协议。
    /// Without it, by the ending of the file. 不写则按文件扩展名。
    #[arg(long, value_enum, ignore_case = true)]
    format: Option<Format>,
    /// The file; it must not be there yet. 文件，不能已存在。
    #[arg(short, long = "out")]
    out: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
}

pub(in crate::cli) fn run(arguments: &ExportArguments) -> Done {
    let place = &arguments.place;
    let hall = place.hall()?;
    let folder = data_folder(place)?;
    let (from, to) = span(arguments, &hall)?;
    runtime()?.block_on(async {
        let history = History::look(&folder, Arc::new(SystemClock))?;
        let known = known(&folder, &hall)?;
        let devices = devices(&history, &known, &arguments.devices).await?;
        let file = File::create_new(&arguments.out);
        let file = file.map_err(|error| Failure::of_file(&arguments.out, &error))?;
        let format = arguments.format.unwrap_or_else(|| Format::of(&arguments.out));
        let mut sheet = Sheet::new(format, &hall, &known, BufWriter::new(file))?;
        let bar = Bar::new(Text::new("导出", "exporting"), place.lang);
        let windows = u64::try_from(to.since_ms(from).div_euclid(WINDOW_MS) + 1).unwrap_or(1);
        let (of, mut done) = (windows * devices.len() as u64, 0);
        for device in devices {
            let mut at = from;
            while at < to {
                let end = at.plus_ms(WINDOW_MS).min(to);
                let take = |all: &mut Vec<Reading>, reading: &Reading| all.push(reading.clone());
                for reading in history.walk(device.clone(), at, end, Vec::new(), take).await? {
                    sheet.write(&reading)?;
                }
                (at, done) = (end, done + 1);
                bar.tell(done, of);
            }
        }
        bar.end();
        let (rows, out) = (sheet.end()?, arguments.out.display());
        eprintln!("{}", one_line(text!("`{out}`：{rows} 行", "`{out}`: {rows} rows"), place.lang));
        let damaged = history.damaged_blocks();
        if damaged == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        let told = text!(
            "{damaged} 段历史数据损坏，未导出：运行中的网关会隔离它们并从日志补回，再导出一次；             补不回的可在 InfluxDB 或备份中找",
            "{damaged} damaged blocks of the history were left out: the gateway that runs puts them aside \
             and fills them again from its journal, so export once more; what it does not have an InfluxDB \
             or a backup may have",
        );
        eprintln!("{}", one_line(told, place.lang));
        Ok(ExitCode::FAILURE)
    })
}

/// Local days as times.
fn span(arguments: &ExportArguments, hall: &Hall) -> Result<(Timestamp, Timestamp), Failure> {
    let (now, zone) = (SystemClock.now(), &hall.site.time_zone);
    let from = arguments.from.first(zone)?;
    let to = match arguments.to {
        Some(to) => to.end(zone)?.min(now),
        None => now,
    };
    if from >= to {
        let clock = jiff::Timestamp::from_millisecond(now.ms())?;
        let clock = clock.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M");
        let name = zone.iana_name().unwrap_or("?");
        return Err(Failure::told(text!(
            "开始要早于结束，也要早于现在；大厅时间（{name}）现在是 {clock}",
            "the beginning has to be before the end, and before now: by the hall's clock ({name}) it is \
             {clock}",
        )));
    }
    Ok((from, to))
}

/// What is known of devices: those of today, the gateway itself, and those of before.
fn known(folder: &Path, hall: &Hall) -> Result<Vec<Device>, Failure> {
    let configured = hall.devices.iter().map(|(device, _)| (**device).clone());
    let mut known: Vec<Device> = configured.chain(own::device(&hall.zones)).collect();
    let ids: Vec<DeviceId> = known.iter().map(|device| device.id.clone()).collect();
    let (archive, _) = Archive::look(folder)?;
    known.extend(past::former(&archive, &ids)?);
    Ok(known)
}

/// The devices that are asked for, or all that there are.
async fn devices(
    history: &History,
    known: &[Device],
    asked: &[String],
) -> Result<Vec<DeviceId>, Failure> {
    let mut all = history.devices().await?;
    all.extend(known.iter().map(|device| device.id.clone()));
    all.sort();
    all.dedup();
    if asked.is_empty() {
        return Ok(all);
    }
    let find = |id: &String| {
        all.iter().find(|known| known.as_str() == id).cloned().ok_or_else(|| {
            let near = near::nearest(id, all.iter().map(DeviceId::as_str));
            Failure::told(match near {
                Some(near) => text!(
                    "没有设备 `{id}`；是不是想写 `{near}`？",
                    "there is no device `{id}`; did you mean `{near}`?",
                ),
                None => text!("没有设备 `{id}`", "there is no device `{id}`"),
            })
        })
    };
    asked.iter().map(find).collect()
}
