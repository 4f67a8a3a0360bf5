//! An influxd of its own: free ports, a folder of its own, stopped at the end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

/// Two ports that nobody has at the moment.
fn free_ports() -> (u16, u16) {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (one, other) = (free(), free());
    (one.local_addr().unwrap().port(), other.local_addr().unwrap().port())
}

impl Server {
    /// None where influxd is not installed.
    pub(crate) fn start() -> Option<Self> {
        let (port, rpc) = free_ports();
        let name = format!("influxql-oracle-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.display();
        let config = format!(
            "reporting-enabled = false\nbind-address = \"127.0.0.1:{rpc}\"\n\
             [meta]\ndir = \"{path}/meta\"\n[data]\ndir = \"{path}/data\"\nwal-dir = \"{path}/wal\"\n\
             [monitor]\nstore-enabled = false\n[continuous_queries]\nenabled = false\n\
             [http]\nbind-address = \"127.0.0.1:{port}\"\nlog-enabled = false\n"
        );
        std::fs::write(folder.join("influxd.conf"), config).unwrap();
        let child = Command::new("influxd")
            .args(["run", "-config"])
            .arg(folder.join("influxd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let server = Self { child, port, folder };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "influxd does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    pub(crate) fn create(&self, database: &str) {
        self.query(database, &format!("CREATE DATABASE {database}"), None);
    }

    pub(crate) fn write(&self, database: &str, lines: &str) {
        let lines: Vec<&str> = lines.lines().collect();
        for part in lines.chunks(5000) {
            let body = part.join("\n");
            let (status, text) = self.post(&format!("/write?db={database}&precision=ms"), &body);
            assert_eq!(status, 204, "{text}");
        }
    }

    pub(crate) fn query(&self, database: &str, text: &str, epoch: Option<&str>) -> Value {
        let epoch = epoch.map(|epoch| format!("&epoch={epoch}")).unwrap_or_default();
        let (_, json) = self.post("/query", &format!("db={database}{epoch}&q={}", escaped(text)));
        serde_json::from_str(&json).unwrap()
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // HTTP/1.0, so that the answer comes in one piece.
        write!(
            stream,
            "POST {path} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
