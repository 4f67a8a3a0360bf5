//! The energy-monitoring platform: `[platform]`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::{DeviceId, Text, near, text};
use crate::report::{Meter, Platform};

use super::section::{Section, write};

const PLATFORM: &[&str] =
    &["building_id", "gateway_id", "folder", "every_min", "packet_type", "meters"];
const EVERY_MIN: u16 = 15;
const PACKET_TYPE: &str = "data";

/// Reads it, once the meters are known.
pub(super) fn platform(root: &Section<'_>, folder: &Path, meters: &[Meter]) -> Option<Platform> {
    let section = root.table("platform", PLATFORM)?;
    let building_id = section.need_words("building_id", write("building_id = \"110101A001\""));
    if let Some(id) = building_id.as_ref().filter(|id| !is_building(&id.value)) {
        let problem = text!("`{}` 不是建筑代码", "`{}` is no code of a building", id.value);
        let hint = Text::new(
            "6 位行政区划代码、1 位大写字母、3 位数字，例如 110101A001",
            "six digits of the district, a capital, three digits: 110101A001",
        );
        section.note(id.offset, problem, hint);
    }
    let gateway_id = section.need_words("gateway_id", write("gateway_id = \"01\""));
    for id in gateway_id.iter().chain(&section.words("packet_type")) {
        if !is_plain(&id.value) {
            let problem =
                text!("`{}` 含有不允许的字符", "`{}` has characters that it may not", id.value);
            let hint = Text::new("只用字母、数字、_ 和 -", "letters, digits, _ and - only");
            section.note(id.offset, problem, hint);
        }
    }
    let put = section.need_words("folder", write("folder = \"/var/lib/hallwatch/platform\""));
    if let Some(put) = put.as_ref().filter(|put| folder.join(&put.value).is_file()) {
        let problem = text!("`{}` 是文件，不是目录", "`{}` is a file and no folder", put.value);
        section.note(put.offset, problem, Text::new("写一个目录", "name a folder"));
    }
    let every_min = section.whole::<u16>("every_min", 5..=60).map_or(EVERY_MIN, |every| {
        if 60 % every.value != 0 {
            let problem = text!(
                "一小时不是 `{}` 分钟的整数倍",
                "an hour is no multiple of `{}` minutes",
                every.value
            );
            let hint = Text::new("写 5、10、15、20、30 或 60", "write 5, 10, 15, 20, 30 or 60");
            section.note(every.offset, problem, hint);
        }
        every.value
    });
    if meters.iter().all(|meter| meter.code.is_none()) {
        section.note(
            section.offset,
            Text::new("`platform` 没有可上传的电表", "`platform` has no meter to tell of"),
            Text::new(
                "给电表写分项编码，例如 code = \"01E00\"",
                "give meters the codes of their items: code = \"01E00\"",
            ),
        );
    }
    let packet_type =
        section.words("packet_type").map_or_else(|| PACKET_TYPE.to_owned(), |w| w.value);
    Some(Platform {
        building_id: building_id?.value,
        gateway_id: gateway_id?.value,
        folder: folder.join(put?.value),
        every_min,
        packet_type,
        meters: numbers(&section, meters),
    })
}

/// Six digits, a capital, three digits.
fn is_building(id: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| match place {
        6 => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit(),
    };
    id.len() == 10 && id.bytes().enumerate().all(fits)
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// `meters = { "meter-main" = "0001" }`.
fn numbers(section: &Section<'_>, meters: &[Meter]) -> BTreeMap<DeviceId, String> {
    let mut numbers = BTreeMap::new();
    for (id, number) in section.pairs("meters") {
        let known = meters.iter().find(|meter| meter.device.as_str() == id.value);
        match known {
            Some(meter) => {
                let taken = numbers.values().any(|other| *other == number)
                    || meters
                        .iter()
                        .any(|m| m.device.as_str() == number && m.device != meter.device);
                if taken || !is_plain(&number) {
                    let problem = text!(
                        "表号 `{number}` 不可用",
                        "`{number}` cannot be the number of a meter"
                    );
                    let hint = Text::new(
                        "每块表的表号各不相同，只用字母、数字、_ 和 -",
                        "numbers differ and are made of letters, digits, _ and -",
                    );
                    section.note(id.offset, problem, hint);
                    continue;
                }
                numbers.insert(meter.device.clone(), number);
            }
            None => {
                let all = meters.iter().map(|meter| meter.device.as_str());
                let hint = near::hint(&id.value, &Text::new("电表", "meters"), all);
                let problem = text!("没有电表 `{}`", "no meter is `{}`", id.value);
                section.note(id.offset, problem, hint);
            }
        }
    }
    numbers
}
