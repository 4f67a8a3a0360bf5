//! `hallwatch device message`: what is made of a message of a device, read from a file.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::clock::{Clock as _, SystemClock};
use crate::model::{LinkState, Reading, Record, Sample, Text, Value, standard_point, text};
use crate::source::mqtt::{self, Publisher, Refused};

use super::check::{Language, one_line};
use super::door::{Place, unknown};
use super::out::say;
use super::table::{Heading, Side, in_words, lines};
use super::{Done, Failure};

const HEADINGS: [Heading; 4] = [
    ("测点", "point", Side::Left),
    ("名称", "label", Side::Left),
    ("数值", "value", Side::Right),
    ("单位", "unit", Side::Left),
];

#[derive(Debug, Clone, Args)]
pub(super) struct MessageArguments {
    /// Id of the device. 设备编号。
    id: String,
    /// The message, or several in the order in which they come; `-` is standard input.
    /// 消息文件，可按先后写多个；`-` 为标准输入。
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// On which topic it came, where the device has several; one for each file.
    /// 消息的主题，设备有多个主题时必填，每个文件一个。
    #[arg(long)]
    topic: Vec<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

pub(super) fn run(arguments: &MessageArguments) -> Done {
    let MessageArguments { id, files, topic, place } = arguments;
    let hall = place.hall()?;
    let found = hall.mqtt.as_ref().and_then(|config| {
        let of_id = |publisher: &&Publisher| publisher.device.id.as_str() == id;
        Some((config, config.devices.iter().find(of_id)?))
    });
    let Some((config, publisher)) = found else {
        let ids: Vec<_> = hall.devices.iter().map(|(device, _)| device.id.as_str()).collect();
        return Err(match ids.contains(&id.as_str()) {
            true => Failure::told(text!(
                "设备 `{id}` 不经 MQTT 上报",
                "device `{id}` does not speak over MQTT",
            )),
            false => unknown(id, &ids),
        });
    };
    let topics = match (topic.is_empty(), only_topic(publisher)) {
        (true, Some(only)) => vec![only; files.len()],
        _ if topic.len() == files.len() => topic.clone(),
        _ => return Err(no_topic(publisher)),
    };
    let (mut trial, mut kept) = (mqtt::Trial::new(config), true);
    for (file, topic) in files.iter().zip(&topics) {
        let payload = payload(file, u64::from(config.packet_bytes_max))?;
        let records = trial.hear(topic, &payload, SystemClock.now()).ok_or_else(|| {
            Failure::told(text!(
                "主题 `{topic}` 不属于任何设备：这样的消息会被丢弃",
                "the topic `{topic}` belongs to no device: such a message is dropped",
            ))
        })?;
        kept &= show(id, topic, &records, place.lang);
    }
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Its topic, where it has a single one without wildcards.
fn only_topic(publisher: &Publisher) -> Option<String> {
    match publisher.places.as_slice() {
        [place] if !place.filter.contains(['+', '#']) => Some(place.filter.clone()),
        _ => None,
    }
}

fn no_topic(publisher: &Publisher) -> Failure {
    let filters: Vec<_> = publisher.places.iter().map(|place| place.filter.as_str()).collect();
    let filters = filters.join(", ");
    Failure::told(text!(
        "每个文件用一个 --topic 写明消息的主题；该设备的主题：{filters}",
        "name each file's topic with a --topic; this device has {filters}",
    ))
}

/// A message as far as it may be long, and a byte, so that it is seen when it is longer.
fn payload(file: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::of_file(file, &error);
    let mut payload = Vec::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().lock().take(bytes_max + 1).read_to_end(&mut payload),
        false => {
            let file = std::fs::File::open(file).map_err(failed)?;
            file.take(bytes_max + 1).read_to_end(&mut payload)
        }
    };
    read.map_err(failed)?;
    Ok(payload)
}

/// Prints what was heard; false when nothing of the message was kept.
fn show(id: &str, topic: &str, records: &[Record], language: Option<Language>) -> bool {
    let (mut kept, mut foreign) = (false, false);
    for record in records {
        match record {
            Record::Reading(reading) => {
                kept = true;
                foreign |= reading.device.as_str() != id;
                say!("{} {}  {topic}", reading.device, written(reading));
                let rows: Vec<_> = reading.samples.iter().map(|s| row(s, language)).collect();
                lines(&HEADINGS, &rows, language).iter().for_each(|line| say!("{line}"));
            }
            Record::Link(link) => {
                let told = match &link.state {
                    LinkState::Up => Text::new("在线", "online"),
                    LinkState::Down { fault, .. } => fault.text(),
                };
                say!("{}: {}", link.device, in_words(told, language));
            }
            Record::Event(event) => match Refused::of(event) {
                Some(refused) => {
                    let Text { zh, en } = refused.reason.told(&refused.detail);
                    let told = text!("未采用：{zh}", "not taken: {en}");
                    eprintln!("{}", one_line(told, language));
                }
                None => {
                    kept = true;
                    let told = Text::new("设备描述了它的数据", "the device described its data");
                    say!("{id}: {}", in_words(told, language));
                }
            },
        }
    }
    if records.is_empty() {
        let told = Text::new("这条消息没有可用的内容", "nothing of this message is of use");
        eprintln!("{}", one_line(told, language));
    }
    if foreign {
        let told = text!(
            "这是另一台设备的主题，不是 {id} 的",
            "the topic is another device's, not {id}'s"
        );
        eprintln!("{}", one_line(told, language));
    }
    kept
}

/// The time under which it is kept.
fn written(reading: &Reading) -> String {
    jiff::Timestamp::from_millisecond(reading.time.ms())
        .map_or_else(|_| reading.time.ms().to_string(), |time| time.to_string())
}

fn row(sample: &Sample, language: Option<Language>) -> Vec<String> {
    let point = sample.point.as_str();
    let known = standard_point(point);
    let label = known.as_ref().map_or_else(|| Text::same(point), |known| known.label.clone());
    let word = known.as_ref().and_then(|known| known.words?.by_code(sample.value.as_code()?));
    let value = match (&sample.value, word) {
        (_, Some(word)) => in_words(Text::new(word.zh, word.en), language),
        (Value::Bool(true), _) => in_words(Text::new("是", "yes"), language),
        (Value::Bool(false), _) => in_words(Text::new("否", "no"), language),
        (Value::Text(text), _) => text.to_string(),
        (Value::Codes(codes), _) if codes.is_empty() => in_words(Text::new("无", "none"), language),
        (Value::Codes(codes), _) => codes.join(" "),
        (number, _) => number.as_f64().map_or_else(String::new, |number| number.to_string()),
    };
    let unit = known.map_or("", |known| known.unit);
    vec![point.to_owned(), in_words(label, language), value, unit.to_owned()]
}
