//! Months in which something was wrong: readings that come twice, late and out of order, irradiance below
//! nothing, devices that are put up or taken down in their midst, shadows and dirt; and a month of which
//! nothing is known. What a sound month says is known, so that what they must say is, too.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // made-up readings
#![allow(dead_code, reason = "the support is shared with other tests")]

#[path = "support/year.rs"]
mod year;

use hallwatch::model::{Decimal, Record, Value};
use hallwatch::past;
use hallwatch::report::{Cause, Document, Figures, Period, Trouble, csv, html, xlsx};

use year::{Hall, Size, Truth, fill, fill_with, open};

const SIZE: Size = Size { inverters: 3, meters: 2, kiosks: 1, days: 60, every_min: 5 };
const DAY_MINUTES: i64 = 1_440;
/// February is reported; January says how clean the roof can be.
const MONTH: &str = "2026-02";
const FIRST: i64 = 31;

async fn figures(hall: &Hall, period: &str) -> Figures {
    let period: Period = period.parse().expect("a period");
    hall.reports.figures(period, &|_, _| ()).await.expect("figures")
}

/// The figures of the month when so much of what is said comes in.
async fn month(comes: impl FnMut(Vec<Record>, i64) -> Vec<Record>, more: &str) -> Figures {
    let folder = tempfile::tempdir().expect("folder");
    let mut hall = open(folder.path(), SIZE, more);
    fill_with(&mut hall, SIZE, &mut Truth::new(SIZE), comes).await;
    let figures = figures(&hall, MONTH).await;
    hall.journal.close();
    figures
}

fn device(record: &Record) -> &str {
    match record {
        Record::Reading(reading) => reading.device.as_str(),
        _ => "",
    }
}

/// Changes a value of a reading.
fn change(record: &mut Record, point: &str, of: impl Fn(f64) -> f64) {
    let Record::Reading(reading) = record else { return };
    for sample in reading.samples.iter_mut().filter(|sample| sample.point.as_str() == point) {
        let Value::Decimal(decimal) = sample.value else { continue };
        let scale = 10_f64.powi(i32::from(decimal.exponent));
        let mantissa = (of(decimal.mantissa as f64 * scale) / scale).round() as i64;
        sample.value = Value::Decimal(Decimal { mantissa, ..decimal });
    }
}

fn near(ours: Option<f64>, theirs: Option<f64>, what: &str) {
    let (ours, theirs) = (ours.expect(what), theirs.expect(what));
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{what}: {ours} and {theirs}");
}

/// What nobody who is asked of the light at dusk would differ in is the same.
fn same(ours: &Figures, theirs: &Figures, light: f64) {
    let (a, b) = (&ours.electricity, &theirs.electricity);
    near(a.import_kwh.value, b.import_kwh.value, "import");
    near(a.pv_kwh.value, b.pv_kwh.value, "made");
    let (a, b) = (ours.roof.as_ref().expect("a roof"), theirs.roof.as_ref().expect("a roof"));
    near(a.plant.pr.value, b.plant.pr.value, "PR");
    near(a.plant.pr_25.value, b.plant.pr_25.value, "PR'25");
    let (own, its) = (a.plant.irradiation_kwhm2.value, b.plant.irradiation_kwhm2.value);
    let (own, its) = (own.expect("light"), its.expect("light"));
    assert!((own - its).abs() <= light * its, "irradiation: {own} and {its}");
    assert_eq!(ours.totals, theirs.totals);
}

/// What stands in the way of closing, but for the gap: the sub-meters of this hall count a tenth.
fn obstacles(figures: &Figures) -> Vec<&str> {
    let all = figures.obstacles.iter().map(|words| words.en.as_str());
    all.filter(|words| !words.contains("leave a gap")).collect()
}

