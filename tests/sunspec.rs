//! SunSpec against pysunspec2, the SunSpec Alliance's own client: it makes the devices, pymodbus
//! serves them, and every point that hallwatch takes must be the value that pysunspec2 computes.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::cast_precision_loss)]

#[path = "support/sunspec.rs"]
mod sunspec;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hallwatch::clock::SystemClock;
use hallwatch::journal::{Config, Journal, Kinds};
use hallwatch::model::{
    Device, DeviceId, DeviceKind, LinkState, Position, Reading, Record, Text, ZoneId,
};
use hallwatch::profile::{Catalog, ModelPlan, Protocol, SunspecPlan, compile_model};
use hallwatch::source::modbus::{Fit, WalkEnd, sunspec_walk_of_image};
use hallwatch::source::{Context, Keeper, Sources, modbus};
use hallwatch::tally::Tally;
use tokio_util::sync::CancellationToken;

use sunspec::{Facts, Served, compare, model_ids};

fn model(id: u16) -> ModelPlan {
    compile_model("model.toml", &sunspec::model_text(id)).expect("model")
}

fn plan(models: &[u16]) -> SunspecPlan {
    let models: BTreeMap<u16, ModelPlan> = models.iter().map(|id| (*id, model(*id))).collect();
    let known = Catalog::shipped().expect("profiles");
    let Protocol::Sunspec { plan, .. } = &known.get("sunspec").expect("profile").protocol else {
        panic!("SunSpec")
    };
    SunspecPlan { models, ..plan.clone() }
}

fn rules() -> hallwatch::profile::BusRules {
    let catalog = Catalog::shipped().expect("profiles");
    match &catalog.get("sunspec").expect("profile").protocol {
        Protocol::Sunspec { bus, .. } => bus.clone(),
        _ => panic!("SunSpec"),
    }
}

/// Each model alone, out of one map that holds all of them.
#[test]
fn every_point_of_every_model_is_what_pysunspec2_computes() {
    let ids = model_ids();
    let specs: Vec<String> = ids.iter().map(u16::to_string).collect();
    let (mut compared, mut absent) = (0, 0);
    for seed in ["1", "2", "3"] {
        let served = Served::start("40000", seed, &specs);
        for id in &ids {
            let plan = plan(&[*id]);
            let seen = sunspec_walk_of_image(&served.registers, &plan, Some(1), &rules());
            let Some(seen) = seen else { panic!("model {id}: no map") };
            assert_eq!(seen.map.end, WalkEnd::EndModel);
            assert_eq!(seen.map.models.len(), ids.len());
            if *id == 1 {
                assert!(seen.blocks.is_empty(), "a common model alone is no device");
                continue;
            }
            assert!(
                seen.models.iter().all(|model| model.fit == Fit::Standard),
                "{:?}",
                seen.models
            );
            let facts = Facts::of(served.models(*id)[0]);
            let (same, none) = compare(&facts, &seen.decoded.samples, *id);
            assert!(same > 0, "model {id}: nothing compared");
            (compared, absent) = (compared + same, absent + none);
            assert_eq!(seen.decoded.rejected, Vec::<&str>::new(), "model {id}");
        }
    }
    println!("{compared} values are pysunspec2's, {absent} points are not implemented in both");
    assert!(compared > 1500, "{compared}");
}

