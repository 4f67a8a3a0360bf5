//! The report: `[report]`, `[[factor]]` and what the meters stand for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::factor::{Bands, Factor, Factors, Items, Quantity};
use crate::model::{DeviceId, Text, near, text};
use crate::notify;
use crate::report::{Building, Config, Post, Quota};

use super::meter::{Said, by_hand, is_code, meters};
use super::platform::platform;
use super::section::{Section, write};

const REPORT: &[&str] =
    &["area_m2", "people", "region", "fonts", "wash_cost", "item", "quota", "mail"];
const MAIL: &[&str] = &["day", "channel", "to", "lang"];
const QUOTA: &[&str] = &[
    "electricity_kwhm2",
    "coal_kgcem2",
    "coal_per_person_kgce",
    "water_per_person_m3",
    "document",
];
const ITEM: &[&str] = &["code", "name"];
const FACTOR: &[&str] =
    &["quantity", "region", "year", "value", "unit", "issued", "document", "url", "checked"];
/// Readings of the month's end are in by then.
const MAIL_DAY: i8 = 3;
const REGION: &str = "beijing";

/// Reads all of it, once the meters are known.
pub(super) fn report(
    root: &Section<'_>,
    (folder, notify): (&Path, &notify::Config),
    devices: &BTreeSet<DeviceId>,
    mut said: Vec<(DeviceId, Said)>,
) -> Config {
    let factors = factors(root);
    let by_hand = by_hand(root, devices, &mut said);
    let section = root.table("report", REPORT);
    let fonts = section.as_ref().and_then(|section| fonts(section, folder));
    let post = section.as_ref().and_then(|section| post(section, notify));
    let quota = section.as_ref().map(quota).unwrap_or_default();
    let wash_cost =
        section.as_ref().and_then(|section| section.real("wash_cost", 0.0..=10_000_000.0));
    let wash_cost = wash_cost.map(|cost| cost.value);
    let building = building(section.as_ref(), &factors);
    // A test says that the file inside the program is sound.
    let bands = Bands::shipped().unwrap_or_default();
    note_quota(section.as_ref(), &quota, &building);
    let items =
        Items::shipped().unwrap_or_default().with(section.as_ref().map(items).unwrap_or_default());
    let meters = meters(root, said);
    let platform = platform(root, folder, &meters);
    Config {
        building,
        meters,
        by_hand,
        factors,
        quota,
        platform,
        wash_cost,
        items,
        bands,
        post,
        fonts,
    }
}

/// Reads `[report.mail]`.
fn post(section: &Section<'_>, notify: &notify::Config) -> Option<Post> {
    let mail = section.table("mail", MAIL)?;
    let day = mail.whole::<i8>("day", 1..=28).map_or(MAIL_DAY, |day| day.value);
    let chinese = mail.words("lang").is_none_or(|lang| {
        if !matches!(lang.value.as_str(), "zh" | "en") {
            let problem = text!("未知的语言 `{}`", "unknown language `{}`", lang.value);
            mail.note(lang.offset, problem, Text::new("写 zh 或 en", "write zh or en"));
        }
        lang.value != "en"
    });
    let to = mail.words_list("to");
    if to.is_empty() {
        mail.missing("to", write("to = [\"office@example.org\"]"));
    }
    for address in to.iter().filter(|address| !notify::is_address(&address.value)) {
        let problem = text!("`{}` 不是邮件地址", "`{}` is no e-mail address", address.value);
        let hint = Text::new("写成 name@example.org", "write name@example.org");
        mail.note(address.offset, problem, hint);
    }
    let channel = mail.need_words("channel", write("channel = \"mail\""))?;
    let emails = notify.channels.iter().filter_map(|channel| match &channel.kind {
        notify::Kind::Email(email) => Some((&*channel.name, email, &channel.net)),
        _ => None,
    });
    let found = emails.clone().find(|(name, ..)| *name == channel.value);
    let Some((_, email, net)) = found else {
        let all = emails.map(|(name, ..)| name);
        let hint = near::hint(&channel.value, &Text::new("邮件渠道", "channels of mail"), all);
        let problem = text!("没有邮件渠道 `{}`", "no channel of mail is `{}`", channel.value);
        mail.note(channel.offset, problem, hint);
        return None;
    };
    let to = to.into_iter().map(|address| address.value).collect();
    Some(Post { day, chinese, email: notify::Email { to, ..email.clone() }, net: net.clone() })
}

/// Reads `[report.quota]`.
fn quota(section: &Section<'_>) -> Quota {
    let Some(quota) = section.table("quota", QUOTA) else { return Quota::default() };
    let limit = |key: &str| quota.real(key, 0.0..=1_000_000.0).map(|limit| limit.value);
    let document = quota.need_words("document", write("document = \"DB11/T 1958-2022\""));
    Quota {
        electricity_kwhm2: limit("electricity_kwhm2"),
        coal_kgcem2: limit("coal_kgcem2"),
        coal_per_person_kgce: limit("coal_per_person_kgce"),
        water_per_person_m3: limit("water_per_person_m3"),
        document: document.map(|document| document.value).unwrap_or_default(),
    }
}

