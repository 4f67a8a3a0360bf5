//! A ready piece of configuration for what was found.

use std::collections::BTreeMap;

use crate::model::{DeviceKind, Text};
use crate::profile::{Profile, Protocol};
use crate::source::modbus::config::{Parity, Transport};

use super::finding::{Finding, ScanReport, Sureness};

/// What the configuration has already.
#[derive(Debug, Clone, Default)]
pub struct BlockOptions {
    /// Ids of devices and buses that are taken.
    pub ids: Vec<String>,
    /// The zone of the new devices, if it is known.
    pub zone: Option<String>,
}

/// The piece of `hall.toml` for a report: buses, then devices. What a person has to fill in or
/// judge stands in comments.
#[must_use]
pub fn config_block(report: &ScanReport, options: &BlockOptions) -> String {
    let mut writer = Writer { options, out: String::new(), used: BTreeMap::new(), buses: vec![] };
    writer.out.push_str(
        "# hallwatch scan 的结果：填好 zone 和 rated_power_w，放进 hall.toml，再运行 hallwatch check。\n\
         # Found by hallwatch scan: fill in zone and rated_power_w, put it into hall.toml, then run\n\
         # hallwatch check.\n",
    );
    let new = |finding: &&Finding| finding.configured_as.is_none() && finding.best().is_some();
    for finding in report.devices.iter().filter(new) {
        writer.bus(finding);
    }
    for finding in &report.devices {
        writer.device(finding);
    }
    writer.out
}

struct Writer<'a> {
    options: &'a BlockOptions,
    out: String,
    /// Numbers used, by the beginning of the id.
    used: BTreeMap<&'static str, usize>,
    /// Doors of new buses, and their ids.
    buses: Vec<(String, String)>,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// A new id with this beginning.
    fn id(&mut self, start: &'static str) -> (String, usize) {
        let used = self.used.entry(start).or_default();
        loop {
            *used += 1;
            let id = format!("{start}-{used:02}");
            if !self.options.ids.contains(&id) {
                return (id, *used);
            }
        }
    }

    /// The bus of a finding, where it needs one that is not there yet.
    fn bus(&mut self, finding: &Finding) {
        let needs = !matches!(finding.transport, Transport::Tcp(_)) && finding.bus.is_none();
        let known = self.buses.iter().any(|(door, _)| *door == finding.door);
        if !needs || known {
            return;
        }
        let (id, _) = self.id("line");
        let mut lines = vec![String::new(), "[[bus]]".to_owned(), format!("id = \"{id}\"")];
        match &finding.transport {
            Transport::Serial(line) => {
                lines.push(format!("serial = {}", quoted(&line.path.display().to_string())));
                lines.push(format!("baud_rate = {}", line.baud_rate));
                let parity = match line.parity {
                    Parity::None => "none",
                    Parity::Even => "even",
                    Parity::Odd => "odd",
                };
                lines.push(format!("parity = \"{parity}\""));
            }
            Transport::RtuOverTcp(address) => {
                lines.push(format!("rtu_over_tcp = {}", quoted(address)));
            }
            // The others are buses of the configuration: nobody finds them by knocking.
            Transport::Tcp(_) | Transport::Tls(_) | Transport::DialIn(_) => return,
        }
        for line in lines {
            self.line(&line);
        }
        self.buses.push((finding.door.clone(), id));
    }

    fn device(&mut self, finding: &Finding) {
        let head = format!("{}, unit {}: {}", finding.door, finding.unit, both(&finding.name()));
        self.line("");
        self.line(&comment(&head));
        if let Some(id) = &finding.configured_as {
            let line = format!("# 配置中已有：{id} / already in the configuration as {id}");
            self.line(&line);
            return;
        }
        let Some(best) = finding.best() else {
            self.line(
                "# 可用 hallwatch detect 摸清寄存器 / hallwatch detect helps to find its registers",
            );
            return;
        };
        self.facts(finding);
        let is_sunspec = matches!(best.profile.protocol, Protocol::Sunspec { .. });
        let map = finding.sunspec.as_ref().filter(|_| is_sunspec);
        let instances = map.map_or(1, |seen| seen.instances);
        for instance in 1..=instances.clamp(1, 8) {
            let instance = (instances > 1).then_some(instance);
            let lines = self.lines(finding, &best.profile, instance);
            let unsure = best.sureness == Sureness::Possible;
            for line in lines {
                // What is only possible must not read nonsense by oversight.
                self.line(&if unsure { comment(&line) } else { line });
            }
        }
    }

    /// Why it is what it is, in comments.
    fn facts(&mut self, finding: &Finding) {
        let Finding { candidates, identity, .. } = finding;
        let named = [("序列号 serial", &identity.serial), ("固件 firmware", &identity.firmware)];
        for (what, value) in named {
            if let Some(value) = value {
                self.line(&comment(&format!("{what}: {value}")));
            }
        }
        for (n, candidate) in candidates.iter().enumerate() {
            let why: Vec<&Text> = candidate.why.iter().collect();
            let zh: Vec<&str> = why.iter().map(|text| &*text.zh).collect();
            let en: Vec<&str> = why.iter().map(|text| &*text.en).collect();
            let sure = candidate.sureness.text();
            let or = if n == 0 { "" } else { "或 or " };
            let id = &candidate.profile.id;
            self.line(&comment(&format!("{or}{id}：{}：{}", sure.zh, zh.join("；"))));
            self.line(&comment(&format!("{or}{id}: {}: {}", sure.en, en.join("; "))));
        }
    }

    fn lines(
        &mut self,
        finding: &Finding,
        profile: &Profile,
        instance: Option<u16>,
    ) -> Vec<String> {
        let (start, zh, en) = what(profile.kind);
        let (id, number) = self.id(start);
        let said = finding.identity.model.as_deref().map(plain).unwrap_or_default();
        let (zh_said, en_said) = match said.as_str() {
            "" => (String::new(), String::new()),
            said => (format!("（{said}）"), format!(" ({said})")),
        };
        let zone = self.options.zone.as_ref();
        let mut lines = vec![
            "[[device]]".to_owned(),
            format!("id = \"{id}\""),
            format!(
                "name = {{ zh = {}, en = {} }}",
                quoted(&format!("{number} 号{zh}{zh_said}")),
                quoted(&format!("{en} {number}{en_said}")),
            ),
            zone.map_or_else(
                || "# zone = \"\"  # 填写区域 / fill in its zone".to_owned(),
                |zone| format!("zone = {}", quoted(zone)),
            ),
            format!("profile = \"{}\"", profile.id),
        ];
        if profile.kind.is_none() {
            lines.push("# kind = \"\"  # 填写设备类别 / fill in what it is".to_owned());
        }
        let new_bus = self.buses.iter().find(|(door, _)| *door == finding.door);
        let bus = finding.bus.as_ref().or(new_bus.map(|(_, id)| id));
        lines.push(bus.map_or_else(
            || format!("modbus = {}", quoted(&finding.door)),
            |bus| format!("bus = \"{bus}\""),
        ));
        lines.push(format!("unit = {}", finding.unit));
        lines.extend(instance.map(|instance| format!("sunspec_instance = {instance}")));
        if profile.kind == Some(DeviceKind::Inverter) {
            lines.push(match finding.identity.rated_power_w {
                Some(watts) => format!(
                    "rated_power_w = {watts:.0}  # 设备自报，请与铭牌核对 / as it says itself; \
                     compare with the nameplate"
                ),
                None => {
                    "# rated_power_w =   # 按铭牌填写交流额定功率（瓦） / fill in the AC watts \
                         on its nameplate"
                        .to_owned()
                }
            });
        }
        lines
    }
}

