//! What the cover says of a period that is closed.

use crate::books::Role;
use crate::model::{Text, text};

use super::cell::Cell;
use super::change::Change;

/// How a period is closed.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// Which revision it is.
    pub revision: u32,
    /// Who closed it.
    pub who: String,
    /// When, for people.
    pub at: String,
    /// Why again, or in spite of what; may be empty.
    pub why: String,
    /// The hash of the figures.
    pub hash: String,
    /// Who signed it, and when.
    pub signatures: Vec<(Role, String, String)>,
    /// What is not as in the revision before.
    pub changes: Vec<Change>,
}

/// The lines of the cover.
pub(super) fn cover(closing: &Closing) -> Vec<(Text, Cell)> {
    let Closing { revision, who, at, .. } = closing;
    let state = text!("已关账 R{revision}，{who}，{at}", "closed as R{revision} by {who}, {at}");
    let mut cover = vec![(Text::new("状态", "state"), Cell::Name(state))];
    if !closing.why.is_empty() {
        let what = Text::new("说明", "because");
        cover.push((what, Cell::Name(Text::same(&closing.why))));
    }
    let short = closing.hash.get(..16).unwrap_or(&closing.hash);
    cover.push((
        Text::new("数据指纹", "hash"),
        Cell::Words(Text::same(format!("SHA-256 {short}…"))),
    ));
    cover
}

/// Three people sign a report: who did, and when.
pub(super) fn signatures(closing: Option<&Closing>) -> Vec<(Text, Text)> {
    let signed = |role: Role| {
        let signatures = closing.map(|closing| closing.signatures.as_slice()).unwrap_or_default();
        let own = signatures.iter().find(|(signed, ..)| *signed == role);
        own.map_or_else(|| Text::same(""), |(_, who, at)| Text::same(format!("{who}　{at}")))
    };
    Role::ALL.map(|role| (role.label(), signed(role))).into()
}
