//! `hallwatch rules`: the rules that the program ships, as they are written.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use crate::model::{near, text};
use crate::rule;

use super::{Done, Failure};

pub(super) fn rules(id: Option<&str>) -> Done {
    let out = match id {
        None => rule::DEFAULT.to_owned(),
        Some(id) => block(id).ok_or_else(|| {
            let known = ids();
            Failure::told(match near::nearest(id, known.iter().copied()) {
                Some(near) => text!(
                    "没有规则 `{id}`；是不是想写 `{near}`？",
                    "there is no rule `{id}`; did you mean `{near}`?",
                ),
                None => text!("没有规则 `{id}`", "there is no rule `{id}`"),
            })
        })?,
    };
    // One piece, so that `hallwatch rules | head` ends quietly.
    match std::io::stdout().write_all(out.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The rules of the file, each as it is written.
fn blocks() -> impl Iterator<Item = &'static str> {
    rule::DEFAULT.split("[[rule]]\n").skip(1).map(str::trim_end)
}

fn id_of(block: &str) -> Option<&str> {
    block.lines().find_map(|line| line.strip_prefix("id = \"")?.strip_suffix('"'))
}

fn ids() -> Vec<&'static str> {
    blocks().filter_map(id_of).collect()
}

fn block(id: &str) -> Option<String> {
    let found =
        blocks().find(|block| id_of(block).is_some_and(|known| known.eq_ignore_ascii_case(id)))?;
    Some(format!("[[rule]]\n{found}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_found_by_its_id() {
        let rules = rule::default_rules().expect("rules");
        assert_eq!(ids().len(), rules.len());
        for rule in &rules {
            let text = block(&rule.id).expect("there");
            // Beside the others, which it may name.
            let loaded = rule::load("one.toml", &text, rules.clone(), &[]).expect("a rule");
            assert_eq!(loaded.last(), Some(rule));
        }
        assert!(block("ks018").is_some_and(|text| text.contains("disk_free_percent")));
    }
}
