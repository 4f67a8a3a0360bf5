//! One unit: everything that can be known of it, and the profiles that fit.

use crate::profile::Protocol;
use crate::source::modbus::config::Transport;
use crate::source::modbus::plan::plan;

use super::Scan;
use super::asker::Asker;
use super::evidence::{self, Trial};
use super::finding::{Candidate, Finding, Identity};
use super::judge;
use super::presence::Question;
use super::sunspec;
use super::sweep::Door;

/// Device identification: vendor, product code, product name, model name.
const VENDOR: u8 = 0;
const PRODUCT: u8 = 1;
const MODEL: u8 = 5;
/// Points that hold what the device is rated for.
const RATED: [&str; 2] = ["vendor_rated_power_w", "vendor_nameplate_power_w"];

/// Asks a unit that is there. With the finding comes a question that it answered with registers.
pub(super) async fn describe(
    scan: &Scan,
    asker: &mut Asker,
    (door, way): (&Door, &Transport),
    unit: u8,
) -> (Finding, Option<Question>) {
    let map = sunspec::look(asker, unit, &scan.profiles).await;
    let marks = evidence::marks(asker, unit, &scan.profiles).await;
    let identification = asker.identify(unit).await.unwrap_or_default();
    let mut found: Vec<(Candidate, Trial)> = Vec::new();
    let tallies = scan.profiles.iter().map(|p| (p, judge::tally(&p.markers, &marks)));
    let tallies: Vec<_> = tallies.filter(|(_, tally)| tally.is_worth_a_trial()).collect();
    // Beside a device that says what it is, ranges of numbers prove nothing.
    let proven = tallies.iter().any(|(_, tally)| tally.proven);
    for (profile, tally) in tallies.into_iter().filter(|(_, tally)| tally.proven || !proven) {
        let Protocol::Registers { bus, tables } = &profile.protocol else { continue };
        let trial = evidence::trial(asker, unit, plan(tables, bus), bus).await;
        let judged = judge::registers(profile, tally, &trial, &identification);
        found.extend(judged.map(|candidate| (candidate, trial)));
    }
    let mut sunspec_seen = None;
    if let Some(map) = map {
        let (candidates, seen) = sunspec::candidates(asker, unit, &map, &scan.profiles).await;
        found.extend(candidates);
        sunspec_seen = Some(seen);
    }
    judge::rank(&mut found);
    let mut identity = identity(found.first(), sunspec_seen.as_ref(), &identification);
    if let (None, Some((best, _))) = (&identity.model, found.first()) {
        identity.model = judge::model(&best.profile.markers, &marks);
    }
    let taken = scan.plan.taken_at(&door.name).find(|taken| taken.unit == unit);
    let mut finding = Finding {
        door: door.name.clone(),
        transport: way.clone(),
        bus: door.bus.clone(),
        unit,
        candidates: found.into_iter().map(|(candidate, _)| candidate).collect(),
        identity,
        identification,
        sunspec: sunspec_seen.map(|seen| seen.seen),
        configured_as: taken.map(|taken| taken.device.clone()),
        notes: scan.plan.taken_note(&door.name, unit).into_iter().collect(),
    };
    finding.notes.extend(judge::note_rivals(&finding.candidates));
    let of_map = finding.sunspec.as_ref().map(|seen| Question::holding(seen.base, 2));
    (finding, of_map.or_else(|| marks.answered()))
}

/// What the device says of itself, by the best profile, the SunSpec map, or the identification.
fn identity(
    best: Option<&(Candidate, Trial)>,
    sunspec: Option<&sunspec::Seen>,
    identification: &[(u8, String)],
) -> Identity {
    let trial = best.map(|(_, trial)| trial);
    let said = |name| trial.and_then(|trial| trial.text(name));
    let object = |id: u8| {
        let found = identification.iter().find(|(object, text)| *object == id && !text.is_empty());
        found.map(|(_, text)| text.clone())
    };
    let rated = RATED.iter().find_map(|name| trial.and_then(|trial| trial.number(name)));
    let common = sunspec.map(|seen| seen.common.clone()).unwrap_or_default();
    Identity {
        maker: common.maker.or_else(|| object(VENDOR)),
        model: said("model_name").or(common.model).or_else(|| object(MODEL).or(object(PRODUCT))),
        serial: said("serial_number").or(common.serial),
        firmware: said("firmware").or(common.firmware),
        rated_power_w: rated.filter(|watts| (1.0..=10_000_000.0).contains(watts)),
    }
}
