//! Inverters that are asked once a second and have a fault word.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use hallwatch::profile::Function;
use hallwatch::simulate::{ModbusServer, RegisterImage, Units};

const PROFILE: &str = r#"
id = "roof"
kind = "inverter"
vendor = "none"
name = { zh = "测试", en = "roof" }
source = "none: made for a benchmark"
interval_s = 1
[[table]]
id = "all"
function = "holding"
source = "none"
[[table.point]]
name = "ac_power_w"
address = 0
type = "u16"
[[table.point]]
name = "state"
address = 1
type = "u16"
values = { "0" = "standby", "1" = "mppt", "2" = "fault" }
[[table.point]]
name = "fault"
address = 2
type = "u16"
bits = { "0" = "grid-loss" }
[[fault]]
code = "grid-loss"
severity = "major"
zh = "电网掉电"
en = "grid loss"
"#;

/// The shipped rule, raised without its minute.
const RULES: &str = "[[change]]\nid = \"PV002\"\nfor_s = 0\n";

/// The n-th inverter.
pub(crate) fn id(n: usize) -> String {
    format!("inv-{n:03}")
}

const fn unit(n: usize) -> u8 {
    n as u8 + 1
}

/// All inverters behind one server, each on an address of its own.
pub(crate) struct Roof {
    server: ModbusServer,
    pub(crate) config: PathBuf,
}

impl Roof {
    pub(crate) async fn start(folder: &Path, count: usize, channels: &str) -> Self {
        assert!(count < 250, "each has a unit");
        let units = Units::default();
        (0..count).for_each(|n| units.set_image(unit(n), image(false)));
        let server = ModbusServer::start((Ipv4Addr::UNSPECIFIED, 0).into(), units).await;
        let server = server.expect("a port");
        let mut text = format!(
            "rules = \"rules.toml\"\nprofiles = \"profiles\"\n\
             [site]\nid = \"roof\"\nname = {{ zh = \"屋顶\", en = \"roof\" }}\nlatitude_deg = 39.9\n\
             longitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n[data]\nfolder = \"data\"\n\
             [web]\nlisten = \"127.0.0.1:0\"\n{channels}\
             [[zone]]\nid = \"roof\"\nname = {{ zh = \"屋顶\", en = \"roof\" }}\n"
        );
        for n in 0..count {
            write!(
                text,
                "[[device]]\nid = \"{}\"\nname = {{ zh = \"逆变器{n}\", en = \"inverter {n}\" }}\n\
                 zone = \"roof\"\nprofile = \"roof\"\nrated_power_w = 20000\n\
                 modbus = \"127.0.1.{}:{}\"\nunit = {}\n",
                id(n),
                n + 1,
                server.address().port(),
                unit(n)
            )
            .expect("text");
        }
        std::fs::create_dir_all(folder.join("profiles")).expect("folder");
        std::fs::write(folder.join("profiles/roof.toml"), PROFILE).expect("profile");
        std::fs::write(folder.join("rules.toml"), RULES).expect("rules");
        let config = folder.join("hall.toml");
        std::fs::write(&config, text).expect("configuration");
        Self { server, config }
    }

    /// The fault word of one is set.
    pub(crate) fn trip(&self, n: usize) {
        self.server.units().set_image(unit(n), image(true));
    }
}

fn image(tripped: bool) -> RegisterImage {
    let mut image = RegisterImage::default();
    let words = if tripped { [0, 2, 1] } else { [9_000, 1, 0] };
    image.write(Function::Holding, 0, &words);
    image
}
