//! What a look at all machines says beyond each of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::calendar::Calendar;
use crate::model::{DeviceId, DeviceKind, Severity, Text, Timestamp, standard_point, text};

use super::condition::Condition;
use super::config::{Config, ServiceZone};
use super::finding::{Finding, What};
use super::ledger::Ledger;
use super::overview::OpeningView;
use super::refill::Urgency;
use super::seen::Seen;

const HOUR_MS: i64 = 3600 * 1000;
/// So many starts within an hour are a loop.
const BOOT_LOOP: usize = 3;
/// A machine that served nobody for an hour is idle when a sibling served more than this.
const BUSY: u64 = 5;
/// The zone has to have been open for nearly all of that hour.
const OPEN_MS: i64 = 55 * 60 * 1000;
/// Machines of a zone that were lost within this time were lost at once: a minute, and the time
/// that a missing heartbeat takes to be noticed.
const AT_ONCE_MS: i64 = 120 * 1000;
/// One machine is no group.
const GROUP_MIN: usize = 2;
/// Redundancy begins here.
const REDUNDANT_MIN: usize = 3;
/// The opening check is over so long after the opening.
const AFTER_OPENING_MS: i64 = 30 * 60 * 1000;

/// What is looked at.
pub(super) struct Scene<'a> {
    pub(super) config: &'a Config,
    pub(super) seen: &'a [Seen],
    pub(super) ledgers: &'a BTreeMap<DeviceId, Ledger>,
    pub(super) now: Timestamp,
}

