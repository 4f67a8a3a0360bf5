//! A wall clock that can be set, for programs that are started under it (libfaketime).

use std::path::{Path, PathBuf};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// A clock that is ahead by some seconds, for processes started under it.
pub(crate) struct FakeClock(PathBuf);

impl FakeClock {
    pub(crate) fn new(folder: &Path) -> Self {
        assert!(Path::new(LIBRARY).exists(), "Debian's faketime: tests/run installs it");
        let clock = Self(folder.join("clock"));
        clock.ahead(0);
        clock
    }

    pub(crate) fn ahead(&self, seconds: i64) {
        let next = self.0.with_extension("next");
        std::fs::write(&next, format!("{seconds:+}\n")).expect("written");
        std::fs::rename(next, &self.0).expect("in place");
    }

    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("LD_PRELOAD", LIBRARY.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", self.0.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            // Only the wall clock jumps; what is waited for is not.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}
