//! A serial line of two pseudo-terminals, joined by socat, and units on one end of it.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hallwatch::simulate::{Line, Units};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe;

/// Linux's number for `O_NOCTTY`: the line must not become the terminal that controls the test.
const NO_TERMINAL: i32 = 0o400;
/// Linux's number for `O_NONBLOCK`.
const NON_BLOCKING: i32 = 0o4000;

/// A cable: what goes in at one end comes out at the other. Cut when it is dropped.
pub(crate) struct Cable {
    socat: Child,
    /// The end for hallwatch.
    pub(crate) ours: PathBuf,
    /// The end for the units.
    pub(crate) theirs: PathBuf,
    _folder: tempfile::TempDir,
}

impl Cable {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        Self { socat: join(&ours, &theirs), ours, theirs, _folder: folder }
    }

    /// A new cable at the same places, as when an adapter is plugged in again.
    #[allow(dead_code)] // not every test that shares this file cuts its cable
    pub(crate) fn plug_in(&mut self, units: Units) -> Line {
        self.cut();
        for end in [&self.ours, &self.theirs] {
            drop(std::fs::remove_file(end));
        }
        self.socat = join(&self.ours, &self.theirs);
        Line::start(open(&self.theirs), units)
    }

    /// A cable with units on it.
    pub(crate) fn with(units: Units) -> (Self, Line) {
        let cable = Self::new();
        let line = Line::start(open(&cable.theirs), units);
        (cable, line)
    }

    /// Cuts it: both ends get an error.
    #[allow(dead_code)] // not every test that shares this file cuts its cable
    pub(crate) fn cut(&mut self) {
        drop(self.socat.kill());
        drop(self.socat.wait());
    }
}

/// A socat that joins two pseudo-terminals.
fn join(ours: &Path, theirs: &Path) -> Child {
    let end = |path: &Path| format!("pty,raw,echo=0,link={}", path.display());
    let mut command = Command::new("socat");
    command.arg(end(ours)).arg(end(theirs));
    let socat = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("socat: {error}; tests/run installs it (apt socat)"));
    let patience = Instant::now() + Duration::from_secs(30);
    while !(ours.exists() && theirs.exists()) {
        assert!(Instant::now() < patience, "socat made no line");
        std::thread::sleep(Duration::from_millis(10));
    }
    socat
}

impl Drop for Cable {
    fn drop(&mut self) {
        drop(self.socat.kill());
        drop(self.socat.wait());
    }
}

/// Opens an end without a thread that waits in a read. socat has made it raw already.
pub(crate) fn open(path: &Path) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static {
    let file = || {
        std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(NO_TERMINAL | NON_BLOCKING)
            .open(path)
            .expect("an end of the line")
    };
    let reader = pipe::Receiver::from_file_unchecked(file()).expect("readable");
    let writer = pipe::Sender::from_file_unchecked(file()).expect("writable");
    tokio::io::join(reader, writer)
}
