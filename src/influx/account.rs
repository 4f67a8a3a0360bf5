//! What a sink's accounts in the ledger are called.

/// Taken by the server.
pub const DELIVERED: &str = "delivered";
/// Sent from the history, because the journal had to drop them before.
pub const RECOVERED: &str = "recovered";
/// Refused by it for good.
pub const DEAD_LETTERS: &str = "dead_letters";
/// Those of which the totals of their day were made that the server has.
pub const TOTALLED: &str = "totalled";
/// With nothing that is sent.
pub const WITHOUT_LINE: &str = "without_line";

const PREFIX: &str = "influx:";

/// The account of a sink for one of these ends: `influx:main:delivered`.
#[must_use]
pub fn of(sink: &str, end: &str) -> String {
    format!("{PREFIX}{sink}:{end}")
}

/// The sink and the end of an account; `None` where it is not one of ours.
#[must_use]
pub fn parse(account: &str) -> Option<(&str, &str)> {
    account.strip_prefix(PREFIX)?.rsplit_once(':')
}
