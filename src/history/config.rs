//! Where the past is kept, and how much of it.

use std::path::PathBuf;

/// How the history is kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the database; made when missing.
    pub folder: PathBuf,
    /// Readings older than this many days are dropped.
    pub retention_days: u32,
    /// Bytes that the database may use; above, the oldest readings are dropped.
    pub size_bytes_max: u64,
}

impl Config {
    /// A history in a folder, as halls have it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), retention_days: 3650, size_bytes_max: 12 << 30 }
    }
}
