//! A compiled profile.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{DeviceKind, PointName, Severity, Text};

use super::marker::Marker;
use super::mqtt::MqttProfile;
use super::register::{BusRules, Table};
use super::sunspec::SunspecPlan;

/// What a fault code of a device means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The manufacturer's own words, or a faithful translation.
    pub text: Text,
    /// How bad it is.
    pub severity: Severity,
    /// What to do, where the source says so.
    pub advice: Option<Text>,
}

/// Something that a machine does for visitors: printing a ticket, weighing a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: Text,
    /// The parts without which it cannot be done.
    pub needs: Vec<PointName>,
}

/// How a device is read.
#[derive(Debug, Clone)]
pub enum Protocol {
    /// Fixed register tables.
    Registers {
        /// Discipline on the wire.
        bus: BusRules,
        /// What is read each cycle.
        tables: Vec<Table>,
    },
    /// A chain of SunSpec models, found at run time.
    Sunspec {
        /// Discipline on the wire.
        bus: BusRules,
        /// Where to look and what to take.
        plan: SunspecPlan,
    },
    /// JSON messages that the device publishes.
    Mqtt(MqttProfile),
}

/// One file of `devices/`, checked.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Id used in the configuration.
    pub id: String,
    /// What the devices are, unless the configuration says it.
    pub kind: Option<DeviceKind>,
    /// Who makes them.
    pub vendor: String,
    /// Name for people.
    pub name: Text,
    /// Model names this profile is for.
    pub models: Vec<String>,
    /// Time between readings unless the configuration says otherwise, seconds.
    pub interval_s: u32,
    /// Its values are those behind the transformers; see [`Profile::with_ratios`].
    pub secondary: bool,
    /// How it is read.
    pub protocol: Protocol,
    /// What it does for visitors; none where that is not known.
    pub services: Vec<Service>,
    /// By what a device of this family is recognised.
    pub markers: Vec<Marker>,
    /// Meaning of its fault codes.
    pub faults: BTreeMap<String, Fault>,
    /// What a person should know before relying on it.
    pub caveats: Vec<Text>,
    /// Where the facts come from.
    pub source: String,
    /// The rules that it brings, its own or those of the profile that it extends.
    pub rules: Option<Arc<Brought>>,
}

/// Rules of a profile as they are written; the room of the rules reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The file, as people know it.
    pub file: String,
    /// All of it, so that mistakes have their places.
    pub source: String,
}

impl Profile {
    /// The meaning of a fault code; a code that no source explains keeps its number in the text.
    #[must_use]
    pub fn fault(&self, code: &str) -> Fault {
        let known = self.faults.get(code).cloned().or_else(|| match &self.protocol {
            Protocol::Sunspec { plan, .. } => plan.fault_of_instance(code, &self.faults),
            _ => None,
        });
        known.unwrap_or_else(|| Fault {
            text: Text::new(format!("故障代码 {code}"), format!("fault code {code}")),
            severity: Severity::Major,
            advice: None,
        })
    }
}