#[test]
fn short_long_vendor_and_repeated_models_are_read_and_listed() {
    let specs = ["1", "204:short", "64122", "103:x2", "160:long"].map(str::to_owned);
    let served = Served::start("50000", "7", &specs);
    let meters = plan(&[1, 201, 202, 203, 204]);
    let seen = sunspec_walk_of_image(&served.registers, &meters, None, &rules()).expect("a map");
    let fits: Vec<_> = seen.models.iter().map(|m| (m.found.model, m.found.length, m.fit)).collect();
    let expected = [
        (1, 66, Fit::Standard),
        (204, 81, Fit::Short),
        (64_122, 30, Fit::Vendor),
        (103, 50, Fit::Standard),
        (103, 50, Fit::Standard),
        (160, 73, Fit::Long),
    ];
    assert_eq!(fits, expected);
    assert_eq!(seen.map.base, 50_000);
    // pysunspec2 reads the short model, too; what is beyond its 81 registers is missing in both.
    let mut facts = Facts::of(served.models(204)[0]).joined(Facts::of(served.models(1)[0]));
    // The factor of the reactive energies is beyond: pysunspec2 shows them without, we have none.
    facts.numbers.iter_mut().filter(|(name, _)| name.contains("energy_reactive")).for_each(
        |(_, number)| {
            *number = None;
        },
    );
    let (compared, _) = compare(&facts, &seen.decoded.samples, 204);
    assert!(compared > 25, "{compared}");

    let inverters = plan(&[1, 103, 160]);
    let both = sunspec_walk_of_image(&served.registers, &inverters, None, &rules()).expect("a map");
    let named = |name: &str| both.decoded.samples.iter().find(|s| s.point.as_str() == name);
    let own = Facts::of(served.models(103)[0]).numbers["ac_current_a"];
    let other = Facts::of(served.models(103)[1]).numbers["ac_current_a"];
    let number = |name: &str| named(name).and_then(|s| s.value.as_f64());
    assert_eq!(number("ac_current_a"), own);
    assert_eq!(number("vendor_model_103_2_ac_current_a"), other);
    assert!(named("mppt_3_current_a").is_some() || named("mppt_2_current_a").is_some());
    assert!(both.decoded.samples.len() > 60, "both are kept");

    let second = sunspec_walk_of_image(&served.registers, &inverters, Some(2), &rules());
    let second = second.expect("a map").decoded.samples;
    let alone = second.iter().find(|s| s.point.as_str() == "ac_current_a");
    assert_eq!(alone.and_then(|s| s.value.as_f64()), other);
    assert!(second.iter().all(|s| !s.point.as_str().starts_with("vendor_model_")));
    assert!(
        second.iter().any(|s| s.point.as_str() == "serial_number"),
        "the common model is both's"
    );
}

#[test]
fn a_map_without_an_end_is_read() {
    let specs = ["1", "103", "noend"].map(str::to_owned);
    let served = Served::start("0", "4", &specs);
    let plan = plan(&[1, 103]);
    let seen = sunspec_walk_of_image(&served.registers, &plan, None, &rules()).expect("a map");
    assert_eq!((seen.map.base, seen.map.end), (0, WalkEnd::NoRegister));
    let facts = Facts::of(served.models(103)[0]).joined(Facts::of(served.models(1)[0]));
    assert!(compare(&facts, &seen.decoded.samples, 103).0 > 20);
}

/// The device file of pysunspec2 with the models of IEEE 1547, as registers.
#[test]
fn the_1547_device_of_pysunspec2_has_its_values() {
    let text = include_str!("captures/sunspec-1547.toml");
    let capture: toml::Table = toml::from_str(text).expect("TOML");
    let words = capture["block"][0]["words"].as_str().expect("words").split_whitespace();
    let words = words.map(|word| u16::from_str_radix(word, 16).expect("hex")).collect();
    let catalog = Catalog::shipped().expect("profiles");
    let Protocol::Sunspec { plan, bus } = &catalog.get("sunspec").expect("profile").protocol else {
        panic!("SunSpec")
    };
    let seen = sunspec_walk_of_image(&[(40_000, words)], plan, None, bus).expect("a map");
    let models: Vec<u16> = seen.map.models.iter().map(|found| found.model).collect();
    let expected: Vec<u16> = std::iter::once(1).chain(701..=713).collect();
    assert_eq!((models, seen.map.end), (expected, WalkEnd::EndModel));
    let value = |name: &str| {
        let sample = seen.decoded.samples.iter().find(|sample| sample.point.as_str() == name);
        sample.and_then(|sample| sample.value.as_f64())
    };
    for (name, expected) in capture["expected"].as_table().expect("expected") {
        assert_eq!(value(name), expected.as_float(), "{name}");
    }
    for name in capture["absent"].as_table().expect("absent").keys() {
        assert_eq!(value(name), None, "{name}");
    }
    assert_eq!(seen.decoded.refused, Vec::new());
}

fn device(id: &str, profile: &str, kind: DeviceKind) -> Arc<Device> {
    Arc::new(Device {
        id: DeviceId::parse(id).expect("id"),
        name: Text::same(id),
        zone: ZoneId::parse("z").expect("id"),
        kind,
        profile: profile.to_owned(),
        rated_power_w: None,
        interval_ms: 500,
        stale_after_ms: 5_000,
    })
}

