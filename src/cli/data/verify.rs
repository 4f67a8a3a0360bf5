//! `hallwatch verify`: whether all that is kept is what was written.

use std::path::Path;
use std::process::ExitCode;

use crate::journal::Findings;
use crate::model::{Text, text};
use crate::{history, journal};

use super::super::check::{Language, one_line};
use super::super::door::Place;
use super::super::out::say;
use super::Done;
use super::backup::data_folder;
use super::bar::Bar;

/// What was found.
pub(super) struct Verified {
    pub(super) journal: journal::Checked,
    pub(super) history: history::Checked,
}

impl Verified {
    pub(super) fn is_whole(&self) -> bool {
        self.journal.findings.is_none() && self.history.findings.is_none()
    }

    pub(super) fn show(&self, lang: Option<Language>) {
        let say = |text: Text| say!("{}", one_line(text, lang));
        let (rows, damaged) = (self.journal.rows, self.journal.findings.damaged);
        say(text!(
            "日志：{rows} 条，损坏 {damaged} 条",
            "journal: {rows} records, {damaged} damaged"
        ));
        let history::Checked { segments, readings, aside, findings } = &self.history;
        let damaged = findings.damaged;
        say(text!(
            "历史：{segments} 段共 {readings} 条，损坏 {damaged} 段；此前隔离 {aside} 段",
            "history: {segments} blocks with {readings} readings, {damaged} damaged; {aside} put aside before",
        ));
        for finding in self.journal.findings.told.iter().chain(&findings.told) {
            say!("  {}", one_line(finding.clone(), lang));
        }
    }
}

/// Looks at everything in a folder. A part that cannot be opened is a finding, and the rest is looked at.
pub(super) fn look(folder: &Path, lang: Option<Language>) -> Verified {
    let why = |file: &str, why: Text| {
        let gone = !folder.join(file).exists();
        let why = if gone { Text::new("文件不存在", "the file is not there") } else { why };
        Findings::of_file(file, &why)
    };
    let bar = Bar::new(Text::new("日志", "journal"), lang);
    let journal = journal::check(folder, |done, of| bar.tell(done, of));
    bar.end();
    let journal = journal.unwrap_or_else(|error| journal::Checked {
        rows: 0,
        findings: why("journal.db", error.text()),
    });
    let bar = Bar::new(Text::new("历史", "history"), lang);
    let history = history::check(folder, |done, of| bar.tell(done, of));
    bar.end();
    let history = history.unwrap_or_else(|error| history::Checked {
        findings: why("history.db", error.text()),
        ..history::Checked::default()
    });
    Verified { journal, history }
}

/// Ends with 1 when something is damaged.
pub(in crate::cli) fn verify(place: &Place) -> Done {
    let verified = look(&data_folder(place)?, place.lang);
    verified.show(place.lang);
    let whole = verified.is_whole();
    let words = match whole {
        true => Text::new("完好", "all of it is whole"),
        false => Text::new(
            "有损坏或缺失：先用 `hallwatch backup` 保留现有数据；网关启动时会抢救能读出的部分，以告警说明并继续",
            "something is damaged or missing: keep what there is with `hallwatch backup` first; the gateway saves \
             what can be read when it starts, says so by an alert, and goes on",
        ),
    };
    say!("{}", one_line(words, place.lang));
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
