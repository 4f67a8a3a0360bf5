//! What is known of one edge node and its devices.

use std::collections::BTreeMap;

use crate::source::mqtt::body::Body;
use crate::source::mqtt::json::Json;
use crate::source::mqtt::payload::{Said, fnv1a};
use crate::source::mqtt::refusal::Refusal;

use super::payload::{Metric, Payload};

/// Most names that a birth may bring: a machine has some dozens.
const NAMES_MAX: usize = 10_000;
/// The numbers of messages begin anew after this one.
const SEQ_END: u64 = 256;
/// The metric that tells which connection a birth and a death belong to.
const BD_SEQ: &str = "bdSeq";

/// What a birth said.
#[derive(Debug, Default)]
struct Birth {
    names: BTreeMap<u64, String>,
    types: BTreeMap<String, u32>,
}

/// One edge node with its devices.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    /// By device; the node itself under an empty name.
    births: BTreeMap<String, Birth>,
    seq: Option<u64>,
    bd_seq: Option<u64>,
}

/// What was heard from an edge node.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// What the node (empty name) or a device said.
    pub(crate) said: Vec<Said<'static>>,
    /// The node is gone, and all its devices with it.
    pub(crate) all_gone: bool,
    /// Something was missed: the node should be born again.
    pub(crate) missed: bool,
    /// Metrics under aliases that no birth has explained.
    pub(crate) unknown: usize,
}

impl Edge {
    /// What was said before a new connection may have changed meanwhile.
    pub(crate) fn forget(&mut self) {
        self.births.clear();
        self.seq = None;
    }

    /// Takes a message of this kind (`NBIRTH`, `DDATA`) of a device, or of the node (no name). Of
    /// those that are not `wanted` only the number counts.
    pub(crate) fn hear(
        &mut self,
        kind: &str,
        device: &str,
        wanted: bool,
        bytes: &[u8],
    ) -> Result<Heard, Refusal> {
        let payload = Payload::read(bytes)?;
        let message = fnv1a(bytes) ^ fnv1a(kind.as_bytes());
        let mut heard = Heard::default();
        match kind {
            "NDEATH" => {
                // A death of another connection than the present one may be old news, and is not
                // always: of three makers' nodes two number their deaths wrongly. So it is
                // believed until the next message, which is then still understood.
                let of = payload.metrics.iter().find(|m| m.name.as_deref() == Some(BD_SEQ));
                let of = of.and_then(|metric| metric.json(None)).and_then(|json| json.as_u64());
                if of.is_none() || of == self.bd_seq {
                    self.forget();
                }
                heard.all_gone = true;
                return Ok(heard);
            }
            "NBIRTH" => {
                self.forget();
                let number = |m: &Metric| m.json(None).and_then(|json| json.as_u64());
                let bd_seq = payload.metrics.iter().find(|m| m.name.as_deref() == Some(BD_SEQ));
                self.bd_seq = bd_seq.and_then(number);
                self.seq = payload.seq;
                self.birth("", &payload);
            }
            "DBIRTH" => {
                heard.missed = self.skipped(payload.seq);
                if wanted {
                    self.birth(device, &payload);
                }
            }
            "NDATA" | "DDATA" => heard.missed = self.skipped(payload.seq),
            "DDEATH" => {
                heard.missed = self.skipped(payload.seq);
                self.births.remove(device);
                let time_ms = time_of(payload.timestamp);
                let body = Body::Flat(Vec::new());
                heard.said.push(Said {
                    body,
                    time_ms,
                    message,
                    present: Some(false),
                    state: false,
                });
                return Ok(heard);
            }
            _ => return Ok(heard), // commands of others
        }
        if !wanted {
            return Ok(heard);
        }
        let born = kind.ends_with("BIRTH");
        self.values(device, &payload, message, born, &mut heard);
        Ok(heard)
    }

