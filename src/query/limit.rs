//! Limits of one query, so that no dashboard can use up the gateway.

/// Bytes of a query's text.
pub const TEXT_BYTES: usize = 256 * 1024;
/// Statements of a query.
pub const STATEMENTS: usize = 200;
/// Operators of one statement; a list of ORs is as deep as it is long.
pub const OPERATORS: usize = 500;
/// As many operators does a subquery count for.
pub const SUBQUERY: usize = 10;
/// Parentheses, calls and subqueries within each other.
pub const DEPTH: usize = 32;
/// Columns of one SELECT.
pub const COLUMNS: usize = 1000;
/// Rows of one statement's answer.
pub const ROWS: usize = 200_000;
/// Cells of an answer: fewer rows where there are many columns.
pub const CELLS: usize = 2_000_000;
/// Buckets of time of one series.
pub const BUCKETS: usize = 100_000;
/// Buckets of one series times functions.
pub const STATES: usize = 500_000;
/// Values that the functions over a series hold at a time, where they need them all.
pub const POINTS: usize = 2_000_000;
/// Regular expressions of a query.
pub const PATTERNS: usize = 50;
/// Bytes of a compiled regular expression.
pub const PATTERN_BYTES: usize = 1 << 20;
/// Groups within each other in a regular expression.
pub const PATTERN_DEPTH: u32 = 50;

/// Rows that an answer with so many columns may have.
pub(crate) fn rows(columns: usize) -> usize {
    ROWS.min(CELLS / (columns + 1))
}

/// Buckets that a series may have with so many functions.
pub(crate) fn buckets(functions: usize) -> usize {
    BUCKETS.min(STATES / functions.max(1))
}