/// An inverter and the two meters behind it, as SolarEdge has them: three devices, one unit.
fn units(catalog: &Catalog) -> Vec<modbus::Unit> {
    let wanted = [
        ("inverter", "sunspec", DeviceKind::Inverter, None),
        ("meter-1", "sunspec-meter", DeviceKind::Meter, Some(1)),
        ("meter-2", "sunspec-meter", DeviceKind::Meter, Some(2)),
        ("meter-3", "sunspec-meter", DeviceKind::Meter, Some(3)),
    ];
    let unit = |(id, name, kind, sunspec_instance)| {
        let profile = catalog.get(name).expect("profile").clone();
        let device = device(id, name, kind);
        modbus::Unit { device, profile, unit: 1, sunspec_instance, bus: rules() }
    };
    wanted.into_iter().map(unit).collect()
}

async fn polled(port: u16) -> (Vec<Reading>, Vec<(String, LinkState)>) {
    let folder = tempfile::tempdir().expect("folder");
    let config = Config { commit_wait_ms: 5, ..Config::new(folder.path().to_owned()) };
    let (clock, tally) = (Arc::new(SystemClock), Tally::new());
    let journal = Journal::open(&config, clock.clone(), tally.clone()).expect("journal");
    let catalog = Catalog::shipped().expect("profiles");
    let name = format!("127.0.0.1:{port}");
    let transport = modbus::Transport::Tcp(name.clone());
    let config = modbus::Config { name, transport, units: units(&catalog) };
    let context = Context { journal: journal.clone(), clock, tally, sources: Sources::new() };
    let (keeper, queue) = Keeper::new(1);
    tokio::spawn(queue.run(journal.clone(), context.tally.clone()));
    let poller = modbus::Poller::new(config, &modbus::Monitor::new(), keeper, context);
    let stop = CancellationToken::new();
    let running = tokio::spawn(poller.run(std::time::Duration::ZERO, stop.clone()));
    let (mut readings, mut links) = (Vec::new(), Vec::new());
    let mut reader = journal.reader_from(Position::default(), Kinds::All);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let done = |readings: &[Reading], links: &[(String, LinkState)]| {
        let told = |id: &str| readings.iter().any(|r| r.device.as_str() == id);
        ["inverter", "meter-1", "meter-2"].iter().all(|id| told(id))
            && links.iter().any(|(id, _)| id == "meter-3")
    };
    while !done(&readings, &links) {
        assert!(tokio::time::Instant::now() < deadline, "{readings:?} {links:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        for (_, record) in reader.ready(1000).await.expect("records").records {
            match &*record {
                Record::Reading(reading) => readings.push(reading.clone()),
                Record::Link(link) => links.push((link.device.to_string(), link.state.clone())),
                Record::Event(_) => {}
            }
        }
    }
    stop.cancel();
    running.await.expect("poller");
    (readings, links)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inverter_and_its_meters_share_a_unit_at_every_base() {
    for base in ["40000", "0", "50000"] {
        let specs = ["1", "103", "160", "1", "203", "1", "203"].map(str::to_owned);
        let served = Served::start(base, "11", &specs);
        let (readings, links) = polled(served.port).await;
        let first = |id: &str| readings.iter().find(|r| r.device.as_str() == id).expect("reading");
        let (common, meters) = (served.models(1), served.models(203));
        let inverter = Facts::of(served.models(103)[0])
            .joined(Facts::of(served.models(160)[0]))
            .joined(Facts::of(common[0]));
        let mut compared = compare(&inverter, &first("inverter").samples, 103).0;
        for (n, id) in [(0, "meter-1"), (1, "meter-2")] {
            let meter = Facts::of(meters[n]).joined(Facts::of(common[n + 1]));
            compared += compare(&meter, &first(id).samples, 203).0;
        }
        println!("base {base}: {compared} values through the poller");
        assert!(compared > 100, "{compared}");
        let (_, state) = links.iter().find(|(id, _)| id == "meter-3").expect("a link");
        let LinkState::Down { detail, .. } = state else { panic!("{state:?}") };
        assert!(detail.contains("sunspec_instance = 3"), "{detail}");
    }
}
