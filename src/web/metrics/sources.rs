//! What became of the readings of each source, from the ledger: the counts survive every restart.

use crate::proof::{AtSink, Sums, of_sources};
use crate::web::state::Shared;

use super::Page;

/// Sources up to which each has series of its own; above, there is the sum only.
const SOURCES_MAX: usize = 2000;

pub(super) fn sources(page: &mut Page, shared: &Shared) {
    let sources = of_sources(&shared.context.journal.ledger_totals());
    if sources.is_empty() || sources.len() > SOURCES_MAX {
        return;
    }
    type Account = (&'static str, &'static str, fn(&Sums) -> u64);
    let accounts: [Account; 4] = [
        ("source_read_total", "Readings that a source brought", Sums::read),
        ("source_kept_total", "Readings of a source that are new and on disk", |s| s.kept),
        ("source_doubled_total", "Readings of a source that came again", |s| s.doubled),
        ("source_not_kept_total", "Readings that the disk did not take", |s| s.not_kept),
    ];
    for (name, help, of) in accounts {
        page.head(name, "counter", help);
        for (device, sums) in &sources {
            page.line(name, &[("device", device)], of(sums));
        }
    }
    type End = (&'static str, &'static str, fn(&AtSink) -> u64);
    let ends: [End; 4] = [
        ("source_delivered_total", "Readings of a source that a sink took", |at| at.delivered),
        ("source_recovered_total", "Readings that a sink took from the history", |at| at.recovered),
        ("source_without_line_total", "Readings with nothing that is sent", |at| at.without_line),
        ("source_dead_letters_total", "Readings that a sink refused for good", |at| {
            at.dead_letters
        }),
    ];
    for (name, help, of) in ends {
        page.head(name, "counter", help);
        for (device, sums) in &sources {
            for (sink, at) in &sums.sinks {
                page.line(name, &[("device", device), ("sink", sink)], of(at));
            }
        }
    }
}
