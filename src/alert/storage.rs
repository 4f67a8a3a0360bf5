//! What is wrong with keeping data, looked for beside the journal. Pure.

use crate::journal::Status;
use crate::model::{Text, Timestamp};
use crate::service::{Finding, What};

/// A mending is told for so long.
const MENDED_MS: i64 = 7 * 24 * 3600 * 1000;

pub(super) fn findings(status: &Status, now: Timestamp) -> Vec<Finding> {
    let finding = |what, words| Finding {
        what,
        device: None,
        part: String::new(),
        severity: None,
        words,
        devices: Vec::new(),
    };
    let mut found = Vec::new();
    if let Some(trouble) = &status.trouble {
        found.push(finding(What::NothingKept, vec![("why", trouble.text())]));
    }
    if let Some(mended) = &status.mended
        && now.since_ms(mended.time) < MENDED_MS
    {
        let number = |n: u64| Text::same(n.to_string());
        let words = vec![
            ("rows", number(mended.rows)),
            ("holes", number(mended.holes)),
            ("file", Text::same(mended.aside.clone())),
        ];
        found.push(finding(What::DataDamaged, words));
    }
    found
}
