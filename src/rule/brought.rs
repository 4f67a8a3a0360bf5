//! Rules that a device profile brings for its own devices.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::{DeviceKind, Mistake, Text, text};
use crate::profile::{Brought, read_toml};

use super::file::RuleFile;
use super::load::{Check, MANUAL};
use super::types::Rule;

/// What of a profile's file is about rules; the rest has been checked by those who read it.
#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    rule: Vec<RuleFile>,
}

/// The rules that a profile brings, behind those that are there. They are for devices of the profiles `of`
/// alone: of the one that brings them, and of those that extend it. `kind` is what the profile says that its
/// devices are.
///
/// # Errors
/// All mistakes in them, with their places in the profile's file.
pub fn bring(
    brought: &Brought,
    of: &[String],
    kind: Option<DeviceKind>,
    there: Vec<Rule>,
) -> Result<Vec<Rule>, Vec<Mistake>> {
    let (file, mistakes) = read_toml::<File>(&brought.file, &brought.source, MANUAL);
    let mut check = Check::new(&brought.file, &brought.source, mistakes);
    check.kind = kind;
    let rules = file.map(|file| file.rule).unwrap_or_default();
    let known: BTreeSet<String> = there.iter().map(|rule| rule.id.to_string()).collect();
    check.unless(&rules, &known);
    let mut all = there;
    for mut file in rules {
        let (id, place) = (file.id.get_ref().clone(), file.id.span().start);
        check.id(&file.id);
        if all.iter().any(|rule| *rule.id == *id) {
            let problem = text!("规则 `{id}` 已经有了", "there is a rule `{id}` already");
            let hint = Text::new("换一个编号", "give it another id");
            check.at(place, problem, hint);
        }
        // Said once: which ones they are is no matter then.
        if let Some(named) = std::mem::take(&mut file.profiles).first() {
            let problem =
                Text::new("模板自带的规则只用于本模板", "a profile's rule is for its own devices");
            check.at(named.span().start, problem, Text::new("去掉 profiles", "remove `profiles`"));
        }
        if let Some(found) = &file.found {
            let problem = Text::new("模板的规则不能用 found", "a profile's rule has no `found`");
            check.at(found.span().start, problem, Text::new("写成 when", "write a `when`"));
        }
        let rule = check.rule(file);
        all.extend(rule.map(|rule| Rule { profiles: of.to_vec(), ..rule }));
    }
    check.end(all)
}