fn trouble<'a>(figures: &'a Figures, cause: Cause, device: &str) -> Option<&'a Trouble> {
    let roof = figures.roof.as_ref().expect("a roof");
    roof.troubles.iter().find(|one| one.cause == cause && one.device == device)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_twice_late_and_out_of_order_are_those_readings() {
    let plain = month(|said, _| said, "").await;
    assert_eq!(obstacles(&plain), [""; 0]);
    // Registers are shown as they were at its end, and not as they are now.
    let end = year::START_MS + (FIRST + 28) * year::DAY_MS;
    for meter in &plain.meters {
        let line = meter.lines.first().expect("a register");
        assert_eq!(line.last.at_ms, end - 5 * year::MINUTE_MS, "{}", meter.device);
        let grown = line.last.value - line.first.value;
        assert!((grown - meter.counted.total).abs() <= 6_000.0, "{}: {grown}", meter.device);
    }
    let mut late: Vec<Record> = Vec::new();
    let muddled = month(
        |said, minute| {
            let mut comes: Vec<Record> = Vec::new();
            if minute % 35 == 0 {
                comes.append(&mut late);
            }
            for record in said {
                match (device(&record), minute % 10) {
                    ("meter-00", 5) => late.push(record),
                    ("inv-01", 0) => comes.extend([record.clone(), record]),
                    ("inv-02", 0) => late.push(record),
                    _ => comes.push(record),
                }
            }
            comes.reverse();
            comes
        },
        "",
    )
    .await;
    same(&muddled, &plain, 1e-9);
    // Sensors show a little less than nothing at night.
    let below = month(
        |mut said, _| {
            for record in &mut said {
                change(record, "irradiance_poa_wm2", |poa| if poa == 0.0 { -4.0 } else { poa });
            }
            said
        },
        "",
    )
    .await;
    // In a record of the dusk they stand beside a little light.
    same(&below, &plain, 2e-4);
    // Whatever nobody says of a sound month is not said.
    let roof = plain.roof.as_ref().expect("a roof");
    for cause in [Cause::Shade, Cause::Soiling, Cause::Below, Cause::Stuck, Cause::Curtailed] {
        let found = roof.troubles.iter().find(|trouble| trouble.cause == cause);
        assert!(found.is_none(), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_up_in_a_month_counts_from_then_on_and_the_clocks_know() {
    let plain = month(|said, _| said, "").await;
    let put_up = (FIRST + 14) * DAY_MINUTES + 600;
    let later = month(
        |mut said, minute| {
            said.retain(|record| device(record) != "inv-02" || minute >= put_up);
            said
        },
        "",
    )
    .await;
    let of = |figures: &Figures, id: &str| {
        figures.meters.iter().find(|meter| meter.device == id).expect("it").clone()
    };
    let (own, whole) = (of(&later, "inv-02"), of(&plain, "inv-02"));
    assert_eq!(own.days[..14].iter().sum::<f64>(), 0.0);
    assert_eq!(own.days[15..], whole.days[15..], "from the next day on all of it");
    assert!(own.completeness.value.expect("known") > 0.99, "{:?}", own.completeness);
    let told = later.remarks.iter().find(|remark| remark.en.contains("first time within"));
    assert!(told.expect("told").en.contains("inv-02 2026-02-15 10:00"), "{told:?}");
    // The others are as they were, and nothing stands in the way.
    assert_eq!(of(&later, "inv-00").days, of(&plain, "inv-00").days);
    assert_eq!(obstacles(&later), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_down_in_a_month_has_counted_until_then() {
    let folder = tempfile::tempdir().expect("folder");
    let taken_down = (FIRST + 14) * DAY_MINUTES;
    let mut hall = open(folder.path(), SIZE, "");
    let devices = hall.config.devices.clone();
    past::remember(&hall.journal, devices.iter().map(|(device, _)| &**device)).expect("kept");
    let heard = |record: &Record, minute: i64| {
        let gone = device(record) == "inv-02" || device(record) == "meter-01";
        !gone || minute < taken_down
    };
    fill(&mut hall, SIZE, &mut Truth::new(SIZE), heard).await;
    let before = figures(&hall, MONTH).await;
    hall.journal.close();
    drop(hall);

    let fewer = Size { inverters: 2, meters: 1, ..SIZE };
    let hall = open(folder.path(), fewer, "");
    let after = figures(&hall, MONTH).await;
    near(after.electricity.pv_kwh.value, before.electricity.pv_kwh.value, "made");
    let roof = after.roof.as_ref().expect("a roof");
    let own = roof.inverters.iter().find(|one| one.device == "inv-02").expect("it is there");
    assert!(own.performance.energy_wh > 0.0 && own.performance.pr.value.is_none());
    let told = after.remarks.iter().find(|remark| remark.en.contains("no longer configured"));
    assert!(told.expect("told").en.starts_with("meter-01"), "{told:?}");
    assert_eq!(obstacles(&after), [""; 0]);
    // In a month without it nothing is left of it.
    let roof = figures(&hall, "2026-03-01").await.roof.expect("a roof");
    assert!(roof.inverters.iter().all(|one| one.device != "inv-02"), "{:?}", roof.inverters);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_which_nothing_is_known_has_no_figures_and_all_forms() {
    let folder = tempfile::tempdir().expect("folder");
    let mut hall = open(folder.path(), SIZE, "");
    fill(&mut hall, Size { days: 3, ..SIZE }, &mut Truth::new(SIZE), |_, _| true).await;
    for period in ["2025-11", "2024-02", "2025-W01", "2024-02-29", "2025-Q3", "2024"] {
        let found = figures(&hall, period).await;
        for figure in [
            &found.electricity.import_kwh,
            &found.electricity.pv_kwh,
            &found.electricity.total_kwh,
            &found.carbon.grid_kg,
        ] {
            assert!(figure.value.is_none() && figure.why.is_some(), "{period}: {figure:?}");
        }
        let said = |words: &str| found.obstacles.iter().any(|told| told.en.contains(words));
        assert!(
            said("no reading at all of inv-00, inv-01, inv-02, meter-00, meter-01"),
            "{period}"
        );
        let period: Period = period.parse().expect("a period");
        let document = Document::of(&found, period, None);
        assert!(html(&document, true).contains('—'));
        assert!(!csv(&document, false).expect("lines").is_empty());
        xlsx(&document, true).expect("a table");
    }
}

/// Shares of what an inverter makes.
fn dimmed(mut said: Vec<Record>, of: &impl Fn(&str) -> f64) -> Vec<Record> {
    for record in &mut said {
        let share = of(device(record));
        change(record, "ac_power_w", |w| w * share);
        change(record, "dc_power_w", |w| w * share);
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_is_found_with_its_hour_and_dirt_with_its_rate_and_whether_a_wash_pays() {
    // A mast in front of one from eight to nine: half of it is gone.
    let shady = month(
        |said, minute| {
            let clock = minute % DAY_MINUTES;
            let shadow = |id: &str| {
                if id == "inv-01" && (480..540).contains(&clock) { 0.5 } else { 1.0 }
            };
            dimmed(said, &shadow)
        },
        "",
    )
    .await;
    let found = trouble(&shady, Cause::Shade, "inv-01").expect("a shadow");
    assert!(found.text.en.contains("08:00–09:00"), "{found:?}");
    assert!((found.worst - 0.5).abs() < 0.05 && found.lost_kwh.expect("told") > 0.0, "{found:?}");
    assert!(found.money.expect("worth") > 0.0);
    assert!(trouble(&shady, Cause::Shade, "inv-00").is_none());
    assert!(trouble(&shady, Cause::Soiling, "").is_none());

    // Dust: 0.4 % a day since the 20th of January, and no rain.
    let dusty = |minute: i64| {
        let days = (minute / DAY_MINUTES - 19).max(0) as f64;
        1.0 - 0.004 * days
    };
    let dim = |said: Vec<Record>, minute: i64| {
        dimmed(said, &|id: &str| if id.starts_with("inv") { dusty(minute) } else { 1.0 })
    };
    let dirty = month(dim, "").await;
    let found = trouble(&dirty, Cause::Soiling, "").expect("dirt");
    let last = 0.004 * (SIZE.days - 1 - 19) as f64;
    assert!((1.0 - found.worst - last).abs() < 0.03, "{found:?} and not {last}");
    assert!(found.lost_kwh.expect("told") > 0.0 && found.advice.en.contains("wash"), "{found:?}");
}
