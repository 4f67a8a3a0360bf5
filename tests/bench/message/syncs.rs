//! How often a program has had its writes put on the disk: `tests/support/writes.c` notes it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A note has a kind, the length of a path, an offset, a length, the path and the data.
const HEAD: usize = 1 + 2 + 8 + 8;
const SYNC: u8 = b's';
/// Only of this one the data follow.
const WRITE: u8 = b'w';

/// The notes about one folder.
pub(crate) struct Syncs {
    library: PathBuf,
    below: PathBuf,
    log: PathBuf,
}

impl Syncs {
    pub(crate) fn new(folder: &Path) -> Self {
        let (library, log) = (folder.join("writes.so"), folder.join("writes"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/writes.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .args(["-ldl", "-lpthread"])
            .status();
        assert!(built.is_ok_and(|status| status.success()), "a C compiler: tests/run installs it");
        Self { library, below: folder.join("data"), log }
    }

    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("HALLWATCH_WRITES_BELOW", self.below.display().to_string()),
            ("HALLWATCH_WRITES_LOG", self.log.display().to_string()),
        ]
    }

    /// Syncs of the journal so far.
    pub(crate) fn count(&self) -> usize {
        let log = std::fs::read(&self.log).expect("notes");
        let (mut rest, mut count) = (log.as_slice(), 0);
        while rest.len() >= HEAD {
            let path = usize::from(u16::from_le_bytes([rest[1], rest[2]]));
            let length = u64::from_le_bytes(rest[11..19].try_into().expect("eight bytes"));
            let whole = HEAD + path + if rest[0] == WRITE { length as usize } else { 0 };
            if rest.len() < whole {
                break;
            }
            let name = String::from_utf8_lossy(&rest[HEAD..HEAD + path]);
            count += usize::from(rest[0] == SYNC && name.starts_with("journal"));
            rest = &rest[whole..];
        }
        count
    }
}
