//! Who may publish and read which topics at the broker: each device its own, the gateway what it
//! listens to.

use std::collections::BTreeSet;

use crate::profile::Form;

use super::config::{Config, Publisher};
use super::table::Table;

/// The rights of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Name of the account: the device's id, or the gateway's own name.
    pub user: String,
    /// Filters that it may publish to.
    pub write: Vec<String>,
    /// Filters that it may subscribe to.
    pub read: Vec<String>,
}

/// Account of the gateway where the configuration names none.
const GATEWAY: &str = "hallwatch";

/// The gateway's rights, and those of each device.
#[must_use]
pub fn rights(config: &Config) -> Vec<Rights> {
    let table = Table::new(&config.devices);
    let read = table.filters.iter().map(|filter| filter.topic.clone());
    let asked = table.edges.iter().filter(|_| config.rebirth);
    let write = asked.map(|edge| format!("spBv1.0/{}/NCMD/{}", edge.group, edge.name));
    let user = config.login.as_ref().map_or(GATEWAY, |(user, _)| user);
    let own = Rights { user: user.to_owned(), write: write.collect(), read: read.collect() };
    let of = |publisher| of_device(publisher, &config.devices);
    std::iter::once(own).chain(config.devices.iter().map(of)).collect()
}

fn of_device(publisher: &Publisher, all: &[Publisher]) -> Rights {
    let (mut write, mut read) = (BTreeSet::new(), BTreeSet::new());
    for place in &publisher.places {
        let form = publisher.rules().and_then(|rules| rules.rule(place.rule)).map(|rule| rule.form);
        write.insert(place.filter.clone());
        match form {
            // Whom it takes orders from is between its maker and the hall.
            Some(Form::Homie) => {
                let base = place.filter.trim_end_matches("/#");
                read.insert(format!("{base}/+/+/set"));
            }
            Some(Form::Sparkplug) => {
                let Some((group, edge)) = edge_of(publisher) else { continue };
                // The devices of an edge node speak over its one connection, with one account.
                let beside = all.iter().filter(|other| edge_of(other) == Some((group, edge)));
                let places = beside.flat_map(|other| &other.places);
                write.extend(places.map(|place| place.filter.clone()));
                read.insert(format!("spBv1.0/{group}/NCMD/{edge}"));
                read.insert(format!("spBv1.0/{group}/DCMD/{edge}/+"));
                read.insert("spBv1.0/STATE/+".to_owned());
            }
            _ => {}
        }
    }
    let user = publisher.device.id.to_string();
    Rights { user, write: write.into_iter().collect(), read: read.into_iter().collect() }
}

/// Group and name of the edge node of a Sparkplug device.
fn edge_of(publisher: &Publisher) -> Option<(&str, &str)> {
    let mut rules = publisher.rules()?.messages.iter();
    rules.find(|rule| rule.form == Form::Sparkplug)?;
    let mut levels = publisher.mqtt_id.splitn(3, '/');
    levels.next().zip(levels.next())
}
