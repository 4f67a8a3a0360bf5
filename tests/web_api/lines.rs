//! Buses, plans, registers and recordings: a line with a GoodWe whose captured registers are
//! known, and a unit that is not there.

use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::Clock as _;
use hallwatch::model::{Device, DeviceId, DeviceKind, Text, ZoneId};
use hallwatch::profile::{Catalog, Function, Protocol};
use hallwatch::simulate::{Misbehaviour, ModbusServer, RegisterImage, Units};
use hallwatch::source::modbus::recording::{Answer, Recording};
use hallwatch::source::modbus::{ByHand, Config, Transport, Unit};
use hallwatch::web::Limits;

use super::client::{get, local, request};
use super::contract;
use super::hall::{Hall, NOW, PASSWORD};

const CAPTURE: &str = include_str!("../captures/goodwe-gw17k-dt.toml");

/// The line `roof`: unit 127 is inv-01 with the captured registers, unit 9 does not answer.
struct Line {
    _server: ModbusServer,
    hand: ByHand,
}

impl Line {
    async fn open(hall: &Hall) -> Self {
        let capture: toml::Table = CAPTURE.parse().expect("TOML");
        let mut image = RegisterImage::default();
        for block in capture["block"].as_array().expect("blocks") {
            let start = block["start"].as_integer().expect("start");
            let words = block["words"].as_str().expect("words").split_whitespace();
            let words: Vec<u16> =
                words.map(|word| u16::from_str_radix(word, 16).expect("a word")).collect();
            image.write(Function::Holding, u16::try_from(start).expect("address"), &words);
        }
        let units = Units::default();
        units.set_image(127, image);
        units.set_misbehaviour(9, [Misbehaviour::Silent]);
        let server = ModbusServer::start("127.0.0.1:0".parse().expect("address"), units).await;
        let server = server.expect("listens");
        let profile = Catalog::shipped().expect("catalog").get("goodwe-dt").expect("there").clone();
        let Protocol::Registers { bus, .. } = &profile.protocol else { panic!("registers") };
        let mut bus = bus.clone();
        bus.timeout_ms = 200;
        let unit = |id: &str, unit| Unit {
            device: Arc::new(Device {
                id: DeviceId::parse(id).expect("id"),
                name: Text::same(id),
                zone: ZoneId::parse("roof").expect("id"),
                kind: DeviceKind::Inverter,
                profile: profile.id.clone(),
                rated_power_w: None,
                interval_ms: 1_000,
                stale_after_ms: 30_000,
            }),
            profile: profile.clone(),
            unit,
            sunspec_instance: None,
            bus: bus.clone(),
        };
        let config = Config {
            name: "roof".to_owned(),
            transport: Transport::Tcp(server.address().to_string()),
            units: vec![unit("inv-01", 127), unit("inv-02", 9)],
        };
        let hand = ByHand::new(&config, None, &hall.monitor);
        Self { _server: server, hand }
    }

