//! A copy of journal and history that fit each other, while a gateway goes on.

use std::path::Path;

use crate::journal::copy_database;

use super::error::HistoryError;
use super::store;

/// Copies both databases of a folder into another one, which must have none; `tell` hears how much is
/// done, and of how much.
///
/// # Errors
/// [`HistoryError`]; what was copied so far is left.
pub fn copy(from: &Path, to: &Path, mut tell: impl FnMut(u64, u64)) -> Result<(), HistoryError> {
    // The history first: what is packed between the two copies is still in the journal's one, and is
    // packed again. The other way round it would be in neither.
    let files = [store::FILE, crate::journal::FILE];
    let size = |file: &str| from.join(file).metadata().map_or(0, |found| found.len());
    let all: u64 = files.iter().map(|file| size(file)).sum();
    let mut before = 0;
    for file in files {
        let share = size(file);
        copy_database(&from.join(file), &to.join(file), |done, of| {
            let part = share as f64 * done as f64 / of.max(1) as f64;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            tell(before + part as u64, all);
        })?;
        before += share;
    }
    Ok(())
}
