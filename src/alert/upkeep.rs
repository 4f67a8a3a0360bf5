//! How well the machines are kept, month and contract: repairs that are overdue, kinds that were out of
//! service for too long. Pure, but for the place where another room says what is overdue.

use std::fmt::{Debug, Formatter, Result as Formatted};
use std::sync::{Arc, OnceLock};

use crate::model::{DeviceId, Text};
use crate::service::{Finding, Overview, What};

/// A kind of machines has to be at hand for so much of the month, share of the time for which it answers.
const AVAILABLE_MIN: f64 = 0.98;
/// Before so much time of each machine is known, one breakdown would decide, milliseconds: a working week.
const KNOWN_MS: i64 = 40 * 3_600_000;

/// A repair that takes longer than its contract allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverdueRepair {
    /// Id of the order.
    pub order: String,
    /// The machine.
    pub device: DeviceId,
    /// What is late, in words: the response, or the repair.
    pub late: Text,
    /// When it was due, in words.
    pub due: Text,
}

type Ask = Box<dyn Fn() -> Vec<OverdueRepair> + Send + Sync>;

/// What is overdue, as the room that keeps the orders says it. Clones share it; that room opens after the
/// alerts and says then how it is asked.
#[derive(Clone, Default)]
pub struct OverdueRepairs(Arc<OnceLock<Ask>>);

impl OverdueRepairs {
    /// From now on it is asked so; the first one counts.
    pub fn ask_by(&self, ask: impl Fn() -> Vec<OverdueRepair> + Send + Sync + 'static) {
        self.0.get_or_init(|| Box::new(ask));
    }

    /// What is overdue now.
    #[must_use]
    pub fn look(&self) -> Vec<OverdueRepair> {
        self.0.get().map(|ask| ask()).unwrap_or_default()
    }
}

impl Debug for OverdueRepairs {
    fn fmt(&self, to: &mut Formatter<'_>) -> Formatted {
        to.debug_tuple("OverdueRepairs").field(&self.0.get().is_some()).finish()
    }
}

/// What the month's end wants of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// The newest factor of its kind is old.
    FactorOld {
        /// Which one.
        factor: Text,
        /// When it was issued.
        issued: String,
    },
    /// The energy platform does not get its files.
    ExportFails {
        /// Why not.
        why: Text,
    },
    /// The month that is over is not closed, and something stands in the way.
    CloseBlocked {
        /// The month, as it is written.
        period: String,
        /// The month, for people.
        month: Text,
        /// What stands in the way.
        why: Text,
    },
}

type AskAccounts = Box<dyn Fn() -> Vec<Account> + Send + Sync>;

/// What the month's end wants, as the room of reports says it; asked like [`OverdueRepairs`].
#[derive(Clone, Default)]
pub struct Accounts(Arc<OnceLock<AskAccounts>>);

impl Accounts {
    /// From now on it is asked so; the first one counts.
    pub fn ask_by(&self, ask: impl Fn() -> Vec<Account> + Send + Sync + 'static) {
        self.0.get_or_init(|| Box::new(ask));
    }

    /// What is wanted now.
    #[must_use]
    pub fn look(&self) -> Vec<Account> {
        self.0.get().map(|ask| ask()).unwrap_or_default()
    }
}

impl Debug for Accounts {
    fn fmt(&self, to: &mut Formatter<'_>) -> Formatted {
        to.debug_tuple("Accounts").field(&self.0.get().is_some()).finish()
    }
}

pub(super) fn accounts(accounts: Vec<Account>) -> impl Iterator<Item = Finding> {
    accounts.into_iter().map(|account| {
        let (what, part, words) = match account {
            Account::FactorOld { factor, issued } => {
                let part = plain(&factor.en);
                let words = vec![("factor", factor), ("issued", Text::same(issued))];
                (What::FactorOld, part, words)
            }
            Account::ExportFails { why } => {
                (What::ExportFails, "platform".to_owned(), vec![("why", why)])
            }
            Account::CloseBlocked { period, month, why } => {
                (What::CloseBlocked, period, vec![("month", month), ("why", why)])
            }
        };
        Finding { what, device: None, part, severity: None, words, devices: Vec::new() }
    })
}

