//! What is exported is what was kept: read back as CSV and Parquet by DuckDB, as lines by their
//! letters; spans by the hall's clock.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // a test fails by panicking

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use hallwatch::clock::SystemClock;
use hallwatch::history::{self, History};
use hallwatch::journal::{self, Journal};
use hallwatch::model::{
    Decimal, Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Text,
    Timestamp, Value, ZoneId,
};
use hallwatch::tally::Tally;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// 2026-03-10 00:00 in Beijing.
const MIDNIGHT: i64 = 1_773_072_000_000;
const HOUR_MS: i64 = 3_600_000;

const HALL: &str = r#"
[site]
id = "hall"
name = { zh = "大厅", en = "hall" }
latitude_deg = 39.9
longitude_deg = 116.4
time_zone = "Asia/Shanghai"

[[zone]]
id = "roof"
name = { zh = "屋面", en = "roof" }

[[device]]
id = "inv-01"
name = { zh = "1 号", en = "one" }
zone = "roof"
kind = "inverter"
profile = "huawei-sun2000"
rated_power_w = 50000
modbus = "127.0.0.1:9"
"#;

fn reading(hour: i64) -> Record {
    let sample = |point: &str, value: Value, quality: Quality| Sample {
        point: PointName::parse(point).expect("point"),
        value,
        quality,
    };
    let decimal = |mantissa, exponent| Value::Decimal(Decimal { mantissa, exponent });
    let faults: Vec<Arc<str>> = vec![Arc::from("a"), Arc::from("b,\"c\"")];
    let samples = vec![
        sample("ac_power_w", decimal(49_990 + hour, -1), Quality::Good),
        sample("energy_total_wh", decimal(i64::from(u32::MAX) * 3 + hour, 0), Quality::Good),
        sample("online", Value::Bool(hour % 2 == 0), Quality::Good),
        sample("cabinet_temp_c", Value::Float(0.1 + 0.2), Quality::Stale),
        sample("serial_number", Value::Text(Arc::from("=序列,\"号\"\n")), Quality::Good),
        sample("fault", Value::Codes(faults.into()), Quality::Good),
    ];
    let device = DeviceId::parse("inv-01").expect("id");
    let time = Timestamp::from_ms(MIDNIGHT + hour * HOUR_MS);
    Record::Reading(Reading { device, time, received: time, message: 0, samples })
}

/// A folder with two days of hourly readings, most of them packed, and its configuration.
async fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("made");
    let clock = Arc::new(SystemClock);
    let journal = Journal::open(&journal::Config::new(data.clone()), clock.clone(), Tally::new());
    let journal = journal.expect("opens");
    journal.append((0..48).map(reading).collect()).await.expect("kept");
    let past = history::Config::default();
    let (_history, mut packer) = History::open(&past, &journal, clock).expect("opens");
    packer.pack().await.expect("packed");
    journal.close();
    let config = folder.path().join("hall.toml");
    let text = format!("{HALL}\n[data]\nfolder = \"{}\"\n", data.display());
    std::fs::write(&config, text).expect("written");
    (folder, config)
}

fn export(config: &Path, out: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hallwatch"))
        .arg("export")
        .args(arguments)
        .arg("-o")
        .arg(out)
        .arg("--config")
        .arg(config)
        .output()
        .expect("it runs")
}

