//! Topic to device: who may be heard where.

use std::collections::{BTreeMap, HashMap};

use super::config::Publisher;

/// What a topic belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// One device, by its place in the configuration, with the place of the rule.
    Device {
        /// Index of the device.
        device: usize,
        /// Index of its place.
        place: usize,
    },
    /// A Sparkplug edge node, by its place in [`Table::edges`].
    Edge(usize),
}

/// A Sparkplug edge node and the devices behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EdgeNode {
    pub(super) group: String,
    pub(super) name: String,
    /// Device level (empty for the node itself) and index of the device.
    pub(super) devices: BTreeMap<String, usize>,
}

/// The topics of all devices.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Topics without wildcards, which nearly all are: one look is enough for them.
    exact: HashMap<String, Owner>,
    root: Node,
    /// The edge nodes.
    pub(super) edges: Vec<EdgeNode>,
    /// What is subscribed to.
    pub(super) filters: Vec<Filter>,
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) topic: String,
    /// Its messages are understood one by one, so several gateways may share them.
    pub(super) sharable: bool,
    /// What the broker keeps is wanted at every connection.
    pub(super) kept: bool,
}

#[derive(Debug, Default)]
struct Node {
    levels: BTreeMap<String, Node>,
    any: Option<Box<Node>>,
    rest: Option<Owner>,
    here: Option<Owner>,
}

impl Table {
    pub(super) fn new(devices: &[Publisher]) -> Self {
        let mut table = Self::default();
        for (device, publisher) in devices.iter().enumerate() {
            for (place, at) in publisher.places.iter().enumerate() {
                if at.shared {
                    table.edge(device, publisher);
                    continue;
                }
                if at.filter.starts_with("spBv1.0/") {
                    continue; // its edge node's filter covers it
                }
                let form = publisher.rules().and_then(|rules| rules.rule(at.rule)).map(|r| r.form);
                let kept = form.is_some_and(crate::profile::Form::remembers);
                let sharable = matches!(form, Some(crate::profile::Form::Json));
                table.insert(&at.filter, Owner::Device { device, place });
                table.filters.push(Filter { topic: at.filter.clone(), sharable, kept });
            }
        }
        table
    }

    /// Enters the edge node of a device. All of a node's messages are heard, also those of devices
    /// that are none of ours: only so can a missing one be noticed.
    fn edge(&mut self, device: usize, publisher: &Publisher) {
        let mut levels = publisher.mqtt_id.splitn(3, '/');
        let (Some(group), Some(name)) = (levels.next(), levels.next()) else { return };
        let known = self.edges.iter().position(|edge| edge.group == group && edge.name == name);
        let index = known.unwrap_or_else(|| {
            let (group, name) = (group.to_owned(), name.to_owned());
            for filter in
                [format!("spBv1.0/{group}/+/{name}"), format!("spBv1.0/{group}/+/{name}/+")]
            {
                self.insert(&filter, Owner::Edge(self.edges.len()));
                self.filters.push(Filter { topic: filter, sharable: false, kept: false });
            }
            self.edges.push(EdgeNode { group, name, devices: BTreeMap::new() });
            self.edges.len().saturating_sub(1)
        });
        if let Some(edge) = self.edges.get_mut(index) {
            edge.devices.insert(levels.next().unwrap_or_default().to_owned(), device);
        }
    }

    fn insert(&mut self, filter: &str, owner: Owner) {
        if !filter.contains(['+', '#']) {
            self.exact.entry(filter.to_owned()).or_insert(owner);
            return;
        }
        let mut node = &mut self.root;
        for level in filter.split('/') {
            match level {
                "#" => {
                    node.rest.get_or_insert(owner);
                    return;
                }
                "+" => node = &mut **node.any.get_or_insert_default(),
                level => node = node.levels.entry(level.to_owned()).or_default(),
            }
        }
        node.here.get_or_insert(owner);
    }

    /// Whose topic it is. A name of a topic is never a pattern: `+` and `#` in it match nothing,
    /// and topics of the broker itself (`$SYS`) belong to nobody.
    pub(super) fn owner(&self, topic: &str) -> Option<Owner> {
        if let Some(owner) = self.exact.get(topic) {
            return Some(*owner);
        }
        if topic.starts_with('$') || topic.contains(['+', '#', '\0']) {
            return None;
        }
        let levels: Vec<&str> = topic.split('/').collect();
        self.root.find(&levels)
    }
}

impl Node {
    fn find(&self, levels: &[&str]) -> Option<Owner> {
        let Some((level, rest)) = levels.split_first() else { return self.here.or(self.rest) };
        let exact = self.levels.get(*level).and_then(|node| node.find(rest));
        exact.or_else(|| self.any.as_ref()?.find(rest)).or(self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_one_owner() {
        let mut table = Table::default();
        let owner = |device| Owner::Device { device, place: 0 };
        table.insert("hall/z/ticket/t1/status", owner(1));
        table.insert("fully/event/+/abc", owner(2));
        table.insert("homie/k9/#", owner(3));
        table.insert("homie/5/k9/#", owner(4));
        assert_eq!(table.owner("hall/z/ticket/t1/status"), Some(owner(1)));
        assert_eq!(table.owner("fully/event/screenOn/abc"), Some(owner(2)));
        assert_eq!(table.owner("homie/k9/printer/paper"), Some(owner(3)));
        assert_eq!(table.owner("homie/5/k9/$state"), Some(owner(4)));
        for nobody in [
            "hall/z/ticket/t1/status/",
            "hall/z/ticket/t2/status",
            "hall/z/ticket/+/status",
            "hall/z/ticket/#",
            "$SYS/broker/load",
            "homie",
            "fully/event/abc",
            "HALL/z/ticket/t1/status",
            "hall/z/ticket/t1/status\0",
            "",
            "fully/event/a/b/abc",
            "homie/5/k8/$state",
        ] {
            assert_eq!(table.owner(nobody), None, "{nobody}");
        }
    }
}