impl Scene<'_> {
    fn zone(&self, seen: &Seen) -> Option<&ServiceZone> {
        self.config.zone(&seen.device.zone)
    }

    fn calendar(&self, seen: &Seen) -> Option<&Calendar> {
        self.zone(seen).map(|zone| &*zone.calendar)
    }

    fn ledger(&self, seen: &Seen) -> Option<&Ledger> {
        self.ledgers.get(&seen.device.id)
    }

    fn by_kind(&self) -> BTreeMap<DeviceKind, Vec<&Seen>> {
        let mut kinds: BTreeMap<DeviceKind, Vec<&Seen>> = BTreeMap::new();
        for seen in self.seen {
            kinds.entry(seen.device.kind).or_default().push(seen);
        }
        kinds
    }

    /// Everything that is wrong, but for supplies and the opening.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        found.extend(self.seen.iter().filter_map(|seen| self.boot_loop(seen)));
        let kinds = self.by_kind();
        for (kind, members) in &kinds {
            found.extend(self.idle(members));
            found.extend(backend_gone(*kind, members));
            found.extend(self.few_left(*kind, members));
        }
        found.extend(self.config.zones.iter().filter_map(|zone| self.zone_gone(zone)));
        found
    }

    fn boot_loop(&self, seen: &Seen) -> Option<Finding> {
        let starts = self.ledger(seen)?.starts();
        let words = vec![("count", Text::same(starts.to_string()))];
        (starts >= BOOT_LOOP).then(|| about(What::BootLoop, seen, "", words))
    }

    /// Serves nobody for an hour of service in which its siblings had visitors.
    fn idle(&self, members: &[&Seen]) -> Vec<Finding> {
        let of_hour = |seen: &Seen| {
            let open = self.calendar(seen)?.open_ms(self.now.plus_ms(-HOUR_MS), self.now);
            let visitors = self.ledger(seen)?.visitors_of_the_hour(self.now)?;
            (open >= OPEN_MS).then_some(visitors)
        };
        let visitors: Vec<_> = members.iter().map(|seen| (*seen, of_hour(seen))).collect();
        let busy = visitors.iter().filter(|(_, n)| n.is_some_and(|n| n > BUSY)).count();
        let counted = visitors.iter().filter(|(_, n)| n.is_some()).count();
        // Most of the others, so that a quiet hour is nobody's fault.
        if busy == 0 || busy * 2 < counted.saturating_sub(1) {
            return Vec::new();
        }
        // Not one that has just been repaired.
        let serves = |seen: &Seen| {
            let since = self.ledger(seen).and_then(Ledger::since);
            matches!(seen.condition, Condition::Serving | Condition::Degraded)
                && since.is_some_and(|since| self.now.since_ms(since) >= HOUR_MS)
        };
        let idle = visitors.iter().filter(|(seen, n)| *n == Some(0) && serves(seen));
        let words = vec![("count", Text::same(busy.to_string()))];
        idle.map(|(seen, _)| about(What::Idle, seen, "", words.clone())).collect()
    }

    fn few_left(&self, kind: DeviceKind, members: &[&Seen]) -> Option<Finding> {
        let open = |seen: &&&Seen| self.calendar(seen).is_some_and(|c| c.is_open(self.now));
        let members: Vec<_> = members.iter().filter(open).collect();
        let out: Vec<_> = members.iter().filter(|seen| seen.condition.is_outage()).collect();
        if members.len() < REDUNDANT_MIN || out.is_empty() {
            return None;
        }
        let severity = match (out.len() * 100) / members.len() {
            80.. => Severity::Critical,
            50.. => Severity::Major,
            _ => Severity::Minor,
        };
        let words = vec![
            ("kind", kind.text()),
            ("count", Text::same(out.len().to_string())),
            ("of", Text::same(members.len().to_string())),
        ];
        let out: Vec<&Seen> = out.into_iter().map(|seen| **seen).collect();
        let mut finding = group(What::FewLeft, &format!("kind-{}", kind.as_str()), &out, words);
        finding.severity = Some(severity);
        Some(finding)
    }

    /// All machines of a zone, lost at about one moment.
    fn zone_gone(&self, zone: &ServiceZone) -> Option<Finding> {
        let members: Vec<&Seen> = self.seen.iter().filter(|s| s.device.zone == zone.id).collect();
        let gone = |seen: &&Seen| seen.condition == Condition::Offline;
        // A hall that is switched off in the evening is not gone.
        let open = zone.calendar.is_open(self.now);
        if members.len() < GROUP_MIN || !open || !members.iter().all(gone) {
            return None;
        }
        // Nor is one of which nobody knows how it was before.
        let known = |seen: &&Seen| {
            let before = self.ledger(seen).and_then(Ledger::before);
            before.is_some_and(|before| before != Condition::Unknown)
        };
        if !members.iter().all(known) {
            return None;
        }
        let lost: Vec<Timestamp> =
            members.iter().filter_map(|seen| self.ledger(seen)?.since()).collect();
        let (first, last) = (lost.iter().min()?, lost.iter().max()?);
        let words =
            vec![("zone", zone.name.clone()), ("count", Text::same(members.len().to_string()))];
        let at_once = last.since_ms(*first) <= AT_ONCE_MS;
        at_once.then(|| group(What::ZoneGone, &format!("zone-{}", zone.id), &members, words))
    }

    /// The check before opening, and what it finds.
    pub(super) fn opening(&self) -> (OpeningView, Option<Finding>) {
        let mut view = OpeningView::default();
        let mut zones = BTreeSet::new();
        let has_machines =
            |zone: &&ServiceZone| self.seen.iter().any(|seen| seen.device.zone == zone.id);
        for zone in self.config.zones.iter().filter(|zone| !zone.always).filter(has_machines) {
            // The opening of which the check has begun and is not over.
            let from = self.now.plus_ms(-AFTER_OPENING_MS - 1);
            let Some(opens) = zone.calendar.opens_next(from) else { continue };
            let check = opens.plus_ms(-self.config.opening_check_ms);
            view.check = Some(view.check.map_or(check, |known: Timestamp| known.min(check)));
            if check <= self.now && self.now < opens.plus_ms(AFTER_OPENING_MS) {
                zones.insert(&zone.id);
            }
        }
        view.running = !zones.is_empty();
        for (n, seen) in self.seen.iter().enumerate() {
            if !view.running || !zones.contains(&seen.device.zone) {
                continue;
            }
            view.of += 1;
            // Little paper hurts nobody yet.
            let ready = match seen.condition {
                Condition::Serving | Condition::Maintenance => true,
                Condition::Degraded => seen.hurt.is_empty(),
                Condition::Down | Condition::Offline | Condition::Unknown => false,
            };
            if !ready {
                view.not_ready.push(n);
            }
        }
        let not_ready: Vec<&Seen> =
            view.not_ready.iter().filter_map(|n| self.seen.get(*n)).collect();
        let finding = (!not_ready.is_empty()).then(|| {
            let words = vec![
                ("count", Text::same(not_ready.len().to_string())),
                ("list", self.walking_list(&not_ready)),
            ];
            group(What::NotReady, "opening", &not_ready, words)
        });
        (view, finding)
    }

    /// `一层综合大厅：3号取号机（离线）；…`
    fn walking_list(&self, machines: &[&Seen]) -> Text {
        let mut list = Text::new("", "");
        let mut zone_before = None;
        for seen in machines {
            let zone = self.zone(seen);
            let new_zone = zone_before.as_ref() != Some(&seen.device.zone);
            let (name, how) = (&seen.device.name, seen.condition.text());
            let [stop_zh, stop_en] = match (list.zh.is_empty(), new_zone) {
                (true, _) => ["", ""],
                (_, true) => ["；", "; "],
                _ => ["、", ", "],
            };
            let place = zone.filter(|_| new_zone).map(|zone| &zone.name);
            let place_zh = place.map(|p| format!("{}：", p.zh)).unwrap_or_default();
            let place_en = place.map(|p| format!("{}: ", p.en)).unwrap_or_default();
            list.zh += &format!("{stop_zh}{place_zh}{}（{}）", name.zh, how.zh);
            list.en += &format!("{stop_en}{place_en}{} ({})", name.en, how.en);
            zone_before = Some(seen.device.zone.clone());
        }
        list
    }

    /// A supply that does not last to the close of the next working day.
    pub(super) fn runs_out(
        &self,
        seen: &Seen,
        supply: &str,
        urgency: Urgency,
        at: Option<Timestamp>,
    ) -> Option<Finding> {
        // What is low or out by its sensor has a rule of its own.
        let at = at.filter(|_| urgency == Urgency::RunsOut)?;
        let label = standard_point(supply)?.label;
        let when = self.calendar(seen)?.time_zone();
        let time = jiff::Timestamp::from_millisecond(at.ms()).ok()?.to_zoned_datetime(when.clone());
        let date = time.strftime("%m-%d %H:%M").to_string();
        let words = vec![("part", label), ("date", Text::same(&date))];
        Some(about(What::RunsOut, seen, supply, words))
    }
}