/// Rows of a query over a file, by DuckDB.
fn ask(statement: &str) -> Vec<Vec<Json>> {
    let script = "import duckdb, json, sys\n\
        duckdb.sql(\"SET TimeZone = 'UTC'\")\n\
        print(json.dumps(duckdb.sql(sys.argv[1]).fetchall()))";
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin/python");
    let done = Command::new(python).args(["-c", script, statement]).output();
    let done = done.expect("PyPI duckdb in tests/.venv: tests/run installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

#[tokio::test]
async fn another_program_reads_what_was_kept() {
    let (folder, config) = folder().await;
    let (csv, parquet) = (folder.path().join("a.csv"), folder.path().join("a.parquet"));
    let done = export(&config, &csv, &["--from", "2026-03-10"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let done = export(&config, &parquet, &["--from", "2026-03-10", "--format", "parquet"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("288 行") && said.contains("288 rows"), "{said}");

    let parquet = parquet.display();
    let rows = ask(&format!(
        "SELECT epoch_ms(time), device, point, value, text, unit, quality FROM '{parquet}' \
         WHERE time < '2026-03-09T16:30:00Z'"
    ));
    let expected = [
        ("ac_power_w", json!(4999.0), Json::Null, "W", "good"),
        ("energy_total_wh", json!(12_884_901_885.0), Json::Null, "Wh", "good"),
        ("online", json!(1.0), Json::Null, "", "good"),
        ("cabinet_temp_c", json!(0.1 + 0.2), Json::Null, "°C", "stale"),
        ("serial_number", Json::Null, json!("=序列,\"号\"\n"), "", "good"),
        ("fault", Json::Null, json!("a b,\"c\""), "", "good"),
    ];
    let expected = expected.map(|(point, value, text, unit, quality)| {
        [json!(MIDNIGHT), json!("inv-01"), json!(point), value, text, json!(unit), json!(quality)]
    });
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row, expected);
    }
    // Both files hold the same, row by row.
    let differences = ask(&format!(
        "WITH c AS (SELECT time::TIMESTAMPTZ AS time, device, point, value AS written, unit, quality \
         FROM read_csv('{}', all_varchar = true)), \
         p AS (SELECT time, device, point, coalesce(text, CASE point WHEN 'online' THEN \
         CASE value WHEN 1 THEN 'true' ELSE 'false' END ELSE value::VARCHAR END) AS written, unit, \
         quality FROM '{parquet}') \
         SELECT c.point, c.written, p.written FROM c FULL JOIN p USING (time, device, point) \
         WHERE p.written IS NULL OR c.written IS NULL OR (c.written != p.written AND \
         try_cast(c.written AS DOUBLE) IS DISTINCT FROM try_cast(p.written AS DOUBLE))",
        csv.display()
    ));
    assert_eq!(differences, Vec::<Vec<Json>>::new());
}

#[tokio::test]
async fn spans_are_days_or_moments_of_the_hall() {
    let (folder, config) = folder().await;
    let count = |name: &str, arguments: &[&str]| {
        let out = folder.path().join(name);
        let done = export(&config, &out, &[arguments, &["--format", "lines"]].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let lines = std::fs::read_to_string(out).expect("lines");
        let times = lines.lines().map(|line| {
            let time: i64 = line.rsplit(' ').next().expect("a time").parse().expect("ms");
            (time - MIDNIGHT) / HOUR_MS
        });
        let times: Vec<i64> = times.collect();
        (times.len(), times.first().copied(), times.last().copied())
    };
    assert_eq!(count("a", &["--from", "2026-03-10"]), (48, Some(0), Some(47)));
    assert_eq!(
        count("b", &["--from", "2026-03-10", "--to", "2026-03-10"]),
        (24, Some(0), Some(23))
    );
    let part = ["--from", "2026-03-10T10:00", "--to", "2026-03-11T02:00"];
    assert_eq!(count("c", &part), (16, Some(10), Some(25)));
    let instant = ["--from", "2026-03-10T10:00Z", "--to", "2026-03-10T20:00+08:00"];
    assert_eq!(count("d", &instant), (2, Some(18), Some(19)));

    for bad in [
        ["--from", "2026-03-10T10", "--to", "2026-03-11"],
        ["--from", "2026-13-10", "--to", "2026-03-11"],
        ["--from", "2026-03-11", "--to", "2026-03-10"],
    ] {
        let done = export(&config, &folder.path().join("bad"), &bad);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(!done.status.success(), "{bad:?}");
        assert!(said.contains("写成") || said.contains("开始要早于结束"), "{said}");
    }
    // A file that is there is never written over.
    let done = export(&config, &folder.path().join("a"), &["--from", "2026-03-10"]);
    assert!(!done.status.success() && String::from_utf8_lossy(&done.stderr).contains("已存在"));
}

/// Lines go where those of the running gateway went, also of the gateway itself and of devices that are
/// no longer configured.
#[tokio::test]
async fn lines_of_the_gateway_and_of_former_devices_are_as_they_were() {
    let (folder, config) = folder().await;
    let data = folder.path().join("data");
    let clock = Arc::new(SystemClock);
    let journal = Journal::open(&journal::Config::new(data), clock, Tally::new()).expect("opens");
    let former = Device {
        id: DeviceId::parse("tm-9").expect("id"),
        name: Text::new("旧取号机", "old machine"),
        zone: ZoneId::parse("lobby").expect("id"),
        kind: DeviceKind::TicketMachine,
        profile: "kiosk-native".to_owned(),
        rated_power_w: None,
        interval_ms: 1000,
        stale_after_ms: 1000,
    };
    hallwatch::past::remember(&journal, [&former].into_iter()).expect("remembered");
    let of = |device: &str| {
        let Record::Reading(mut reading) = reading(5) else { panic!("a reading") };
        reading.device = DeviceId::parse(device).expect("id");
        Record::Reading(reading)
    };
    journal.append(vec![of("tm-9"), of("gateway")]).await.expect("kept");
    journal.close();
    let out = folder.path().join("a.lines");
    let done = export(&config, &out, &["--from", "2026-03-10"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lines = std::fs::read_to_string(&out).expect("read");
    for begin in [
        "kiosk,device=tm-9,site=hall,zone=lobby,kind=ticket_machine,model=kiosk-native ",
        "gateway,device=gateway,site=hall,zone=roof,kind=gateway,model=gateway ",
    ] {
        let mut found = lines.lines().filter(|line| line.starts_with(begin));
        assert!(found.next().is_some(), "{begin}: {:?}", lines.lines().last());
    }
}

/// What could not be exported is said.
#[tokio::test]
async fn a_damaged_block_is_told() {
    let (folder, config) = folder().await;
    let database =
        rusqlite::Connection::open(folder.path().join("data/history.db")).expect("opens");
    let flip = "UPDATE packed SET body = zeroblob(length(body)) WHERE point = 'ac_power_w'";
    assert_eq!(database.execute(flip, []).expect("flipped"), 1);
    drop(database);
    let done = export(&config, &folder.path().join("a.csv"), &["--from", "2026-03-10"]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains("1 damaged blocks"), "{said}");
}
