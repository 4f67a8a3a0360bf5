//! How a scan is shown while it goes on: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::{Text, text};
use crate::source::modbus::scan::{DoorSeen, DoorState, Finding, News, Progress, ScanReport};

use super::super::check::{Language, one_line};
use super::indented;

/// The bar, or nothing where nobody watches.
pub(super) struct Display {
    bar: Option<ProgressBar>,
    language: Option<Language>,
}

impl Display {
    pub(super) fn new(language: Option<Language>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, language }
    }

    pub(super) fn tell(&self, progress: &Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length(progress.of as u64);
            bar.set_position(progress.done as u64);
        }
        match &progress.news {
            News::Step => {}
            News::Asking(door, unit) => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("{door} {unit}"));
                }
            }
            News::Open(door) => self.line(text!("{door}：可连接", "{door}: open")),
            News::Found(finding) => self.found(finding),
            News::Done(seen) => self.door(seen),
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: Text) {
        self.print(&one_line(text, self.language));
    }

    fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn found(&self, finding: &Finding) {
        let Finding { door, unit, .. } = finding;
        let Text { zh, en } = finding.name();
        self.line(text!("{door} 站号 {unit}：{zh}", "{door} unit {unit}: {en}"));
        for candidate in &finding.candidates {
            let sure = candidate.sureness.text();
            let id = &candidate.profile.id;
            let zh: Vec<&str> = candidate.why.iter().map(|why| &*why.zh).collect();
            let en: Vec<&str> = candidate.why.iter().map(|why| &*why.en).collect();
            let (zh, en) = (zh.join("；"), en.join("; "));
            let told =
                Text::new(format!("{id}，{}：{zh}", sure.zh), format!("{id}, {}: {en}", sure.en));
            self.print(&indented(told, self.language));
        }
        for note in &finding.notes {
            self.print(&indented(note.clone(), self.language));
        }
    }

    fn door(&self, seen: &DoorSeen) {
        let DoorSeen { door, state, notes } = seen;
        if !matches!(state, DoorState::Answers(1..)) {
            let Text { zh, en } = state.text();
            self.line(text!("{door}：{zh}", "{door}: {en}"));
        }
        for note in notes {
            self.print(&indented(note.clone(), self.language));
        }
    }
}

/// How many were found.
pub(super) fn summary(report: &ScanReport, language: Option<Language>) {
    let known = report.devices.iter().filter(|device| device.best().is_some()).count();
    let doors =
        report.doors.iter().filter(|seen| matches!(seen.state, DoorState::Answers(_))).count();
    let all = report.devices.len();
    let zh = format!("找到 {all} 台设备，认出 {known} 台，在 {doors} 处");
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let en = format!(
        "{all} device{} found, {known} of them recognised, behind {doors} address{} or port{}",
        s(all),
        if doors == 1 { "" } else { "es" },
        s(doors)
    );
    eprintln!("{}", one_line(Text::new(zh, en), language));
}