/// Half of a kind says that its back-end cannot be reached.
fn backend_gone(kind: DeviceKind, members: &[&Seen]) -> Option<Finding> {
    let said: Vec<_> = members.iter().filter(|seen| seen.backend.is_some()).collect();
    let cut: Vec<&Seen> =
        said.iter().filter(|seen| seen.backend == Some(false)).map(|seen| **seen).collect();
    if cut.len() < GROUP_MIN || cut.len() * 2 < said.len() {
        return None;
    }
    let words = vec![
        ("kind", kind.text()),
        ("count", Text::same(cut.len().to_string())),
        ("of", Text::same(said.len().to_string())),
    ];
    Some(group(What::BackendGone, &format!("backend-{}", kind.as_str()), &cut, words))
}

/// The holidays of a year are not known: of the next one in December, or of this one, which is worse.
pub(super) fn calendar_missing(year: i16, today: Date) -> Finding {
    let severity = (year <= today.year()).then_some(Severity::Minor);
    let year = year.to_string();
    Finding {
        what: What::CalendarMissing,
        device: None,
        part: "calendar".to_owned(),
        severity,
        words: vec![("year", text!("{year} 年", "{year}"))],
        devices: Vec::new(),
    }
}

fn about(what: What, seen: &Seen, part: &str, words: Vec<(&'static str, Text)>) -> Finding {
    let device = Some(seen.device.id.clone());
    Finding { what, device, part: part.to_owned(), severity: None, words, devices: Vec::new() }
}

fn group(what: What, part: &str, of: &[&Seen], words: Vec<(&'static str, Text)>) -> Finding {
    let devices = of.iter().map(|seen| (seen.device.id.clone(), seen.device.name.clone()));
    let devices = devices.collect();
    Finding { what, device: None, part: part.to_owned(), severity: None, words, devices }
}
