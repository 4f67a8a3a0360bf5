//! How much of the past is kept. Where, the journal says: the two belong together.

/// How the history is kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// Readings older than this many days are dropped.
    pub retention_days: u32,
    /// Bytes that the database may use; above, the oldest readings are dropped.
    pub size_bytes_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { retention_days: 3650, size_bytes_max: 12 << 30 }
    }
}
