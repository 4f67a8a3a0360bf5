//! `hallwatch scan` as a process: devices of other hands (pymodbus, pysunspec2) and of our own are
//! found and named, and the configuration that it writes passes `hallwatch check`. Doors that are
//! silent, closed, of another protocol or not there cost nothing but a word.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::string_slice)]

#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "support/line.rs"]
mod line;
#[path = "support/sunspec.rs"]
#[allow(dead_code)]
mod sunspec;

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hallwatch::profile::Function;
use hallwatch::simulate::{Door, Habits, Identity, ModbusServer, RegisterImage, RtuServer, Units};
use serde_json::Value as Json;

use field::{Registers, free_port};
use line::Cable;

/// What the scan said: the configuration or JSON, and the talk.
struct Said {
    out: String,
    told: String,
    took: Duration,
}

/// Longest scan of a test.
const PATIENCE: Duration = Duration::from_secs(20);

fn scan(arguments: &[&str]) -> Said {
    let begin = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_hallwatch"))
        .arg("scan")
        .args(arguments)
        .args(["--rate", "1000"])
        .stdin(Stdio::null())
        .output()
        .expect("hallwatch");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let said = Said { out: text(output.stdout), told: text(output.stderr), took: begin.elapsed() };
    println!("{}\n{}\n{:?}", said.told, said.out, said.took);
    assert!(output.status.success(), "{arguments:?}: {}", said.told);
    assert!(said.took < PATIENCE, "{arguments:?} took {:?}", said.took);
    said
}

fn scan_json(arguments: &[&str]) -> Json {
    let said = scan(&[arguments, &["--json"]].concat());
    serde_json::from_str(&said.out).expect("JSON")
}

