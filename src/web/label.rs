//! Labels for the machines: a code that leads a visitor's phone to the machine's own page, as a
//! picture and as a sheet to print.

use std::sync::Arc;

use qrcode::{EcLevel, QrCode};

use crate::model::{Device, Text, Zone, escaped};
use crate::repair::Labels;

/// Light modules around the code, as its standard asks for.
const QUIET: usize = 4;

/// Why a label cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nobody has said under which address visitors reach the page.
    #[error("`[web] public_url` is not set")]
    NoAddress,
    /// The address does not fit into a code.
    #[error("`{0}` is too long for a label")]
    TooLong(String),
}

impl LabelError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::NoAddress => "没有设置 `[web] public_url`".to_owned(),
            Self::TooLong(address) => format!("`{address}` 太长，放不进标签"),
        };
        Text::new(zh, self.to_string())
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::NoAddress => Text::new(
                "在 hall.toml 的 [web] 中写 public_url = \"http://10.1.2.3:8080\"（访客手机能打开的地址）",
                "write public_url = \"http://10.1.2.3:8080\" into [web] of hall.toml: the address that \
                 visitors' phones can open",
            ),
            Self::TooLong(_) => Text::new("换一个短的 public_url", "choose a shorter public_url"),
        }
    }
}

/// The address of a machine's page for visitors.
fn address(public_url: &str, labels: &Labels, device: &Device) -> String {
    format!("{public_url}/m/{}?k={}", device.id, labels.token(&device.id))
}

/// The dark modules as an SVG path, and the width with the light frame.
fn code(address: &str) -> Result<(String, usize), LabelError> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M)
        .map_err(|_| LabelError::TooLong(address.to_owned()))?;
    let width = code.width();
    let dark = code.to_colors();
    let mut path = String::new();
    for (y, row) in dark.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            let length = run.len();
            if run.first() == Some(&qrcode::Color::Dark) {
                let (left, top) = (x + QUIET, y + QUIET);
                path.push_str(&format!("M{left} {top}h{length}v1h-{length}z"));
            }
            x += length;
        }
    }
    Ok((path, width + 2 * QUIET))
}

/// One label as a picture: the code, the name and the id.
pub(super) fn svg(
    public_url: Option<&str>,
    labels: &Labels,
    device: &Device,
) -> Result<String, LabelError> {
    let public_url = public_url.ok_or(LabelError::NoAddress)?;
    let (path, width) = code(&address(public_url, labels, device))?;
    let (zh, en) = (escaped(&device.name.zh), escaped(&device.name.en));
    let (height, middle) = (width + 12, width / 2);
    let (first, second, third) = (width + 2, width + 6, width + 10);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" text-anchor=\"middle\">\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/><path d=\"{path}\"/>\
         <text x=\"{middle}\" y=\"{first}\" font-size=\"3.4\">{zh}</text>\
         <text x=\"{middle}\" y=\"{second}\" font-size=\"2.6\">{en}</text>\
         <text x=\"{middle}\" y=\"{third}\" font-size=\"2.2\" fill=\"#555\">{}</text></svg>",
        device.id
    ))
}

/// All labels of a hall, to print.
pub struct Sheet<'a> {
    /// Name of the building.
    pub site: &'a Text,
    /// Its zones, in the order of printing.
    pub zones: &'a [Zone],
    /// Its machines.
    pub devices: &'a [Arc<Device>],
    /// Makes the tokens.
    pub labels: &'a Labels,
    /// Where visitors reach the page, if that is set.
    pub public_url: Option<&'a str>,
}

const SHEET_STYLE: &str = "@page{size:A4;margin:12mm}body{font-family:sans-serif;margin:0}\
    h2{font-size:13pt;margin:6mm 0 3mm}section{display:flex;flex-wrap:wrap;gap:4mm}\
    article{width:56mm;height:82mm;border:.3mm dashed #999;text-align:center;break-inside:avoid;\
    box-sizing:border-box;padding:2mm;overflow:hidden}svg{width:42mm;height:42mm}\
    p{margin:0 0 1mm;font-size:9pt}b{font-size:11pt}small{color:#555;font-size:7pt}";

