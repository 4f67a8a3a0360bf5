//! What machines ask: does the process run, does it take data, how does it do.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::influx::{Sink, SinkState, SinkStatus, Totals};
use crate::live::HealthState;
use crate::model::Severity;

use super::problem::Problem;
use super::state::Shared;

mod lines;
mod sources;

/// The process runs and answers.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Data that comes in is kept. Sinks and devices have no say: restarting the gateway would not
/// help them.
pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    match shared.context.journal.status().trouble {
        None => "ok\n".into_response(),
        Some(trouble) => Problem::unavailable(trouble.to_string())
            .hint("数据无法写入磁盘：检查磁盘空间", "data cannot be kept: check the disk")
            .into_response(),
    }
}

/// The counters and gauges in the Prometheus text format.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, text(&shared)).into_response()
}

const HEALTH_STATES: [HealthState; 7] = [
    HealthState::Ok,
    HealthState::Degraded,
    HealthState::Fault,
    HealthState::Asleep,
    HealthState::Offline,
    HealthState::Maintenance,
    HealthState::Waiting,
];

fn text(shared: &Shared) -> String {
    let mut page = Page(shared.context.tally.prometheus());
    page.head("build_info", "gauge", "Version of the program");
    page.line("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    journal(&mut page, shared);
    sinks(&mut page, shared);
    sources::sources(&mut page, shared);
    devices(&mut page, shared);
    lines::lines(&mut page, &shared.context.monitor);
    page.head("web_streams", "gauge", "Open live streams");
    page.line("web_streams", &[], shared.feed.streams());
    let free = shared.connections.available_permits();
    page.head("web_connections", "gauge", "Open connections of the web server");
    page.line("web_connections", &[], shared.limits.connections.saturating_sub(free));
    page.0
}

fn journal(page: &mut Page, shared: &Shared) {
    let status = shared.context.journal.status();
    page.head("journal_position", "gauge", "Position of the last committed record");
    page.line("journal_position", &[], status.head.0);
    page.head("journal_size_bytes", "gauge", "Size of the journal");
    page.line("journal_size_bytes", &[], status.size_bytes);
    page.head("journal_disk_free_bytes", "gauge", "Free space on the disk of the journal");
    page.line("journal_disk_free_bytes", &[], status.disk_free_bytes);
    page.head("journal_writable", "gauge", "1 while the journal takes data");
    page.line("journal_writable", &[], u8::from(status.trouble.is_none()));
    if !status.cursors.is_empty() {
        page.head("journal_reader_lag_records", "gauge", "Records behind the head, by reader");
    }
    for (name, position) in &status.cursors {
        let lag = status.head.0.saturating_sub(position.0);
        page.line("journal_reader_lag_records", &[("reader", name)], lag);
    }
}

fn sinks(page: &mut Page, shared: &Shared) {
    let sinks: Vec<_> = shared.context.sinks.iter().map(Sink::look).collect();
    if sinks.is_empty() {
        return;
    }
    page.head("sink_up", "gauge", "1 while the sink takes data");
    for sink in &sinks {
        page.line("sink_up", &[("sink", &sink.name)], u8::from(sink.state != SinkState::Waiting));
    }
    page.head("sink_lag_records", "gauge", "Records that wait for a sink");
    for sink in &sinks {
        page.line("sink_lag_records", &[("sink", &sink.name)], sink.lag_records);
    }
    page.head("sink_backlog_records", "gauge", "Of these, records that piled up");
    for sink in &sinks {
        page.line("sink_backlog_records", &[("sink", &sink.name)], sink.backlog_records);
    }
    let seconds = |page: &mut Page, name: &str, sink: &SinkStatus, ms: i64| {
        let (s, ms) = (ms / 1000, ms % 1000);
        page.line(name, &[("sink", &sink.name)], format_args!("{s}.{ms:03}"));
    };
    page.head("sink_lag_seconds", "gauge", "Age of the oldest record that waits for a sink");
    for sink in &sinks {
        seconds(page, "sink_lag_seconds", sink, sink.lag_ms);
    }
    page.head("sink_fresh_lag_seconds", "gauge", "How late what comes in reaches a sink");
    for sink in &sinks {
        seconds(page, "sink_fresh_lag_seconds", sink, sink.fresh_lag_ms);
    }
    sink_totals(page, &sinks);
}

/// Counts since the first reading of each sink: they survive a restart.
fn sink_totals(page: &mut Page, sinks: &[SinkStatus]) {
    type Total = (&'static str, &'static str, fn(&Totals) -> u64);
    let totals: [Total; 4] = [
        ("sink_delivered_total", "Readings taken by a sink", |t| t.delivered),
        ("sink_without_line_total", "Readings with nothing that is sent", |t| t.without_line),
        ("sink_dead_letters_total", "Readings refused by a sink for good", |t| t.dead_letters),
        ("sink_resent_total", "Lines sent once more from the history", |t| t.resent),
    ];
    for (name, help, of) in totals {
        page.head(name, "counter", help);
        for sink in sinks {
            page.line(name, &[("sink", &sink.name)], of(&sink.totals));
        }
    }
}

fn devices(page: &mut Page, shared: &Shared) {
    let now = shared.now();
    let mut counts = BTreeMap::new();
    shared.context.live.look(|board| {
        let peers = board.peers(now);
        for live in board.iter() {
            *counts.entry(board.health(live, &peers).state).or_insert(0_usize) += 1;
        }
    });
    page.head("devices", "gauge", "Devices, by health");
    for state in HEALTH_STATES {
        let n = counts.get(&state).copied().unwrap_or(0);
        page.line("devices", &[("health", state.as_str())], n);
    }
    let open = shared.context.alerts.open();
    page.head("alerts_open", "gauge", "Open alerts, by severity");
    for severity in Severity::ALL {
        let n = open.iter().filter(|alert| alert.severity == severity).count();
        page.line("alerts_open", &[("severity", severity.as_str())], n);
    }
}

/// A page in the text format; every name gets the prefix.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let written =
            writeln!(self.0, "# HELP hallwatch_{name} {help}\n# TYPE hallwatch_{name} {kind}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let escape =
            |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<_> =
            labels.iter().map(|(key, text)| format!("{key}=\"{}\"", escape(text))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let written = writeln!(self.0, "hallwatch_{name}{labels} {value}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
}