    /// Whether a message between the last one and this one is missing.
    fn skipped(&mut self, seq: Option<u64>) -> bool {
        let before = std::mem::replace(&mut self.seq, seq);
        match (before, seq) {
            (Some(before), Some(seq)) => (before + 1) % SEQ_END != seq % SEQ_END,
            _ => false,
        }
    }

    fn birth(&mut self, device: &str, payload: &Payload) {
        let mut birth = Birth::default();
        for metric in payload.metrics.iter().take(NAMES_MAX) {
            let Some(name) = &metric.name else { continue };
            birth.types.extend(metric.datatype.map(|datatype| (name.clone(), datatype)));
            birth.names.extend(metric.alias.map(|alias| (alias, name.clone())));
        }
        self.births.insert(device.to_owned(), birth);
    }

    /// The values of a message: those that say that they are of another time each by itself, the
    /// others together.
    fn values(&self, device: &str, payload: &Payload, message: u64, born: bool, heard: &mut Heard) {
        let birth = self.births.get(device);
        let mut together: Vec<(String, Json<'static>)> = Vec::new();
        for metric in &payload.metrics {
            let named = metric.name.as_ref().filter(|name| !name.is_empty());
            let by_alias = || birth?.names.get(&metric.alias?);
            let Some(name) = named.or_else(by_alias) else {
                heard.unknown += 1;
                continue;
            };
            let born_as = birth.and_then(|birth| birth.types.get(name)).copied();
            let Some(json) = metric.json(born_as) else { continue };
            let value = (format!("/{name}"), json);
            if metric.is_historical == Some(true) {
                let time_ms = time_of(metric.timestamp.or(payload.timestamp));
                let message = message ^ fnv1a(name.as_bytes());
                let body = Body::Flat(vec![value]);
                heard.said.push(Said { body, time_ms, message, present: None, state: false });
            } else {
                together.push(value);
            }
        }
        heard.missed |= heard.unknown > 0;
        if !together.is_empty() || born {
            let time_ms = time_of(payload.timestamp);
            let (body, present) = (Body::Flat(together), born.then_some(true));
            heard.said.push(Said { body, time_ms, message, present, state: false });
        }
    }
}

fn time_of(timestamp: Option<u64>) -> Option<i64> {
    timestamp.and_then(|ms| i64::try_from(ms).ok())
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::payload::Held;
    use super::*;

    fn metric(name: &str, alias: u64, datatype: u32, value: Held) -> Metric {
        let name = (!name.is_empty()).then(|| name.to_owned());
        let datatype = (datatype > 0).then_some(datatype);
        Metric { name, alias: Some(alias), datatype, value: Some(value), ..Metric::default() }
    }

    fn message(seq: u64, metrics: Vec<Metric>) -> Vec<u8> {
        Payload { timestamp: Some(1_795_436_000_000), metrics, seq: Some(seq) }.encode_to_vec()
    }

    fn flat(heard: &Heard) -> Vec<(String, Json<'static>)> {
        match &heard.said.first().expect("said").body {
            Body::Flat(values) => values.clone(),
            Body::Document(_) => panic!("not flat"),
        }
    }

    fn born() -> Edge {
        let mut edge = Edge::default();
        let node = message(0, vec![metric(BD_SEQ, 0, 8, Held::Long(3))]);
        edge.hear("NBIRTH", "", true, &node).expect("heard");
        let metrics = vec![
            metric("paper", 1, 3, Held::Int(85)),
            metric("temp", 2, 2, Held::Int(20)),
            metric("door/open", 3, 11, Held::Bool(false)),
        ];
        let heard = edge.hear("DBIRTH", "k7", true, &message(1, metrics)).expect("heard");
        assert_eq!((heard.missed, heard.unknown), (false, 0));
        assert_eq!(heard.said[0].present, Some(true));
        edge
    }

    #[test]
    fn aliases_hold_from_a_birth_and_types_too() {
        let mut edge = born();
        let data = vec![metric("", 1, 0, Held::Int(84)), metric("", 2, 0, Held::Int(0xFFFF_FFFB))];
        let heard = edge.hear("DDATA", "k7", true, &message(2, data)).expect("heard");
        assert_eq!(flat(&heard), [("/paper".into(), 84.into()), ("/temp".into(), (-5).into())]);
        assert!(!heard.missed);
        assert_eq!(heard.said[0].time_ms, Some(1_795_436_000_000));
    }

    #[test]
    fn what_was_missed_is_noticed() {
        let mut edge = born();
        let heard =
            edge.hear("DDATA", "k7", true, &message(5, vec![metric("", 1, 0, Held::Int(1))]));
        assert!(heard.expect("heard").missed, "a gap in the numbers");
        let heard =
            edge.hear("DDATA", "k7", true, &message(6, vec![metric("", 9, 0, Held::Int(1))]));
        let heard = heard.expect("heard");
        assert_eq!((heard.unknown, heard.missed, heard.said.len()), (1, true, 0));
        edge.forget(); // a new connection
        let heard =
            edge.hear("DDATA", "k7", true, &message(7, vec![metric("", 1, 0, Held::Int(1))]));
        assert_eq!(heard.expect("heard").unknown, 1, "old aliases are not used");
        let named = vec![metric("paper", 1, 3, Held::Int(80))];
        let heard = edge.hear("DDATA", "k7", true, &message(8, named)).expect("heard");
        assert_eq!(flat(&heard), [("/paper".into(), 80.into())], "names need no birth");
    }

    #[test]
    fn the_numbers_begin_anew_after_255() {
        let mut edge = born();
        edge.seq = Some(255);
        let heard = edge.hear("DDATA", "k7", true, &message(0, vec![])).expect("heard");
        assert!(!heard.missed);
    }

    #[test]
    fn a_death_is_believed_and_one_of_another_connection_for_now() {
        let mut edge = born();
        let death = |bd_seq| message(0, vec![metric(BD_SEQ, 0, 8, Held::Long(bd_seq))]);
        let data = message(2, vec![metric("", 1, 0, Held::Int(84))]);
        assert!(edge.hear("NDEATH", "", true, &death(2)).expect("heard").all_gone, "an older one");
        assert_eq!(
            edge.hear("DDATA", "k7", true, &data).expect("heard").unknown,
            0,
            "it was old news"
        );
        assert!(edge.hear("NDEATH", "", true, &death(3)).expect("heard").all_gone);
        assert_eq!(edge.hear("DDATA", "k7", true, &data).expect("heard").unknown, 1);
        let mut edge = born();
        let heard = edge.hear("DDEATH", "k7", true, &message(2, vec![])).expect("heard");
        assert_eq!(heard.said[0].present, Some(false));
    }

    #[test]
    fn history_keeps_its_own_time() {
        let mut edge = born();
        let mut old = metric("paper", 1, 3, Held::Int(90));
        (old.is_historical, old.timestamp) = (Some(true), Some(1_795_000_000_000));
        let now = metric("temp", 2, 2, Held::Int(21));
        let heard = edge.hear("DDATA", "k7", true, &message(2, vec![old, now])).expect("heard");
        let times: Vec<_> = heard.said.iter().map(|said| said.time_ms).collect();
        assert_eq!(times, [Some(1_795_000_000_000), Some(1_795_436_000_000)]);
    }

    #[test]
    fn odd_bytes_are_refused_and_odd_values_left_out() {
        let mut edge = born();
        assert_eq!(edge.hear("DDATA", "k7", true, b"{\"a\":1}"), Err(Refusal::NotSparkplug));
        let odd = vec![
            metric("temp", 2, 10, Held::Double(f64::NAN)),
            Metric { is_null: Some(true), ..metric("paper", 1, 3, Held::Int(1)) },
        ];
        let heard = edge.hear("DDATA", "k7", true, &message(2, odd)).expect("heard");
        assert!(heard.said.is_empty());
        assert_eq!(
            edge.hear("NCMD", "", true, &message(0, vec![])).expect("heard"),
            Heard::default()
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            for kind in ["NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"] {
                drop(born().hear(kind, "k7", true, &bytes));
            }
        }
    }
}
