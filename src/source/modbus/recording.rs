//! A device's traffic as a file.

/// What came back to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The registers.
    Words(Vec<u16>),
    /// A refusal with this code.
    Exception(u8),
    /// Nothing in time.
    Silence,
    /// Bytes that are no answer.
    Raw(Vec<u8>),
}
