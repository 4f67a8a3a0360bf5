//! An Alertmanager of Prometheus. It forgets what it is not told again within its
//! `resolve_timeout` (5 minutes), and everything when it dies: what is open is told every minute.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Client;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Change};
use crate::model::Timestamp;

use super::answer::Answer;
use super::compose::instant;
use super::http::ask;
use super::message::Message;
use super::names::Names;

/// Time between two repetitions of what is open.
pub(super) const REPEAT: Duration = Duration::from_secs(60);
/// The same after one that did not arrive.
pub(super) const REPEAT_SOON: Duration = Duration::from_secs(10);
/// Open alerts that are remembered.
const OPEN_MAX: usize = 2_000;

/// An alert as an Alertmanager takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Posted {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt", default, skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    #[serde(rename = "generatorURL", default, skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

impl Posted {
    fn ended(self, at: Timestamp) -> Self {
        Self { ends_at: Some(instant(at)), ..self }
    }
}

/// One Alertmanager.
#[derive(Debug, Clone)]
pub(super) struct Alertmanager {
    pub(super) client: Client,
    pub(super) url: String,
}

impl Alertmanager {
    pub(super) async fn post(&self, alerts: &[Posted], key: Option<&str>) -> Answer {
        let url = format!("{}/api/v2/alerts", self.url.trim_end_matches('/'));
        let mut request = self.client.post(url).json(alerts);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        match ask(request).await {
            Ok(_) => Answer::Taken,
            Err(answer) => answer,
        }
    }
}

/// What is posted for a message where `open` is open, and what is open after it.
pub(super) fn alerts(
    message: &Message,
    open: &BTreeMap<String, Posted>,
    names: &Names,
    now: Timestamp,
) -> (Vec<Posted>, BTreeMap<String, Posted>) {
    let mut after = open.clone();
    let mut ended: Vec<Posted> = Vec::new();
    for item in &message.items {
        let (alert, change) = (&item.transition.alert, item.transition.change);
        let this = posted(alert, names);
        let before = after.remove(&alert.id);
        // It is known by its labels: with another severity it is another alert to them.
        ended.extend(before.filter(|b| b.labels != this.labels).map(|b| b.ended(now)));
        match change {
            Change::Resolved => {
                let at = alert.resolved.unwrap_or(now).max(alert.since);
                ended.push(this.ended(at));
            }
            // They must not tell anybody any more either.
            Change::Muted => ended.push(this.ended(now)),
            _ if after.len() < OPEN_MAX => {
                after.insert(alert.id.clone(), this);
            }
            _ => ended.push(this),
        }
    }
    let named: std::collections::BTreeSet<&str> =
        message.items.iter().map(|item| item.transition.alert.id.as_str()).collect();
    let begun = after.iter().filter(|(id, _)| named.contains(id.as_str())).map(|(_, p)| p.clone());
    ended.extend(begun);
    (ended, after)
}

fn posted(alert: &Alert, names: &Names) -> Posted {
    let mut labels = BTreeMap::new();
    let mut label = |name: &str, value: String| {
        // One without a value is none to them.
        if !value.is_empty() {
            labels.insert(name.to_owned(), value);
        }
    };
    label("alertname", alert.rule.clone());
    label("severity", alert.severity.as_str().to_owned());
    label("site", names.site.clone());
    label("device", alert.device.as_ref().map(ToString::to_string).unwrap_or_default());
    label("zone", names.zone_id(alert).map(ToString::to_string).unwrap_or_default());
    label("kind", names.kind(alert).map(|kind| kind.as_str().to_owned()).unwrap_or_default());
    label("part", part(alert));
    // Those of the rule stand beside ours, not in their place: the rules' file is checked for that.
    for (name, value) in &alert.labels {
        label(name, value.clone());
    }
    let annotations = [
        ("summary", &alert.text.zh),
        ("summary_en", &alert.text.en),
        ("advice", &alert.advice.zh),
        ("advice_en", &alert.advice.en),
    ];
    Posted {
        labels,
        annotations: annotations.map(|(name, text)| (name.to_owned(), text.clone())).into(),
        starts_at: instant(alert.since),
        ends_at: None,
        generator_url: names.page.clone(),
    }
}

/// Which part of its device an alert is about. It stands in the id alone, and without it two parts
/// of one device would be one alert.
fn part(alert: &Alert) -> String {
    let device = alert.device.as_ref().map(ToString::to_string).unwrap_or_default();
    let rest = alert.id.strip_prefix(alert.rule.as_str()).and_then(|id| id.strip_prefix('-'));
    let rest = rest.and_then(|id| id.strip_prefix(device.as_str()));
    let rest = rest.and_then(|id| id.rsplit_once('-')).map(|(part, _)| part);
    rest.unwrap_or_default().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::digest::trial::{START_MS, item, message, names, resolved};
    use super::*;
    use crate::model::Severity;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(START_MS + ms)
    }

    #[test]
    fn what_is_open_is_remembered_until_it_is_over() {
        let raised = message(vec![
            item("PV002", "inv-01", Severity::Major, Change::Raised),
            item("PV002", "inv-02", Severity::Major, Change::Raised),
        ]);
        let (sent, open) = alerts(&raised, &BTreeMap::new(), &names(), at(0));
        assert_eq!((sent.len(), open.len()), (2, 2));
        let json = serde_json::to_value(&sent[0]).unwrap();
        assert_eq!(json["labels"]["alertname"], "PV002");
        assert_eq!(json["labels"]["device"], "inv-01");
        assert_eq!(json["labels"]["zone"], "roof");
        assert_eq!(json["labels"]["kind"], "inverter");
        assert_eq!(json["labels"]["site"], "dongcheng");
        assert_eq!(json["labels"].get("part"), None);
        let mut own = item("PV002", "inv-01", Severity::Major, Change::Raised);
        own.transition.alert.labels.insert("team".to_owned(), "electricians".to_owned());
        assert_eq!(posted(&own.transition.alert, &names()).labels["team"], "electricians");
        assert_eq!(json["startsAt"], "2026-11-30T00:00:00Z");
        assert_eq!(json.get("endsAt"), None);
        let over = message(vec![resolved("PV002", "inv-01", 60_000)]);
        let (sent, open) = alerts(&over, &open, &names(), at(61_000));
        assert_eq!(sent.len(), 1);
        assert_eq!(serde_json::to_value(&sent[0]).unwrap()["endsAt"], "2026-11-30T00:01:00Z");
        assert_eq!(open.len(), 1);
    }

    #[test]
    fn a_worse_severity_ends_the_alert_that_it_was() {
        let raised = message(vec![item("PV002", "inv-01", Severity::Minor, Change::Raised)]);
        let (_, open) = alerts(&raised, &BTreeMap::new(), &names(), at(0));
        let worse = message(vec![item("PV002", "inv-01", Severity::Critical, Change::Changed)]);
        let (sent, open) = alerts(&worse, &open, &names(), at(5_000));
        assert_eq!((sent.len(), open.len()), (2, 1));
        assert_eq!(sent[0].labels["severity"], "minor");
        assert!(sent[0].ends_at.is_some() && sent[1].ends_at.is_none());
        assert_eq!(sent[1].labels["severity"], "critical");
    }

    #[test]
    fn parts_of_a_device_are_told_apart() {
        let mut item = item("PV020", "inv-01", Severity::Minor, Change::Raised);
        item.transition.alert.id = format!("PV020-inv-01-string-3-{START_MS}");
        assert_eq!(part(&item.transition.alert), "string-3");
    }
}
