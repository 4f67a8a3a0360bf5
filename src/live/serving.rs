//! Which services of a machine are hurt, by the parts that they need.

use crate::model::{LinkFault, LinkState, Severity, Text, standard_point};
use crate::profile::{Protocol, Service};

use super::board::DeviceLive;

/// A part that is so bad keeps a service from being done.
const BROKEN: Severity = Severity::Major;

/// What a machine can do for visitors now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// Names of the services that cannot be done.
    pub hurt: Vec<Text>,
    /// How many it has in all.
    pub of: usize,
    /// The parts that hurt them, in words.
    pub reason: Option<Text>,
}

impl Serving {
    /// Nothing can be done.
    #[must_use]
    pub const fn none_left(&self) -> bool {
        self.of > 0 && self.hurt.len() == self.of
    }
}

impl DeviceLive {
    /// It publishes, and cannot be heard: the way to the broker is broken, which is no fault of its
    /// own.
    #[must_use]
    pub fn unheard(&self) -> bool {
        let publishes = self
            .profile
            .as_ref()
            .is_some_and(|profile| matches!(profile.protocol, Protocol::Mqtt(_)));
        let own = LinkFault::LastWill;
        publishes && matches!(&self.link, Some(LinkState::Down { fault, .. }) if *fault != own)
    }

    /// What it can do now; `None` where its profile does not say what it is for.
    #[must_use]
    pub fn serving(&self) -> Option<Serving> {
        let services = &self.profile.as_ref()?.services;
        if services.is_empty() {
            return None;
        }
        let mut reasons: Vec<Text> = Vec::new();
        let mut hurt = Vec::new();
        for service in services {
            let before = hurt.len();
            for reason in self.broken_parts(service) {
                if hurt.len() == before {
                    hurt.push(service.name.clone());
                }
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        let join = |pick: fn(&Text) -> &str, stop: &str| {
            reasons.iter().map(pick).collect::<Vec<_>>().join(stop)
        };
        let all = Text::new(join(|t| &t.zh, "；"), join(|t| &t.en, "; "));
        let reason = (!reasons.is_empty()).then_some(all);
        Some(Serving { hurt, of: services.len(), reason })
    }

    /// The parts that a service needs and that are broken, in words.
    fn broken_parts(&self, service: &Service) -> Vec<Text> {
        let broken = |point: &crate::model::PointName| {
            let word = self.word(point.as_str())?;
            let broken = word.severity.is_some_and(|severity| severity >= BROKEN);
            let label = standard_point(point.as_str()).filter(|_| broken)?.label;
            let zh = format!("{}：{}", label.zh, word.zh);
            Some(Text::new(zh, format!("{}: {}", label.en, word.en)))
        };
        service.needs.iter().filter_map(broken).collect()
    }
}