/// A limit for a square metre or a person needs to know how many there are.
fn note_quota(section: Option<&Section<'_>>, quota: &Quota, building: &Building) {
    let Some(section) = section else { return };
    let for_area = quota.electricity_kwhm2.or(quota.coal_kgcem2).is_some();
    let for_people = quota.coal_per_person_kgce.or(quota.water_per_person_m3).is_some();
    for (limited, known, key, example) in [
        (for_area, building.area_m2.is_some(), "area_m2", "area_m2 = 15000"),
        (for_people, building.people.is_some(), "people", "people = 600"),
    ] {
        if limited && !known && section.lacks(key) {
            let told = text!(
                "限额需要 `{key}` 才能对标",
                "a limit is not compared with anything without `{key}`"
            );
            section.notice(section.value_offset("quota"), told, write(example));
        }
    }
}

/// Reads the `[[report.item]]`s, which name items.
fn items(section: &Section<'_>) -> Vec<(String, Text)> {
    let mut items = Vec::new();
    for item in section.list("item", ITEM) {
        let code = item.need_words("code", write("code = \"01D20\""));
        let name = item.name();
        let Some(code) = code else { continue };
        if !is_code(&code.value) {
            super::meter::note_code(&item, &code);
            continue;
        }
        // Zeros at the end stand for nothing: what is named is all below.
        let beginning = code.value.trim_end_matches('0');
        let beginning = if beginning.len() < 2 { &code.value } else { beginning };
        items.extend(name.map(|name| (beginning.to_owned(), name)));
    }
    items
}

/// A folder with fonts, beside the configuration unless it is absolute.
fn fonts(section: &Section<'_>, folder: &Path) -> Option<PathBuf> {
    let word = section.words("fonts")?;
    let path = folder.join(&word.value);
    if !path.is_dir() {
        let problem = text!("没有目录 `{}`", "there is no folder `{}`", word.value);
        let hint = Text::new(
            "把中文字体文件放在该目录，或删除此行以使用系统字体",
            "put a font with Chinese characters there, or remove the line to use those of the system",
        );
        section.note(word.offset, problem, hint);
    }
    Some(path)
}

/// Reads `[report]`.
fn building(section: Option<&Section<'_>>, factors: &Factors) -> Building {
    let area = section.and_then(|section| section.real("area_m2", 1.0..=10_000_000.0));
    let people = section.and_then(|section| section.whole::<u32>("people", 1..=1_000_000));
    let region = section.and_then(|section| Some((section, section.words("region")?)));
    let region = region.map(|(section, region)| {
        let mut known: Vec<&str> = factors.regions().collect();
        known.sort_unstable();
        known.dedup();
        if !known.contains(&region.value.as_str()) {
            let hint = near::hint(&region.value, &Text::new("地区", "regions"), known);
            let problem =
                text!("没有地区 `{}` 的因子", "no factor is for the region `{}`", region.value);
            section.note(region.offset, problem, hint);
        }
        region.value
    });
    Building {
        area_m2: area.map(|area| area.value),
        people: people.map(|people| people.value),
        region: region.unwrap_or_else(|| REGION.to_owned()),
    }
}

/// Reads the `[[factor]]`s, which stand in place of shipped ones.
fn factors(root: &Section<'_>) -> Factors {
    let sections = root.list("factor", FACTOR);
    let own = sections.iter().filter_map(factor).collect();
    match Factors::shipped() {
        Ok(shipped) => shipped.with(own),
        Err(_) => Factors::of(own),
    }
}

fn factor(section: &Section<'_>) -> Option<Factor> {
    let quantity = section.need_words("quantity", write("quantity = \"grid_co2\""));
    let quantity = quantity.and_then(|word| {
        let found = Quantity::ALL.into_iter().find(|quantity| quantity.as_str() == word.value);
        if found.is_none() {
            let all = Quantity::ALL.into_iter().map(Quantity::as_str);
            let hint = near::hint(&word.value, &Text::new("因子", "factors"), all);
            let problem = text!("未知的因子 `{}`", "unknown factor `{}`", word.value);
            section.note(word.offset, problem, hint);
        }
        found
    });
    let region = section.need_words("region", write("region = \"beijing\""));
    let year = section.whole::<i16>("year", 2000..=2100);
    if !section.has("value") {
        section.missing("value", write("value = 0.5554"));
    }
    let value = section.real("value", 0.0..=1_000.0);
    let unit = section.words("unit");
    if let Some((unit, quantity)) = unit.as_ref().zip(quantity)
        && unit.value != quantity.unit()
    {
        let (found, wanted) = (&unit.value, quantity.unit());
        let problem = text!("单位 `{found}` 不对", "`{found}` is not its unit");
        section.note(unit.offset, problem, text!("应为 {wanted}", "it is {wanted}"));
    }
    let issued = date(section, "issued", "issued = \"2025-12-31\"");
    let document = section.need_words("document", write("document = \"公告 2025 年第 47 号\""));
    let url = section.words("url").map(|url| url.value).unwrap_or_default();
    let quantity = quantity?;
    Some(Factor {
        quantity,
        region: region?.value,
        year: year.map(|year| year.value),
        value: value?.value,
        unit: quantity.unit().to_owned(),
        issued: issued?,
        document: document?.value,
        url,
        checked: section.get::<bool>("checked").is_some_and(|checked| checked.value),
    })
}

fn date(section: &Section<'_>, key: &str, example: &str) -> Option<Date> {
    let word = section.need_words(key, write(example))?;
    let date = word.value.parse::<Date>().ok();
    if date.is_none() {
        let problem = text!("`{}` 不是日期", "`{}` is not a date", word.value);
        section.note(word.offset, problem, write(example));
    }
    date
}
