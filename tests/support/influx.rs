//! Servers for the tests of the sink: real ones as child processes on free loopback ports with
//! their data in temporary folders, and a fake one that answers as it is told.

#[path = "influx/engine.rs"]
pub(crate) mod engine;
#[path = "influx/hall.rs"]
pub(crate) mod hall;

use std::fs::File;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use hallwatch::supervise::Supervisor;
use hallwatch::tally::Tally;
use reqwest::Url;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Time for a server to come up, on a machine that builds something else beside.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A port that nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}

/// A child process that is killed with its handle.
struct Process(Child);

impl Process {
    fn start(command: &mut Command, package: &str, log: &Path) -> Self {
        let log = File::create(log).expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn();
        Self(child.unwrap_or_else(|error| {
            panic!("{:?}: {error}; install it: apt-get install {package}", command.get_program())
        }))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Status and body of a request without HTTP library: HTTP/1.0, so nothing comes in chunks.
pub(crate) async fn ask(
    method: &str,
    url: &Url,
    headers: &str,
    body: &str,
) -> std::io::Result<(u16, String)> {
    let port = url.port().expect("a port");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.0\r\nHost: localhost\r\n{headers}\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    Ok((status, body.unwrap_or_default()))
}

async fn until_up(url: &str) {
    let url = Url::parse(url).expect("url");
    let started = Instant::now();
    while !ask("GET", &url, "", "").await.is_ok_and(|(status, _)| status < 500) {
        assert!(started.elapsed() < START_PATIENCE, "{url} did not come up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Debian's InfluxDB 1.6. Stopped and started again it has the same port and the same data.
pub(crate) struct Influxd {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
    /// Header lines of the test's own questions: who asks.
    headers: String,
}

impl Influxd {
    /// A server that is not running yet.
    pub(crate) fn new(auth: bool) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let (port, rpc) = (free_port(), free_port());
        let root = folder.path().display();
        let config = format!(
            "reporting-disabled = true\nbind-address = \"127.0.0.1:{rpc}\"\n\
             [meta]\n dir = \"{root}/meta\"\n\
             [data]\n dir = \"{root}/data\"\n wal-dir = \"{root}/wal\"\n\
             [http]\n bind-address = \"127.0.0.1:{port}\"\n auth-enabled = {auth}\n\
             log-enabled = false\n\
             [monitor]\n store-enabled = false\n"
        );
        std::fs::write(folder.path().join("influxd.conf"), config).expect("written");
        Self { folder, port, process: None, headers: String::new() }
    }

    /// A running server.
    pub(crate) async fn running(auth: bool) -> Self {
        let mut server = Self::new(auth);
        server.start().await;
        server
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let mut command = Command::new("influxd");
        command.arg("run").arg("-config").arg(self.folder.path().join("influxd.conf"));
        let log = self.folder.path().join("influxd.log");
        self.process = Some(Process::start(&mut command, "influxdb", &log));
        until_up(&format!("{}/ping", self.url())).await;
    }

    /// Kills it as a power cut would.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on the test asks as this user.
    pub(crate) fn ask_as(&mut self, user: &str, password: &str) {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.headers = format!("Authorization: Basic {pair}\r\n");
    }

    fn query_url(&self, statement: &str) -> Url {
        let pairs = [("db", "hall"), ("epoch", "ms"), ("q", statement)];
        Url::parse_with_params(&format!("{}/query", self.url()), pairs).expect("url")
    }

    /// Runs InfluxQL and gives the last column as the server writes it.
    pub(crate) async fn csv(&self, statement: &str) -> Vec<String> {
        let headers = format!("{}Accept: application/csv\r\n", self.headers);
        let url = self.query_url(statement);
        let (status, body) = ask("POST", &url, &headers, "").await.expect("an answer");
        assert_eq!(status, 200, "{statement}: {body}");
        let rows = body.lines().skip(1).filter_map(|row| row.rsplit(',').next());
        rows.map(str::to_owned).collect()
    }

    /// Runs InfluxQL and gives the answer as it is.
    pub(crate) async fn answer(&self, statement: &str) -> serde_json::Value {
        let url = self.query_url(statement);
        let (status, body) = ask("POST", &url, &self.headers, "").await.expect("an answer");
        assert_eq!(status, 200, "{statement}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Runs InfluxQL and gives the rows of the first series; none where there is none.
    pub(crate) async fn query(&self, statement: &str) -> Vec<Vec<serde_json::Value>> {
        let answer = self.answer(statement).await;
        let result = &answer["results"][0];
        assert!(result["error"].is_null(), "{statement}: {result}");
        serde_json::from_value(result["series"][0]["values"].clone()).unwrap_or_default()
    }

    /// The first number of a query.
    pub(crate) async fn number(&self, statement: &str) -> u64 {
        let rows = self.query(statement).await;
        rows.first().and_then(|row| row.last()?.as_u64()).unwrap_or(0)
    }

    /// Writes lines as another program would.
    pub(crate) async fn write(&self, lines: &str) {
        let url = format!("{}/write?db=hall&precision=ms", self.url());
        let url = Url::parse(&url).expect("url");
        let answer = ask("POST", &url, &self.headers, lines).await.expect("answer");
        assert_eq!(answer.0, 204, "{}", answer.1);
    }
}

/// Debian's VictoriaMetrics: speaks the write path of version 2.
pub(crate) struct Victoria {
    _folder: TempDir,
    port: u16,
    _process: Process,
}

impl Victoria {
    pub(crate) async fn running() -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let port = free_port();
        let mut command = Command::new("victoria-metrics");
        command
            .arg(format!("-storageDataPath={}", folder.path().join("data").display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            // Sent again is stored twice without it.
            .args(["-dedup.minScrapeInterval=1ms", "-retentionPeriod=100y", "-loggerLevel=WARN"]);
        let log = folder.path().join("log");
        let process = Process::start(&mut command, "victoria-metrics", &log);
        let server = Self { _folder: folder, port, _process: process };
        until_up(&format!("{}/health", server.url())).await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All samples of a metric: device, value, time.
    pub(crate) async fn samples(&self, metric: &str) -> Vec<(String, f64, i64)> {
        let flush = Url::parse(&format!("{}/internal/force_flush", self.url())).expect("url");
        ask("GET", &flush, "", "").await.expect("flushed");
        let url = format!("{}/api/v1/export", self.url());
        let url = Url::parse_with_params(&url, [("match[]", metric)]).expect("url");
        let (status, body) = ask("GET", &url, "", "").await.expect("an answer");
        assert_eq!(status, 200, "{body}");
        let mut samples = Vec::new();
        for line in body.lines() {
            let series: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let device = series["metric"]["device"].as_str().unwrap_or_default();
            let values = series["values"].as_array().expect("values");
            let times = series["timestamps"].as_array().expect("times");
            for (value, time) in values.iter().zip(times) {
                let value = value.as_f64().expect("a number");
                samples.push((device.to_owned(), value, time.as_i64().expect("a time")));
            }
        }
        samples
    }
}

/// A request as the fake server got it, the body unpacked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// Lines of line protocol.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.body.lines().map(str::to_owned).collect()
    }

    pub(crate) fn is_write(&self) -> bool {
        self.target.contains("/write")
    }
}

/// What the fake server does.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A whole response: status, further header lines, body.
    Whole(u16, &'static str, String),
    /// 204 after some time.
    Late(Duration),
    /// These bytes, then the connection is cut.
    Cut(&'static str),
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Whole(status, "", String::new())
    }
}

/// A server that answers as it is told and remembers what it was sent.
pub(crate) struct Fake {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    /// Holds the task.
    supervisor: Supervisor,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.supervisor.stop_signal().cancel();
    }
}

impl Fake {
    pub(crate) async fn running(
        mut answer: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let supervisor = Supervisor::new(Tally::new());
        let (seen, stop) = (requests.clone(), supervisor.stop_signal());
        supervisor.once("fake", async move {
            loop {
                let (mut stream, _) = tokio::select! {
                    () = stop.cancelled() => return,
                    accepted = listener.accept() => accepted.expect("a connection"),
                };
                // One after the other: the sink has one request at a time.
                let Some(request) = read_request(&mut stream).await else { continue };
                let reply = answer(&request);
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                let text = match reply {
                    Reply::Cut(text) => text.to_owned(),
                    Reply::Late(pause) => {
                        tokio::select! {
                            () = stop.cancelled() => return,
                            () = tokio::time::sleep(pause) => {}
                        }
                        "HTTP/1.1 204 X\r\nConnection: close\r\n\r\n".to_owned()
                    }
                    Reply::Whole(status, headers, body) => format!(
                        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\
                         Connection: close\r\n\r\n{body}",
                        body.len()
                    ),
                };
                // A sink that is stopped no longer listens.
                drop(stream.write_all(text.as_bytes()).await);
            }
        });
        Self { address, requests, supervisor }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length: usize = header("content-length: ").and_then(|n| n.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let packed = &bytes[head_end..];
    let mut body = String::new();
    if header("content-encoding: gzip").is_some() {
        flate2::read::GzDecoder::new(packed).read_to_string(&mut body).expect("gzip");
    } else {
        body = String::from_utf8_lossy(packed).into_owned();
    }
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    Some(Request { target, head, body })
}