impl Sheet<'_> {
    /// The sheet as one HTML page, zone by zone.
    ///
    /// # Errors
    /// [`LabelError`].
    pub fn html(&self) -> Result<String, LabelError> {
        let public_url = self.public_url.ok_or(LabelError::NoAddress)?;
        let site = escaped(&self.site.zh);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
             <title>{site} 设备标签 labels</title><style>{SHEET_STYLE}</style></head><body>\n"
        );
        for zone in self.zones {
            let of_zone = self.devices.iter().filter(|device| device.zone == zone.id);
            let articles = of_zone.map(|device| self.article(public_url, device));
            let articles = articles.collect::<Result<String, _>>()?;
            if !articles.is_empty() {
                let (zh, en) = (escaped(&zone.name.zh), escaped(&zone.name.en));
                page.push_str(&format!("<h2>{zh} {en}</h2>\n<section>\n{articles}</section>\n"));
            }
        }
        page.push_str("</body></html>\n");
        Ok(page)
    }

    fn article(&self, public_url: &str, device: &Device) -> Result<String, LabelError> {
        let (path, width) = code(&address(public_url, self.labels, device))?;
        let (zh, en) = (escaped(&device.name.zh), escaped(&device.name.en));
        Ok(format!(
            "<article><p><b>{zh}</b></p><p>{en}</p>\
             <svg viewBox=\"0 0 {width} {width}\"><path d=\"{path}\"/></svg>\
             <p>扫码看状态、报故障</p><p>Scan for its state, or to report a fault</p>\
             <small>{}</small></article>\n",
            device.id
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeviceId, DeviceKind, ZoneId};

    fn device(id: &str, name: &str) -> Device {
        Device {
            id: DeviceId::parse(id).expect("id"),
            name: Text::same(name),
            zone: ZoneId::parse("a").expect("id"),
            kind: DeviceKind::TicketMachine,
            profile: "any".to_owned(),
            rated_power_w: None,
            interval_ms: 5_000,
            stale_after_ms: 15_000,
        }
    }

    #[test]
    fn the_code_holds_the_modules_of_the_address() {
        let address = "http://10.1.2.3:8080/m/tm-1?k=0123456789abcdef";
        let (path, width) = code(address).expect("fits");
        let code = QrCode::with_error_correction_level(address, EcLevel::M).expect("fits");
        assert_eq!(width, code.width() + 2 * QUIET);
        // Read the path back and compare module by module.
        let mut dark = vec![false; width * width];
        for run in path.split('z').filter(|run| !run.is_empty()) {
            let (place, rest) = run.trim_start_matches('M').split_once('h').expect("a run");
            let (x, y) = place.split_once(' ').expect("a place");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let length: usize = rest.split('v').next().and_then(|n| n.parse().ok()).expect("n");
            (x..x + length).for_each(|x| dark[y * width + x] = true);
        }
        for y in 0..code.width() {
            for x in 0..code.width() {
                let wanted = code[(x, y)] == qrcode::Color::Dark;
                assert_eq!(dark[(y + QUIET) * width + x + QUIET], wanted, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_sheet_has_every_machine_once_and_escapes_names() {
        let folder = tempfile::tempdir().expect("folder");
        let labels = Labels::open(folder.path()).expect("key");
        let zone = |id: &str| Zone {
            id: ZoneId::parse(id).expect("id"),
            name: Text::new("一层", "floor 1"),
            floor: Some(1),
        };
        let devices = [device("tm-1", "a & b"), device("tm-2", "<script>")].map(Arc::new);
        let (site, zones) = (Text::same("hall"), [zone("a"), zone("empty")]);
        let url = "http://10.1.2.3:8080";
        let sheet = Sheet {
            site: &site,
            zones: &zones,
            devices: &devices,
            labels: &labels,
            public_url: Some(url),
        };
        let html = sheet.html().expect("made");
        assert_eq!(html.matches("<article>").count(), 2);
        assert_eq!(html.matches("<h2>").count(), 1);
        assert!(html.contains("a &amp; b") && html.contains("&lt;script&gt;"));
        assert!(!html.contains("<script>"));
        let picture = svg(Some(url), &labels, &devices[1]).expect("made");
        assert!(picture.contains("&lt;script&gt;") && !picture.contains("<script>"));
        let without = Sheet { public_url: None, ..sheet };
        assert_eq!(without.html(), Err(LabelError::NoAddress));
    }
}
