//! Processes of the benchmark, and what the system says of them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// This program once more, in another role. Ends with its handle.
pub(crate) struct Helper {
    child: Child,
    out: Mutex<BufReader<std::process::ChildStdout>>,
}

impl Helper {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a helper");
        let out = Mutex::new(BufReader::new(child.stdout.take().expect("stdout")));
        Self { child, out }
    }

    /// The next line that it prints.
    pub(crate) fn line(&self) -> String {
        let mut line = String::new();
        self.out.lock().expect("one reader").read_line(&mut line).expect("a line");
        line.trim().to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Processor time that a process has used.
pub(crate) struct Usage(f64);

impl Usage {
    pub(crate) fn of(pid: u32) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
        let after_name = stat.rsplit_once(')').expect("name").1;
        let numbers: Vec<f64> =
            after_name.split_whitespace().filter_map(|f| f.parse().ok()).collect();
        // After the name and the state letter: utime is the 11th number, stime the 12th; 100
        // ticks a second on every Linux of today.
        Self((numbers[10] + numbers[11]) / 100.0)
    }

    /// Seconds used since then.
    pub(crate) fn since(&self, before: &Self) -> f64 {
        self.0 - before.0
    }
}

pub(crate) fn memory_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).expect("kB").parse::<f64>().expect("number") / 1024.0
}

/// Load of the machine over the last minute: what else ran beside.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

/// Bytes of all files in a folder.
pub(crate) fn bytes_of(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// As many files and connections as the system allows this user.
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, most).expect("the limit of open files");
}
