//! `hallwatch points`: the standard points that a profile may name, and their words.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use crate::model::{Text, standard_points, vocabularies};

use super::Done;
use super::check::{Language, one_line};

pub(super) fn points(language: Option<Language>) -> Done {
    // One piece, so that `hallwatch points | head` ends quietly.
    match std::io::stdout().write_all(listed(language)?.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn listed(language: Option<Language>) -> Result<String, std::fmt::Error> {
    let said = |zh: &str, en: &str| one_line(Text::new(zh, en), language);
    let mut out = String::new();
    for (name, point) in standard_points() {
        let label = one_line(point.label, language);
        let unit = if point.unit.is_empty() { "-" } else { point.unit };
        let words = point.words.map_or_else(String::new, |words| format!("  <{}>", words.id));
        writeln!(out, "{name:<30} {unit:<6} {label}{words}")?;
    }
    let slot = said(
        "{n}：组串和 MPPT 为编号，phase 为 a、b、c，line 为 ab、bc、ca",
        "{n}: a number for string and mppt; a, b, c for phase; ab, bc, ca for line",
    );
    let own = said("其他测点以 vendor_ 开头", "other points begin with vendor_");
    writeln!(out, "\n{slot}\n{own}")?;
    for vocabulary in vocabularies() {
        writeln!(out, "\n<{}>", vocabulary.id)?;
        for word in vocabulary.words {
            writeln!(out, "  {:>2}  {:<18} {}", word.code, word.id, said(word.zh, word.en))?;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_and_every_word_is_listed_in_the_language_asked_for() {
        let english = listed(Some(Language::En)).expect("text");
        assert!(english.contains("\nac_power_w                     W      AC power\n"));
        assert!(english.contains("string_{n}_current_a           A      string N current\n"));
        assert!(
            english.starts_with("state                          -      state  <inverter_state>")
        );
        assert!(english.contains("\n<inverter_state>\n   1  off                off\n"));
        let chinese = listed(Some(Language::Zh)).expect("text");
        assert!(chinese.contains("   4  mppt               正常发电\n"));
        let both = listed(None).expect("text");
        assert!(both.contains("ac_power_w                     W      交流功率 / AC power\n"));
        let points = crate::model::standard_point_names().count();
        let words: usize = vocabularies().map(|v| v.words.len() + 2).sum();
        assert_eq!(both.lines().count(), points + 3 + words);
    }
}
