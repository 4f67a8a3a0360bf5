//! The gateway as a process, with a bus of every kind: a serial line, a serial server, Modbus TCP,
//! Modbus/TCP Security, and a logger that dials in. The same meter is behind each, and the API
//! shows the values that its registers mean.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hallwatch::profile::Function;
use hallwatch::simulate::{Logger, LoggerOptions, RegisterImage, TlsServer, Units};
use hallwatch::source::modbus::Framing;

#[path = "support/certificates.rs"]
#[allow(dead_code)] // and the stranger
mod certificates;
#[path = "support/field.rs"]
#[allow(dead_code)] // the broker is for other tests
mod field;
#[path = "support/line.rs"]
mod line;

use certificates::Certificates;
use field::{Daemon, Registers, free_port, root, wait_for};
use line::Cable;

const METER: &str = "tests/golden/eastron-sdm630.toml";
const BUSES: [&str; 5] = ["line", "server", "plain", "secure", "logger"];

fn golden() -> toml::Table {
    std::fs::read_to_string(root().join(METER)).expect("golden file").parse().expect("TOML")
}

/// The meter as a unit of ours.
fn units() -> Units {
    let mut image = RegisterImage::default();
    for block in golden()["block"].as_array().expect("blocks") {
        let start = block["start"].as_integer().expect("start") as u16;
        let words = block["words"].as_str().expect("words").split_whitespace();
        let words: Vec<u16> = words.map(|w| u16::from_str_radix(w, 16).expect("hex")).collect();
        image.write(Function::Input, start, &words);
    }
    let units = Units::default();
    units.set_image(1, image);
    units
}

fn config(ways: &[String; 5]) -> String {
    let mut text = "[site]\nid = \"hall\"\nname = { zh = \"大厅\", en = \"hall\" }\n\
         latitude_deg = 39.9\nlongitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n\
         [data]\nfolder = \"data\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [[zone]]\nid = \"roof\"\nname = { zh = \"屋顶\", en = \"roof\" }\n"
        .to_owned();
    for (bus, way) in BUSES.iter().zip(ways) {
        text.push_str(&format!(
            "[[bus]]\nid = \"{bus}\"\n{way}\n[[device]]\nid = \"meter-{bus}\"\n\
             name = {{ zh = \"电表\", en = \"meter\" }}\nzone = \"roof\"\n\
             profile = \"eastron-sdm630\"\nbus = \"{bus}\"\nunit = 1\ninterval_s = 1\n"
        ));
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_is_read_over_every_kind_of_bus() {
    let folder = tempfile::tempdir().expect("folder");
    let certificates = Certificates::make();
    let (cable, _line) = Cable::with(units());
    let rtu = Registers::serve_file(&root().join(METER), &["rtu"]);
    let tcp = Registers::serve_file(&root().join(METER), &[]);
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let tls = TlsServer::start(any, units(), certificates.server_config()).await.expect("server");
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let logger = LoggerOptions::new(listen, Framing::Rtu, b"866123456789012");
    let _logger = Logger::start(logger, units());
    let ways = [
        format!("serial = \"{}\"\nbaud_rate = 19200\nparity = \"even\"", cable.ours.display()),
        format!("rtu_over_tcp = \"127.0.0.1:{}\"", rtu.port),
        format!("tcp = \"127.0.0.1:{}\"", tcp.port),
        format!(
            "tls = \"127.0.0.1:{}\"\nserver_name = \"localhost\"\nca_file = \"{}\"\n\
             certificate_file = \"{}\"\nkey_file = \"{}\"",
            tls.address().port(),
            certificates.authority.display(),
            certificates.client.certificate.display(),
            certificates.client.key.display(),
        ),
        format!("listen = \"{listen}\"\nregistration = \"866123456789012\""),
    ];
    let path = folder.path().join("hall.toml");
    std::fs::write(&path, config(&ways)).expect("config");
    let (checked, seconds) = tokio::task::spawn_blocking(move || {
        let daemon = Daemon::run(&path);
        let begun = std::time::Instant::now();
        let checked: usize = BUSES.iter().map(|bus| check(&daemon, bus)).sum();
        let seconds = begun.elapsed().as_secs();
        daemon.terminate();
        (checked, seconds)
    })
    .await
    .expect("the gateway");
    println!("{checked} values of {} buses right after {seconds} s", BUSES.len());
}

/// Waits for the meter on a bus and compares all its values; how many there were.
fn check(daemon: &Daemon, bus: &str) -> usize {
    let expected = golden()["expected"].as_table().expect("expected").clone();
    let points = wait_for(bus, Duration::from_secs(30), || {
        let answer = daemon.get(&format!("/api/v1/devices/meter-{bus}"));
        let points = answer["device"]["points"].as_array()?.clone();
        (answer["device"]["link"]["up"] == true && points.len() >= expected.len()).then_some(points)
    });
    for (name, wanted) in &expected {
        let point = points.iter().find(|point| point["name"] == name.as_str());
        let value = point.and_then(|point| point["value"].as_f64());
        assert_eq!(value, wanted.as_float(), "{bus}: {name}");
    }
    expected.len()
}