pub(super) fn overdue(repairs: Vec<OverdueRepair>) -> impl Iterator<Item = Finding> {
    repairs.into_iter().map(|repair| {
        let part = format!("{}-{}", repair.order, plain(&repair.late.en));
        let words =
            vec![("order", Text::same(repair.order)), ("late", repair.late), ("due", repair.due)];
        let (what, device) = (What::RepairOverdue, Some(repair.device));
        Finding { what, device, part, severity: None, words, devices: Vec::new() }
    })
}

fn plain(word: &str) -> String {
    word.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Kinds that were at hand for too little of this month.
pub(super) fn availability(overview: &Overview) -> Vec<Finding> {
    let mut found = Vec::new();
    for kind in &overview.kinds {
        let known_ms = KNOWN_MS.saturating_mul(i64::try_from(kind.of).unwrap_or(i64::MAX));
        let available =
            kind.month.availability().filter(|_| kind.month.answerable_ms() >= known_ms);
        let Some(available) = available.filter(|available| *available < AVAILABLE_MIN) else {
            continue;
        };
        // A whole number: it is told anew when it has become another one.
        let percent = (available * 100.0).floor();
        found.push(Finding {
            what: What::AvailabilityLow,
            device: None,
            part: format!("kind-{}", kind.kind.as_str()),
            severity: None,
            words: vec![("kind", kind.kind.text()), ("percent", Text::same(format!("{percent}")))],
            devices: Vec::new(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeviceKind;
    use crate::service::{KindView, Kpi};

    fn month(hours: i64, down: i64) -> Overview {
        let ms = |hours: i64| hours * 3_600_000;
        let month = Kpi {
            service_ms: ms(hours),
            serving_ms: ms(hours - down),
            down_ms: ms(down),
            ..Kpi::default()
        };
        let kind = DeviceKind::TicketMachine;
        Overview { kinds: vec![KindView { kind, of: 2, serving: 2, month }], ..Overview::default() }
    }

    #[test]
    fn a_kind_that_was_out_for_long_is_told_when_a_week_of_it_is_known() {
        assert!(availability(&month(200, 4)).is_empty(), "98 % is enough");
        let found = availability(&month(200, 5));
        let words: Vec<&str> = found[0].words.iter().map(|(_, text)| text.en.as_str()).collect();
        assert_eq!(words, ["ticket machine", "97"]);
        assert!(availability(&month(79, 20)).is_empty(), "the month is young");
    }

    #[test]
    fn what_the_month_s_end_wants_is_asked_of_whoever_knows() {
        let asked = Accounts::default();
        assert!(asked.look().is_empty());
        let old = Account::FactorOld {
            factor: Text::new("电网平均排放因子", "carbon dioxide of the grid"),
            issued: "2023-01-01".to_owned(),
        };
        let blocked = Account::CloseBlocked {
            period: "2026-10".to_owned(),
            month: Text::new("2026 年 10 月", "October 2026"),
            why: Text::new("总水表没有期末读数", "the water main was not read"),
        };
        let said = [old, blocked];
        let told = said.clone();
        asked.clone().ask_by(move || told.to_vec());
        let found: Vec<Finding> = accounts(asked.look()).collect();
        let parts: Vec<_> = found.iter().map(|found| (found.what, found.part.as_str())).collect();
        let expected =
            [(What::FactorOld, "carbon-dioxide-of-the-grid"), (What::CloseBlocked, "2026-10")];
        assert_eq!(parts, expected);
    }

    #[test]
    fn what_is_overdue_is_asked_of_whoever_knows() {
        let repairs = OverdueRepairs::default();
        assert!(repairs.look().is_empty());
        let device = DeviceId::parse("tm-01").expect("id");
        let one = OverdueRepair {
            order: "W7".to_owned(),
            device: device.clone(),
            late: Text::new("修复", "repair"),
            due: Text::same("11-29 15:00"),
        };
        let said = one.clone();
        repairs.clone().ask_by(move || vec![said.clone()]);
        let found: Vec<Finding> = overdue(repairs.look()).collect();
        assert_eq!((found[0].device.clone(), found[0].part.as_str()), (Some(device), "W7-repair"));
        assert_eq!(repairs.look(), [one]);
    }
}
