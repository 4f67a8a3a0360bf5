//! `hallwatch record`: a device's traffic into a file.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use crate::clock::{Clock as _, SystemClock};
use crate::config::Hall;
use crate::model::{Text, text};
use crate::source::modbus::recording::{Header, KNOWN, Tape};
use crate::source::modbus::{ByHand, Monitor};

use super::super::check::one_line;
use super::super::door::{Place, Source, unit_of};
use super::super::told_to_stop;
use super::{Done, Failure, failed, round, runtime, say_direct};

/// A file that grows line by line.
struct Sink {
    file: File,
    exchanges: u64,
}

impl Sink {
    fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create_new(path).map_err(|error| Failure::of_file(path, &error))?;
        Ok(Self { file, exchanges: 0 })
    }

    fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        let lines = text.split(|byte| *byte == b'\n');
        let asked = |line: &&[u8]| line.starts_with(b"+") && !line.ends_with(KNOWN.as_bytes());
        self.exchanges += lines.filter(asked).count() as u64;
        self.file.write_all(text)
    }
}

pub(in crate::cli) fn record(
    place: &Place,
    id: &str,
    path: &Path,
    lasting: Option<Duration>,
) -> Done {
    runtime()?.block_on(async {
        let source = place.source().await?;
        let mut sink;
        let over = async {
            match lasting {
                Some(lasting) => tokio::time::sleep(lasting).await,
                None => std::future::pending().await,
            }
        };
        let ended = match source {
            Source::Gateway(gateway) => {
                let mut answer = gateway.of_device(id, "recording").await?;
                sink = Sink::create(path)?;
                tokio::select! {
                    done = copy(&mut answer, &mut sink) => { done?; true }
                    () = over => false,
                    () = told_to_stop() => false,
                }
            }
            Source::Direct(hall) => {
                unit_of(&hall, id)?;
                say_direct(place);
                sink = Sink::create(path)?;
                tokio::select! {
                    done = direct(&hall, id, place, &mut sink) => { done?; true }
                    () = over => false,
                    () = told_to_stop() => false,
                }
            }
        };
        sink.file.sync_all()?;
        let (n, path_of, path) = (sink.exchanges, path, path.display());
        let told = text!("已记录 {n} 次问答到 {path}", "{n} exchanges recorded in {path}");
        eprintln!("{}", one_line(told, place.lang));
        if ended {
            let text = Text::new("网关已停止，记录提前结束", "the gateway stopped: it ended early");
            return Err(Failure::told(text));
        }
        if n == 0 {
            // Nothing of it is worth keeping, and the next try may have the name.
            drop(std::fs::remove_file(path_of));
            let text = Text::new(
                "这段时间没有询问过该设备；请延长 --for，或检查线路（`hallwatch bus`）",
                "the device was not asked meanwhile; record for longer, or look at `hallwatch bus`",
            );
            return Err(Failure::told(text));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What the gateway hears, until it stops.
async fn copy(answer: &mut reqwest::Response, sink: &mut Sink) -> Result<(), Failure> {
    // A gateway that is killed breaks the answer off: what came is kept.
    while let Ok(Some(chunk)) = answer.chunk().await {
        sink.write(&chunk)?;
    }
    Ok(())
}

/// Asks the device in its own rhythm and writes down what is heard.
async fn direct(hall: &Hall, id: &str, place: &Place, sink: &mut Sink) -> Result<(), Failure> {
    let (bus, unit) = unit_of(hall, id)?;
    let monitor = Monitor::new();
    let mut hand = ByHand::new(bus, Some(&unit.device.id), &monitor);
    let header = Header {
        device: id.to_owned(),
        profile: unit.profile.id.clone(),
        unit: unit.unit,
        transport: bus.transport.as_str().to_owned(),
        date: SystemClock.now(),
        hallwatch: env!("CARGO_PKG_VERSION").to_owned(),
    };
    sink.write(header.to_string().as_bytes())?;
    let Some(line) = monitor.line_of(&bus.name) else { return Ok(()) };
    let (mut heard, tape) = (line.listen(), Tape::begin(unit.unit));
    let pause = Duration::from_millis(u64::try_from(unit.device.interval_ms).unwrap_or(1000));
    let asking = async {
        let mut ticks = tokio::time::interval(pause.max(Duration::from_millis(100)));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for error in round(&mut hand).await.into_iter().filter_map(|round| round.failure) {
                eprintln!("{}", one_line(failed(id, &error), place.lang));
            }
        }
    };
    let writing = async {
        loop {
            let line = match heard.recv().await {
                Ok(heard) => tape.line(&heard),
                Err(RecvError::Lagged(n)) => Some(Tape::missed(n)),
                Err(RecvError::Closed) => return Ok(()),
            };
            if let Some(line) = line {
                sink.write(line.as_bytes())?;
            }
        }
    };
    tokio::select! {
        () = asking => Ok(()),
        done = writing => done,
    }
}
