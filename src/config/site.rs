//! The building, its zones and where its data is kept.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use crate::calendar::Hours;
use crate::model::{DeviceId, Site, Text, Zone, ZoneId, near, text};
use crate::{history, journal};

use super::section::{Section, write};
use super::service;

const SITE: &[&str] = &["id", "name", "latitude_deg", "longitude_deg", "altitude_m", "time_zone"];
const DATA: &[&str] = &["folder", "commit_wait_ms", "retention_days", "size_max_gb"];
/// What a hall may fill of its disk when the file does not say.
const SIZE_MAX_GB: u64 = 20;
const ZONE: &[&str] = &["id", "name", "floor", "hours", "saturday", "sunday", "holiday", "closed"];

/// Reads `[site]`.
pub(super) fn site(root: &Section<'_>) -> Option<Site> {
    if !root.has("site") {
        let hint = Text::new(
            "添加 [site]，写 id、name、latitude_deg、longitude_deg 和 time_zone",
            "add [site] with id, name, latitude_deg, longitude_deg and time_zone",
        );
        root.missing("site", hint);
    }
    let section = root.table("site", SITE)?;
    let hint = Text::new(
        "例如 id = \"dongcheng\"，每行数据都带有它",
        "write id = \"dongcheng\": it marks every line of data",
    );
    let id = section.need_words("id", hint);
    let id = id.and_then(|id| match DeviceId::parse(&id.value) {
        Ok(_) => Some(id.value),
        Err(error) => {
            let hint = Text::new("取名如 `dongcheng-1`", "name the site like `dongcheng-1`");
            section.note(id.offset, error.text(), hint);
            None
        }
    });
    let name = section.name();
    let latitude = degrees(&section, "latitude_deg", 90.0, "39.93");
    let longitude = degrees(&section, "longitude_deg", 180.0, "116.42");
    let altitude = section.real("altitude_m", -500.0..=9_000.0);
    let time_zone = time_zone(&section);
    Some(Site {
        id: id?,
        name: name?,
        latitude_deg: latitude?,
        longitude_deg: longitude?,
        altitude_m: altitude.map_or(0.0, |altitude| altitude.value),
        time_zone: time_zone?,
    })
}

fn degrees(section: &Section<'_>, key: &str, limit: f64, example: &str) -> Option<f64> {
    if !section.has(key) {
        let hint = text!(
            "例如 {key} = {example}，用于计算太阳位置",
            "write {key} = {example}: the sun is computed from it",
        );
        section.missing(key, hint);
    }
    section.real(key, -limit..=limit).map(|degrees| degrees.value)
}

fn time_zone(section: &Section<'_>) -> Option<TimeZone> {
    let name = section.need_words("time_zone", write("time_zone = \"Asia/Shanghai\""))?;
    if let Ok(zone) = TimeZone::get(&name.value) {
        return Some(zone);
    }
    let known: Vec<String> =
        jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    let near = near::nearest(&name.value, known.iter().map(String::as_str));
    let hint = match near {
        Some(near) => near::meant(near),
        None => Text::new(
            "写时区数据库中的名称，例如 Asia/Shanghai",
            "write a name of the tz database, such as Asia/Shanghai",
        ),
    };
    let problem = text!("未知的时区 `{}`", "unknown time zone `{}`", name.value);
    section.note(name.offset, problem, hint);
    None
}

/// How the journal and the history are kept.
pub(super) struct Data {
    pub(super) journal: journal::Config,
    pub(super) history: history::Config,
}

/// Reads `[data]`.
pub(super) fn data(root: &Section<'_>, folder: &Path, site: Option<&Site>) -> Data {
    let section = root.table("data", DATA);
    let section = section.as_ref();
    let path = section.and_then(|s| s.words("folder")).map(|path| path.value);
    let folder = folder.join(path.as_deref().unwrap_or("/var/lib/hallwatch"));
    let mut journal = journal::Config::new(folder);
    if let Some(site) = site {
        journal.zone = site.time_zone.clone();
    }
    let mut history = history::Config::default();
    if let Some(ms) = section.and_then(|s| s.whole("commit_wait_ms", 0..=1_000)) {
        journal.commit_wait_ms = ms.value;
    }
    if let Some(days) = section.and_then(|s| s.whole("retention_days", 1..=36_500)) {
        (journal.links_days, history.retention_days) = (days.value, days.value);
    }
    let size = section.and_then(|s| s.whole("size_max_gb", 1..=100_000));
    let bytes = size.map_or(SIZE_MAX_GB, |gb| gb.value) << 30;
    // The journal holds what sinks have not got yet; everything is in the history.
    journal.size_bytes_max = bytes / 5 * 2;
    history.size_bytes_max = bytes / 5 * 3;
    Data { journal, history }
}

/// The zones, and every word that was meant as one.
pub(super) struct Zones {
    /// Those without a mistake, in the order of the file.
    pub(super) zones: Vec<Zone>,
    /// Their service hours, in the same order.
    pub(super) hours: Vec<Hours>,
    /// All ids as they were written: a device in a zone with a mistake has none of its own.
    pub(super) written: Vec<String>,
    /// Some could not be read, so a zone that is not here may be one of them.
    pub(super) incomplete: bool,
}

/// Reads the `[[zone]]`s.
pub(super) fn zones(root: &Section<'_>) -> Zones {
    let mut found = Zones {
        zones: Vec::new(),
        hours: Vec::new(),
        written: Vec::new(),
        incomplete: root.may_lack("zone"),
    };
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let zone_word = Text::new("区域", "zone");
    for section in root.list("zone", ZONE) {
        let id = section.need_words("id", write("id = \"roof\""));
        let name = section.name();
        let floor = section.whole::<i16>("floor", -9..=200).map(|floor| floor.value);
        let hours = service::hours(&section);
        let Some(id) = id else {
            found.incomplete = true;
            continue;
        };
        found.written.push(id.value.clone());
        match ZoneId::parse(&id.value) {
            Err(error) => {
                let hint = Text::new("取名如 `hall-1`", "name zones like `hall-1`");
                section.note(id.offset, error.text(), hint);
            }
            Ok(zone) => {
                if unique(&section, &mut lines, &zone_word, &id.value, id.offset)
                    && let Some(name) = name
                {
                    found.zones.push(Zone { id: zone, name, floor });
                    found.hours.push(hours);
                }
            }
        }
    }
    found
}

/// Whether nobody had this name before; notes it otherwise.
pub(super) fn unique(
    section: &Section<'_>,
    lines: &mut BTreeMap<String, usize>,
    what: &Text,
    name: &str,
    offset: usize,
) -> bool {
    if let Some(line) = lines.get(name) {
        let Text { zh, en } = what;
        let problem = text!(
            "{zh} `{name}` 与第 {line} 行重复",
            "{en} `{name}` is there already, in line {line}",
        );
        section.note(offset, problem, Text::new("每个名称只能用一次", "give each its own"));
        return false;
    }
    lines.insert(name.to_owned(), section.line(offset));
    true
}
