//! Real parts of the field for tests: Mosquitto, an independent Modbus server, and hallwatch
//! itself as a process. All on free loopback ports with temporary folders; all are killed with
//! their handles.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Time for a server to come up, on a machine that builds something else beside.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A port that nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Waits until `check` gives something.
pub(crate) fn wait_for<T>(
    what: &str,
    patience: Duration,
    mut check: impl FnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(Instant::now() < end, "waited {patience:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn start(command: &mut Command, package: &str) -> Child {
    command.stdin(Stdio::null()).spawn().unwrap_or_else(|error| {
        panic!("{:?}: {error}; tests/run installs it ({package})", command.get_program())
    })
}

fn kill(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// Debian's Mosquitto with persistence, as a hall would run it.
pub(crate) struct Mosquitto {
    child: Child,
    pub(crate) port: u16,
}

impl Mosquitto {
    pub(crate) fn start(folder: &Path) -> Self {
        let port = free_port();
        let config = folder.join("mosquitto.conf");
        let store = folder.join("mosquitto");
        std::fs::create_dir_all(&store).expect("folder");
        let user = if cfg!(unix) { "user root\n" } else { "" };
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n\
             persistence_location {}/\nmax_queued_messages 0\nmax_inflight_messages 12000\n{user}",
            store.display()
        );
        std::fs::write(&config, text).expect("config");
        let log = std::fs::File::create(folder.join("mosquitto.log")).expect("log");
        let child = start(
            Command::new("mosquitto").arg("-c").arg(&config).stdout(Stdio::null()).stderr(log),
            "apt mosquitto",
        );
        let broker = Self { child, port };
        wait_for("mosquitto", START_PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok());
        broker
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// pymodbus serving a capture of `tests/captures/`.
pub(crate) struct Registers {
    child: Child,
    pub(crate) port: u16,
}

impl Registers {
    #[allow(dead_code)] // not every test that shares this file serves captures
    pub(crate) fn serve(capture: &str) -> Self {
        Self::serve_file(&root().join("tests/captures").join(capture), &[])
    }

    /// A file of registers from anywhere; `["rtu"]` for RTU frames over TCP.
    pub(crate) fn serve_file(file: &Path, options: &[&str]) -> Self {
        let python = root().join("tests/.venv/bin/python");
        let mut child = start(
            Command::new(python)
                .arg(root().join("tests/support/serve_registers.py"))
                .arg(file)
                .args(options)
                .stdout(Stdio::piped()),
            "PyPI pymodbus in tests/.venv",
        );
        let mut line = String::new();
        let out = child.stdout.take().expect("stdout");
        BufReader::new(out).read_line(&mut line).expect("a port");
        let port =
            line.trim().parse().unwrap_or_else(|_| panic!("no port from pymodbus: {line:?}"));
        Self { child, port }
    }
}

impl Drop for Registers {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// hallwatch as a process.
pub(crate) struct Daemon {
    child: Child,
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
}

impl Daemon {
    /// `hallwatch run` with the configuration at `config`; returns when the page is served.
    pub(crate) fn run(config: &Path) -> Self {
        Self::start(
            Command::new(env!("CARGO_BIN_EXE_hallwatch")).args(["run", "--config"]).arg(config),
            config,
        )
    }

    /// As [`Daemon::run`], with some variables in its environment.
    #[allow(dead_code)]
    pub(crate) fn run_under(config: &Path, environment: &[(&str, String)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
        command.args(["run", "--config"]).arg(config);
        for (name, value) in environment {
            command.env(name, value);
        }
        Self::start(&mut command, config)
    }

    /// `hallwatch demo` with its data in `data`.
    #[allow(dead_code)] // not every test that shares this file runs the demo
    pub(crate) fn demo(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
        command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        Self::start(&mut command, &data.join("demo"))
    }

    fn start(command: &mut Command, near: &Path) -> Self {
        std::fs::create_dir_all(near.parent().expect("folder")).expect("folder");
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(near.with_extension("log"))
            .expect("log");
        let mut child = start(command.stdout(Stdio::piped()).stderr(log), "cargo");
        let mut line = String::new();
        let out = child.stdout.take().expect("stdout");
        BufReader::new(out).read_line(&mut line).expect("an address");
        if line.trim().is_empty() {
            let said = std::fs::read_to_string(near.with_extension("log")).unwrap_or_default();
            panic!("hallwatch did not start: {said}");
        }
        Self { child, url: line.trim().trim_end_matches('/').to_owned() }
    }

    #[allow(dead_code)]
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no chance to tidy up.
    #[allow(dead_code)]
    pub(crate) fn kill_9(mut self) {
        kill(&mut self.child);
    }

    /// SIGTERM, and the time until it was gone.
    pub(crate) fn terminate(self) -> Duration {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()), "kill");
        self.wait()
    }

    /// The time until it was gone, in good order.
    pub(crate) fn wait(mut self) -> Duration {
        let begin = Instant::now();
        let status = wait_for("the end", Duration::from_secs(10), || self.child.try_wait().ok()?);
        assert!(status.success(), "ended with {status}");
        begin.elapsed()
    }

    /// JSON of an API path.
    pub(crate) fn get(&self, path: &str) -> serde_json::Value {
        let text = http_get(&format!("{}{path}", self.url)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// Body of a GET; HTTP/1.0, so nothing comes in chunks.
pub(crate) fn http_get(url: &str) -> Option<String> {
    use std::io::{Read as _, Write as _};
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/')?;
    let mut stream = TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}