    async fn round(&mut self, hall: &Hall) {
        self.hand.round(|| hall.clock.now()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_its_plan_and_its_registers_are_told() {
    let hall = Hall::open().await;
    let mut line = Line::open(&hall).await;
    for _ in 0..3 {
        line.round(&hall).await;
    }
    let told: contract::Buses = get(hall.address, "/api/v1/buses").await.json(200);
    assert_eq!((told.total, told.bounds_ms.len()), (1, 14));
    let bus = &told.buses[0];
    assert_eq!((bus.name.as_str(), bus.transport.as_str()), ("roof", "tcp"));
    assert!(bus.utilisation > 0.0 && bus.busy_ms >= 600, "three deadlines of 200 ms: {bus:?}");
    let [silent, good] = &bus.units[..] else { panic!("two units: {:?}", bus.units) };
    assert_eq!((silent.unit, silent.devices.as_slice()), (9, &["inv-02".to_owned()][..]));
    assert!(silent.timeouts >= 3 && silent.answers == 0 && silent.unanswered >= 3);
    assert!(good.answers >= 3 && good.timeouts == 0 && good.latency.total >= good.answers);
    assert_eq!(good.latency.counts.iter().sum::<u64>(), good.latency.total);
    assert_eq!(bus.findings[0].weight, "trouble");
    assert!(bus.findings[0].text.en.starts_with("unit 9 (inv-02) has never answered"));
    let few: contract::Buses = get(hall.address, "/api/v1/buses?limit=0").await.json(200);
    assert_eq!((few.total, few.buses.len()), (1, 0));
    get(hall.address, "/api/v1/buses?limit=all").await.problem(400);

    let plan: contract::Plan = get(hall.address, "/api/v1/devices/inv-01/plan").await.json(200);
    assert_eq!((plan.line.as_str(), plan.unit), ("roof", 127));
    let of = |name: &str| plan.reads.iter().find(|read| read.points.iter().any(|p| p == name));
    let read = of("mppt_1_voltage_v").expect("planned");
    assert!(read.function == 3 && read.start <= 30103 && read.start + read.count > 30103);

    let told: contract::Registers =
        get(hall.address, "/api/v1/devices/inv-01/registers").await.json(200);
    let of = |name: &str| told.registers.iter().find(|r| r.name == name).expect(name);
    // Register 30103 of the capture is 0x1518 = 5400, in tenths of a volt.
    let voltage = of("mppt_1_voltage_v");
    assert_eq!((voltage.address, voltage.words.as_slice()), (30103, &["1518".to_owned()][..]));
    assert_eq!((voltage.value.as_f64(), voltage.unit.as_str()), (Some(540.0), "V"));
    assert_eq!((voltage.quality.as_str(), voltage.read_ms), ("good", Some(NOW)));
    // The capture does not hold the registers of the serial number: the server refuses them.
    let serial = of("serial_number");
    assert_eq!((serial.quality.as_str(), serial.words.len()), ("refused_by_device", 0));
    assert!(serial.reason.as_ref().expect("why").en.starts_with("exception 2"));
    for register in &told.registers {
        let valued = !register.value.is_null();
        assert_eq!(valued, register.quality == "good", "{register:?}");
    }
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_registers_is_told_so() {
    let hall = Hall::open().await;
    for what in ["plan", "registers", "recording"] {
        get(hall.address, &format!("/api/v1/devices/nobody/{what}")).await.problem(404);
        get(hall.address, &format!("/api/v1/devices/kiosk-01/{what}")).await.problem(404);
    }
    let none: contract::Buses = get(hall.address, "/api/v1/buses").await.json(200);
    assert_eq!((none.total, none.buses.len()), (0, 0));
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_the_line_and_histograms_that_add_up() {
    let hall = Hall::open().await;
    let mut line = Line::open(&hall).await;
    line.round(&hall).await;
    let text = String::from_utf8(get(hall.address, "/metrics").await.body).expect("text");
    for line in [
        "hallwatch_modbus_lines 1",
        "hallwatch_modbus_connects_total{line=\"roof\",transport=\"tcp\"} ",
        "hallwatch_modbus_timeouts_total{line=\"roof\",unit=\"9\"} 1",
        "hallwatch_modbus_answer_seconds_bucket{line=\"roof\",unit=\"127\",le=\"0.001\"} ",
        "hallwatch_modbus_answer_seconds_bucket{line=\"roof\",unit=\"9\",le=\"+Inf\"} 0",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    let bucket = "hallwatch_modbus_answer_seconds_bucket{line=\"roof\",unit=\"127\"";
    let counts: Vec<u64> = text
        .lines()
        .filter(|line| line.starts_with(bucket))
        .map(|line| line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number"))
        .collect();
    assert!(counts.len() == 15 && counts.is_sorted(), "{counts:?}");
    let sum = "hallwatch_modbus_answer_seconds_count{line=\"roof\",unit=\"127\"} ";
    let sum = text.lines().find_map(|line| line.strip_prefix(sum)).expect("a count");
    assert_eq!(counts.last().map(u64::to_string).as_deref(), Some(sum));
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_holds_what_was_asked_while_it_ran() {
    let hall = Hall::open().await;
    let mut line = Line::open(&hall).await;
    let asking = async {
        // The listener has to be there before the first question.
        tokio::time::sleep(Duration::from_millis(300)).await;
        line.round(&hall).await;
        hall.close().await;
    };
    let listening = get(hall.address, "/api/v1/devices/inv-01/recording");
    let (text, ()) = tokio::join!(listening, asking);
    assert_eq!(text.status, 200);
    let text = String::from_utf8(super::client::unchunked(&text.body)).expect("text");
    let recording = Recording::parse("recording", &text).expect("a recording");
    assert_eq!((recording.header.device.as_str(), recording.header.unit), ("inv-01", 127));
    let first = recording.exchanges.first().expect("an exchange");
    let Answer::Words(words) = &first.answer else { panic!("{first:?}") };
    assert_eq!(words.len(), usize::from(first.count));
    assert!(recording.exchanges.iter().all(|exchange| exchange.unit == 127), "only its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_door_needs_no_password_and_the_other_one_does() {
    let hall = Hall::with(Limits::default(), Some(PASSWORD)).await;
    let ask =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: hallwatch\r\nConnection: close\r\n\r\n");
    let list: contract::Devices =
        local(&hall.socket(), ask("/api/v1/devices").as_bytes()).await.json(200);
    assert_eq!(list.devices.len(), 4);
    let seen: contract::Hall =
        local(&hall.socket(), ask("/api/v1/hall").as_bytes()).await.json(200);
    assert!(seen.logged_in);
    request(hall.address, "GET", "/api/v1/buses", "", b"").await.problem(401);
    let socket = hall.socket();
    hall.close().await;
    assert!(!socket.exists(), "nothing is left behind");
}