/// The beginning of ids of this kind, and its name.
fn what(kind: Option<DeviceKind>) -> (&'static str, &'static str, &'static str) {
    match kind {
        Some(DeviceKind::Inverter) => ("inv", "逆变器", "inverter"),
        Some(DeviceKind::Meter) => ("meter", "电表", "meter"),
        Some(DeviceKind::Weather) => ("weather", "气象站", "weather station"),
        _ => ("device", "设备", "device"),
    }
}

fn both(text: &Text) -> String {
    if text.zh == text.en { text.en.clone() } else { format!("{} / {}", text.zh, text.en) }
}

/// A comment in one line, whatever a device has put into its texts.
fn comment(line: &str) -> String {
    format!("# {}", plain(line))
}

/// Without control characters, and not endless.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(400).collect()
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in plain(text).chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Candidate, Identity};
    use super::*;
    use crate::profile::Catalog;

    fn finding(sureness: Sureness, model: &str) -> Finding {
        let catalog = Catalog::shipped().expect("profiles");
        let profile = catalog.get("goodwe-dt").expect("profile").clone();
        Finding {
            door: "10.0.0.7:502".to_owned(),
            transport: Transport::Tcp("10.0.0.7:502".to_owned()),
            bus: None,
            unit: 127,
            candidates: vec![Candidate { profile, sureness, score: 0, why: Vec::new() }],
            identity: Identity { model: Some(model.to_owned()), ..Identity::default() },
            identification: Vec::new(),
            sunspec: None,
            configured_as: None,
            notes: Vec::new(),
        }
    }

    fn block(finding: Finding) -> String {
        let report = ScanReport { devices: vec![finding], ..ScanReport::default() };
        let options = BlockOptions { ids: vec!["inv-01".to_owned()], zone: None };
        config_block(&report, &options)
    }

    #[test]
    fn ids_that_are_taken_are_left_alone() {
        let block = block(finding(Sureness::Likely, "GW50"));
        assert!(block.contains("\nid = \"inv-02\"\n"), "{block}");
        assert!(block.contains("2 号逆变器（GW50）"), "{block}");
        assert!(block.contains("modbus = \"10.0.0.7:502\"\nunit = 127\n"), "{block}");
    }

    #[test]
    fn what_a_device_says_of_itself_cannot_write_configuration() {
        let block = block(finding(Sureness::Likely, "x\"\n[[device]]\nid = \"evil\\"));
        let parsed: toml::Table = toml::from_str(&block).expect("TOML");
        let devices = parsed["device"].as_array().expect("devices");
        assert_eq!(devices.len(), 1, "{block}");
        assert_eq!(devices[0]["id"].as_str(), Some("inv-02"));
    }

    #[test]
    fn what_is_only_possible_stands_in_comments() {
        let block = block(finding(Sureness::Possible, "GW50"));
        assert!(block.contains("# [[device]]"), "{block}");
        assert!(toml::from_str::<toml::Table>(&block).expect("TOML").is_empty(), "{block}");
    }
}
