//! The files for the energy-monitoring platform: what is in them, what is made up for, and what becomes of
//! a folder that takes nothing.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // made-up readings
#![allow(dead_code, reason = "the support is shared with other tests")]

#[path = "support/year.rs"]
mod year;

use std::path::{Path, PathBuf};
use std::process::Command;

use hallwatch::model::Record;
use serde_json::Value;

use year::{Size, Truth, fill, open};

const SIZE: Size = Size { inverters: 1, meters: 2, kiosks: 0, days: 9, every_min: 5 };
const PLATFORM: &str = "[platform]\nbuilding_id = \"110101A001\"\ngateway_id = \"01\"\nfolder = \"out\"\n\
    every_min = 30\nmeters = { \"meter-01\" = \"0002\" }\n";
/// Of the eighth day the second meter says nothing from 10:00 to 11:00.
const SILENT: std::ops::Range<i64> = 7 * 1_440 + 600..7 * 1_440 + 660;

/// All files below a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path if path.extension().is_some_and(|end| end == "xml") => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

/// What another hand's parser reads in a file.
fn parsed(file: &Path) -> Value {
    let script = "import sys, json, xml.etree.ElementTree as E\n\
        r = E.parse(sys.argv[1]).getroot()\n\
        d = r.find('data')\n\
        print(json.dumps({'root': r.tag, 'operation': d.get('operation'), \
        'common': {e.tag: e.text for e in r.find('common')}, \
        'sequence': d.find('sequence').text, 'time': d.find('time').text, 'parser': d.find('parser').text, \
        'meters': {m.get('id'): dict(m.find('function').attrib, value=m.find('function').text) \
        for m in d.findall('meter')}}))";
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin/python");
    let output = Command::new(&python).arg("-c").arg(script).arg(file).output();
    let output =
        output.unwrap_or_else(|error| panic!("{}: {error}; run tests/run", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registers_are_told_for_each_half_hour_and_seven_days_are_made_up_for() {
    let folder = tempfile::tempdir().expect("folder");
    let mut hall = open(folder.path(), SIZE, PLATFORM);
    let mut truth = Truth::new(SIZE);
    let heard = |record: &Record, minute: i64| {
        let Record::Reading(reading) = record else { return true };
        reading.device.as_str() != "meter-01" || !SILENT.contains(&minute)
    };
    fill(&mut hall, SIZE, &mut truth, heard).await;

    // Seven days, but for the last moment, whose readings may still come in.
    let written = hall.reports.export_due().await.expect("written");
    assert_eq!(written, 7 * 48);
    let out = folder.path().join("out");
    let all = files(&out);
    assert_eq!(all.len(), written);
    assert!(all[0].ends_with("20260103/110101A001_01_20260103000000.xml"), "{:?}", all[0]);
    assert!(all[all.len() - 1].ends_with("20260109/110101A001_01_20260109233000.xml"));

    let found = parsed(&out.join("20260108/110101A001_01_20260108093000.xml"));
    let common = serde_json::json!({
        "building_id": "110101A001", "gateway_id": "01", "type": "data"
    });
    assert_eq!((&found["root"], &found["common"]), (&"root".into(), &common));
    assert_eq!(found["operation"], "continuous", "it is a day late");
    assert_eq!((&found["time"], &found["parser"]), (&"20260108093000".into(), &"yes".into()));
    assert_eq!(found["sequence"], found["time"]);
    let main = &found["meters"]["meter-00"];
    assert_eq!((&main["coding"], &main["error"]), (&"01E00".into(), &"0".into()));
    assert_eq!(main["sample_time"], found["time"]);
    // 9e8 Wh on the first day, and 60.3 kW in the mean from then on.
    let kwh: f64 = main["value"].as_str().expect("a value").parse().expect("a number");
    let hours = 7.0 * 24.0 + 9.5;
    assert!((kwh - 900_000.0 - hours * 60.3).abs() < 1.0 + hours * 0.05, "{kwh}");
    assert_eq!(found["meters"]["0002"]["coding"], "01A10", "by the platform's number");

    // Nobody read it.
    let silent = parsed(&out.join("20260108/110101A001_01_20260108103000.xml"));
    let meter = &silent["meters"]["0002"];
    assert_eq!((&meter["error"], &meter["value"]), (&"192".into(), &Value::Null));
    assert_eq!(silent["meters"]["meter-00"]["error"], "0");

    // What was carried away is not written again, nor anything twice.
    std::fs::remove_dir_all(out.join("20260108")).expect("carried away");
    assert_eq!(hall.reports.export_due().await.expect("nothing to do"), 0);
    assert!(!out.join("20260108").exists());
    hall.journal.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_takes_nothing_is_told_and_made_up_for() {
    let folder = tempfile::tempdir().expect("folder");
    let mut hall = open(folder.path(), SIZE, PLATFORM);
    fill(&mut hall, SIZE, &mut Truth::new(SIZE), |_, _| true).await;
    let out = folder.path().join("out");
    std::fs::write(&out, "in the way").expect("written");
    let error = hall.reports.export_due().await.expect_err("a file is in the way");
    assert!(error.text().en.contains("could not be written") && error.text().zh.contains("目录"));
    std::fs::remove_file(&out).expect("out of the way");
    assert_eq!(hall.reports.export_due().await.expect("written"), 7 * 48);
    hall.journal.close();
}