/// The scan in a thread of its own, for tests that serve devices themselves.
async fn scan_beside(arguments: &[&str], as_json: bool) -> (Said, Json) {
    let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    arguments.extend(as_json.then(|| "--json".to_owned()));
    let work = tokio::task::spawn_blocking(move || {
        scan(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let said = work.await.expect("a thread");
    let json = if as_json { serde_json::from_str(&said.out).expect("JSON") } else { Json::Null };
    (said, json)
}

/// Fills in what a person has to, and checks it as the program does.
fn check(block: &str) {
    let filled = block
        .replace("# zone = \"\"", "zone = \"roof\"")
        .replace("# rated_power_w = ", "rated_power_w = 50000");
    let text = format!(
        "[site]\nid = \"s\"\nname = {{ zh = \"楼\", en = \"hall\" }}\nlatitude_deg = 39.9\n\
         longitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n[web]\nlisten = \"127.0.0.1:8080\"\n\
         [[zone]]\nid = \"roof\"\nname = {{ zh = \"屋顶\", en = \"roof\" }}\n{filled}"
    );
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("hall.toml");
    std::fs::write(&path, &text).expect("file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
    let checked = command.arg("check").arg(&path).output().expect("hallwatch");
    let told = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success(), "{told}\n{text}");
    assert!(block.matches("[[device]]").count() > 0, "{block}");
}

/// Profile and sureness of the best candidate of each device.
fn best(report: &Json) -> Vec<(u64, String, String)> {
    let devices = report["devices"].as_array().expect("devices");
    let word = |value: &Json| value.as_str().unwrap_or("-").to_owned();
    devices
        .iter()
        .map(|device| {
            let best = &device["candidates"][0];
            let unit = device["unit"].as_u64().expect("unit");
            (unit, word(&best["profile"]), word(&best["sureness"]))
        })
        .collect()
}

fn found(unit: u64, profile: &str, sureness: &str) -> (u64, String, String) {
    (unit, profile.to_owned(), sureness.to_owned())
}

#[test]
fn devices_of_pysunspec2_and_pymodbus_are_found_and_named() {
    let specs = ["1", "103", "120", "64100"].map(str::to_owned);
    let sunspec = sunspec::Served::start("40000", "7", &specs);
    let goodwe = Registers::serve("goodwe-gw50ks-mt.toml");
    let huawei = Registers::serve("../golden/huawei-sun2000-quoted.toml");
    let doors = [sunspec.port, goodwe.port, huawei.port].map(|port| format!("127.0.0.1:{port}"));
    let [sunspec_at, goodwe_at, huawei_at] = doors.each_ref().map(String::as_str);

    let report = scan_json(&[sunspec_at, goodwe_at, huawei_at, "--timeout-ms", "400"]);
    assert_eq!(report["whole"], true);
    let of = |door: &str| {
        let devices = report["devices"].as_array().expect("devices");
        let here: Vec<_> = devices.iter().filter(|device| device["door"] == door).collect();
        assert_eq!(here.len(), 1, "{door}");
        here[0].clone()
    };
    let device = of(sunspec_at);
    assert_eq!(device["candidates"][0]["profile"], "sunspec");
    assert_eq!(device["candidates"][0]["sureness"], "certain");
    let models: Vec<_> = device["sunspec"]["models"].as_array().expect("models").clone();
    let ids: Vec<_> = models.iter().filter_map(|model| model["model"].as_u64()).collect();
    assert_eq!(ids, [1, 103, 120, 64_100]);
    assert_eq!(models[3]["fit"], "vendor");
    assert_eq!(device["sunspec"]["base"], 40_000);
    let device = of(goodwe_at);
    assert_eq!(device["candidates"][0]["profile"], "goodwe-dt");
    assert_eq!(device["candidates"][0]["sureness"], "likely");
    assert_eq!(device["unit"], 127);
    let device = of(huawei_at);
    assert_eq!(device["candidates"][0]["profile"], "huawei-sun2000");
    assert_eq!(device["candidates"][0]["sureness"], "certain");
    assert_eq!(device["model"], "SUN2000-5KTL-M0");
    assert_eq!(device["unit"], 1);

    let said = scan(&[sunspec_at, goodwe_at, huawei_at, "--timeout-ms", "400"]);
    assert_eq!(said.out.matches("[[device]]").count(), 3);
    assert!(said.out.contains("SUN2000-5KTL-M0"));
    assert!(said.told.contains("华为 SUN2000") && said.told.contains("GoodWe"), "{}", said.told);
    check(&said.out);
}

fn huawei() -> RegisterImage {
    let mut image = RegisterImage::default();
    image.write(Function::Holding, 30_000, &[0; 110]);
    image.write(Function::Holding, 32_000, &[0; 200]);
    // "SUN2000-50KTL-M3", then 23.4 kW, 50.01 Hz.
    let name = b"SUN2000-50KTL-M3\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let words: Vec<u16> = name.chunks(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect();
    image.write(Function::Holding, 30_000, &words);
    image.write(Function::Holding, 30_073, &[0, 50_000]);
    image.write(Function::Holding, 32_080, &[0, 23_400]);
    image.write(Function::Holding, 32_085, &[5_001]);
    image
}

fn sdm630(volts: f32) -> RegisterImage {
    let mut image = RegisterImage::default();
    image.write(Function::Input, 0, &vec![0; 400]);
    let mut float = |address: u16, value: f32| {
        let bits = value.to_bits();
        image.write(Function::Input, address, &[(bits >> 16) as u16, bits as u16]);
    };
    for phase in 0..3 {
        float(2 * phase, volts + f32::from(phase));
        float(6 + 2 * phase, 10.5);
    }
    float(70, 49.98);
    image
}

fn strange() -> RegisterImage {
    let mut image = RegisterImage::default();
    image.write(Function::Holding, 700, &[1, 2, 3]);
    image
}

/// Three units that speak for themselves.
fn line_of_three() -> Units {
    let units = Units::default();
    units.set_image(1, huawei());
    units.set_image(5, sdm630(229.5));
    units.set_image(9, strange());
    units.set_identity(9, Some(Identity::new("Acme", "A-1", "0.3")));
    units
}

fn check_three(report: &Json) {
    let expected = [
        found(1, "huawei-sun2000", "certain"),
        found(5, "eastron-sdm630", "likely"),
        found(9, "-", "-"),
    ];
    assert_eq!(best(report), expected);
    assert_eq!(report["devices"][2]["maker"], "Acme");
    assert_eq!(report["devices"][0]["rated_power_w"], 50_000.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serial_line_is_found_with_its_settings() {
    let (cable, _line) = Cable::with(line_of_three());
    let port = std::fs::canonicalize(&cable.ours).expect("a terminal");
    let port = port.to_str().expect("UTF-8");
    let line = ["--baud", "9600", "--parity", "even", "--timeout-ms", "150", "--unit", "1-9"];
    let (_, report) = scan_beside(&[&[port], &line[..]].concat(), true).await;
    check_three(&report);
    assert_eq!(report["devices"][0]["line"]["parity"], "even");
    let (said, _) = scan_beside(&[&[port], &line[..]].concat(), false).await;
    assert_eq!(said.out.matches("[[bus]]").count(), 1);
    assert!(said.out.contains("parity = \"even\"") && said.out.contains("bus = \"line-01\""));
    assert!(said.out.contains("rated_power_w = 50000  #"));
    check(&said.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serial_server_is_found_with_its_units() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = RtuServer::start(any, line_of_three()).await.expect("server");
    let door = server.address().to_string();
    let few = ["--timeout-ms", "150", "--unit", "1-9"];
    let (_, report) =
        scan_beside(&[&[door.as_str(), "--rtu-over-tcp"], &few[..]].concat(), true).await;
    check_three(&report);
    let (said, _) =
        scan_beside(&[&[door.as_str(), "--rtu-over-tcp"], &few[..]].concat(), false).await;
    assert!(said.out.contains(&format!("rtu_over_tcp = \"{door}\"")), "{}", said.out);
    check(&said.out);
    // Without the word for it nothing answers, and the scan says what to try.
    let (said, _) = scan_beside(&[&[door.as_str()], &few[..]].concat(), false).await;
    assert!(said.told.contains("--rtu-over-tcp"), "{}", said.told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_doors_cost_the_good_ones_nothing() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let units = Units::default();
    units.set_image(1, huawei());
    let good = ModbusServer::start(any, units).await.expect("server");
    let taken = ModbusServer::start(any, Units::default()).await.expect("server");
    taken.units().set_door(Door::CloseAfterAccept);
    let silent = std::net::TcpListener::bind(any).expect("listener");
    let http_port = free_port();
    let mut http = Command::new("python3")
        .args(["-m", "http.server", &http_port.to_string(), "--bind", "127.0.0.1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3");
    let web = format!("127.0.0.1:{http_port}");
    field::wait_for("a web server", PATIENCE, || std::net::TcpStream::connect(&web).ok());
    let doors = [
        good.address().to_string(),
        taken.address().to_string(),
        silent.local_addr().expect("address").to_string(),
        web,
        format!("127.0.0.1:{}", free_port()),
    ];
    let mut arguments: Vec<&str> = doors.iter().map(String::as_str).collect();
    arguments.extend(["--timeout-ms", "150", "--unit", "1-4"]);
    let (_, report) = scan_beside(&arguments, true).await;
    drop(http.kill());
    drop(http.wait());
    assert_eq!(best(&report), [found(1, "huawei-sun2000", "certain")]);
    let state = |door: &String| {
        let doors = report["doors"].as_array().expect("doors");
        let seen = doors.iter().find(|seen| seen["door"] == door.as_str());
        seen.map(|seen| (seen["state"].as_str().unwrap().to_owned(), seen["text"]["en"].clone()))
    };
    let states: Vec<_> = doors.iter().map(|door| state(door).expect(door).0).collect();
    assert_eq!(states, ["answers", "closes", "silent", "not_modbus", "refused"]);
    assert!(state(&doors[3]).unwrap().1.as_str().unwrap().contains("HTTP"));
}

#[test]
fn an_empty_network_is_empty() {
    let said = scan(&["127.77.0.0/28", "--timeout-ms", "200"]);
    assert_eq!(said.out, "", "nothing for the configuration");
    assert!(said.told.contains("0 devices found"), "{}", said.told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_answers_to_every_number_is_one_device() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let units = Units::default();
    for unit in 1..=247 {
        units.set_image(unit, huawei());
    }
    let server = ModbusServer::start(any, units).await.expect("server");
    let door = server.address().to_string();
    let (_, report) = scan_beside(&[&door, "--unit", "all", "--timeout-ms", "300"], true).await;
    assert_eq!(best(&report), [found(1, "huawei-sun2000", "certain")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dongle_with_one_connection_that_is_deaf_at_first_is_found() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let units = Units::default();
    units.set_habits(Habits {
        pause_after_connect_ms: 1_500,
        one_client: true,
        ..Habits::default()
    });
    units.set_image(1, huawei());
    units.set_image(3, huawei());
    let server = ModbusServer::start(any, units).await.expect("server");
    let door = server.address().to_string();
    let (said, _) = scan_beside(&[&door, "--unit", "1-3", "--timeout-ms", "150"], false).await;
    assert_eq!(said.out.matches("[[device]]").count(), 2);
    assert!(said.told.contains("answers nothing in the first 2 s"), "{}", said.told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_configured_already_is_told() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let units = Units::default();
    units.set_image(1, huawei());
    units.set_image(2, huawei());
    let server = ModbusServer::start(any, units).await.expect("server");
    let door = server.address().to_string();
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("hall.toml");
    let text = format!(
        "[site]\nid = \"s\"\nname = {{ zh = \"楼\", en = \"hall\" }}\nlatitude_deg = 39.9\n\
         longitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n[web]\nlisten = \"127.0.0.1:8080\"\n\
         [[zone]]\nid = \"roof\"\nname = {{ zh = \"屋顶\", en = \"roof\" }}\n\
         [[bus]]\nid = \"logger\"\ntcp = \"{door}\"\n\
         [[device]]\nid = \"inv-01\"\nname = {{ zh = \"一\", en = \"one\" }}\nzone = \"roof\"\n\
         profile = \"huawei-sun2000\"\nbus = \"logger\"\nunit = 1\nrated_power_w = 50000\n"
    );
    std::fs::write(&path, &text).expect("file");
    let config = path.to_str().expect("UTF-8");
    let arguments = ["logger", "--config", config, "--unit", "1-3", "--timeout-ms", "200"];
    let (said, _) = scan_beside(&arguments, false).await;
    assert!(said.told.contains("stop it first"), "{}", said.told);
    assert!(said.out.contains("already in the configuration as inv-01"), "{}", said.out);
    assert_eq!(said.out.matches("[[device]]").count(), 1);
    assert!(said.out.contains("id = \"inv-02\"") && said.out.contains("bus = \"logger\""));
    assert!(said.out.contains("zone = \"roof\""), "the only zone is filled in");
    let whole = format!("{text}{}", said.out);
    std::fs::write(&path, &whole).expect("file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
    let checked = command.arg("check").arg(&path).output().expect("hallwatch");
    assert!(checked.status.success(), "{}\n{whole}", String::from_utf8_lossy(&checked.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_it_with_what_was_found() {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let units = Units::default();
    units.set_image(1, huawei());
    let server = RtuServer::start(any, units).await.expect("server");
    let door = server.address().to_string();
    let arguments = ["scan", &door, "--rtu-over-tcp", "--unit", "all", "--timeout-ms", "2000"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_hallwatch"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hallwatch");
    let pid = child.id().to_string();
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let watch = tokio::task::spawn_blocking(move || {
        let is_found = |line: &String| line.contains("huawei-sun2000");
        let mut told: Vec<String> = Vec::new();
        while !told.last().is_some_and(is_found) {
            told.push(lines.next().expect("more to tell").expect("a line"));
        }
        // The next units are silent, two seconds each.
        let interrupted = Command::new("kill").args(["-INT", &pid]).status().expect("kill");
        assert!(interrupted.success());
        let begin = Instant::now();
        told.extend(lines.map(|line| line.expect("a line")));
        let output = child.wait_with_output().expect("hallwatch");
        (told.join("\n"), output, begin.elapsed())
    });
    let (told, output, took) = watch.await.expect("a thread");
    assert!(took < Duration::from_secs(3), "it ends at once, not after {took:?}");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("ended early"), "{told}");
    assert!(out.contains("huawei-sun2000"), "{told}{out}");
}
