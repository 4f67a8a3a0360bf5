//! A client that sends exactly what it is told, well-formed or not.

use std::net::SocketAddr;

use serde::de::DeserializeOwned;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// One answer, read to the end of the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The body as JSON, after a look at status and type.
    pub(crate) fn json<T: DeserializeOwned>(&self, status: u16) -> T {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The answer is a problem of this status, with a hint in both languages.
    pub(crate) fn problem(&self, status: u16) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let body: serde_json::Value = serde_json::from_slice(&self.body).expect("json");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], "about:blank");
        assert!(!body["title"].as_str().expect("title").is_empty());
        for language in ["zh", "en"] {
            assert!(!body["hint"][language].as_str().expect("hint").is_empty(), "{text}");
        }
    }
}

/// Sends bytes and reads until the server closes.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Answer {
    exchange(TcpStream::connect(address).await.expect("connects"), bytes).await
}

/// As [`raw`], through the local door.
pub(crate) async fn local(socket: &std::path::Path, bytes: &[u8]) -> Answer {
    exchange(tokio::net::UnixStream::connect(socket).await.expect("connects"), bytes).await
}

async fn exchange<S: AsyncRead + AsyncWrite>(stream: S, bytes: &[u8]) -> Answer {
    let (mut input, mut output) = tokio::io::split(stream);
    let mut answer = Vec::new();
    let (written, read) = tokio::join!(output.write_all(bytes), input.read_to_end(&mut answer));
    written.expect("written");
    read.expect("read");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(answer[..end].to_vec()).expect("text");
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("status");
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    extra: &str,
    body: &[u8],
) -> Answer {
    let length = body.len();
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{extra}\
         Content-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    raw(address, &bytes).await
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, "", b"").await
}

pub(crate) async fn post(address: SocketAddr, path: &str, body: &str) -> Answer {
    request(address, "POST", path, "Content-Type: application/json\r\n", body.as_bytes()).await
}

/// A live stream.
pub(crate) struct Events {
    lines: tokio::io::Lines<BufReader<OwnedReadHalf>>,
    _output: OwnedWriteHalf,
}

impl Events {
    pub(crate) async fn open(address: SocketAddr, path: &str, extra: &str) -> Self {
        // A small window, so that a test can fill it.
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(65_536).expect("a small window");
        let stream = socket.connect(address).await.expect("connects");
        let (input, mut output) = stream.into_split();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{extra}\r\n");
        output.write_all(head.as_bytes()).await.expect("written");
        let mut lines = BufReader::new(input).lines();
        let status = lines.next_line().await.expect("read").expect("status");
        assert!(status.contains(" 200 "), "{status}");
        Self { lines, _output: output }
    }

    /// The next event; `None` at the end. Lengths of chunks are no `event:` or `data:` lines.
    pub(crate) async fn next(&mut self) -> Option<(String, serde_json::Value)> {
        let mut name = String::new();
        while let Ok(Some(line)) = self.lines.next_line().await {
            if let Some(word) = line.strip_prefix("event: ") {
                name = word.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).expect("json")));
            }
        }
        None
    }

    pub(crate) async fn wait_for<T: DeserializeOwned>(&mut self, name: &str) -> T {
        let wait = async {
            loop {
                let (seen, data) = self.next().await.expect("the stream goes on");
                if seen == name {
                    return serde_json::from_value(data).expect("the contract");
                }
            }
        };
        let limit = std::time::Duration::from_secs(10);
        tokio::time::timeout(limit, wait).await.unwrap_or_else(|_| panic!("no `{name}` event"))
    }
}

/// Ways to ask for a file beside the page.
pub(crate) fn escapes() -> Vec<String> {
    let ups = [
        "..",
        "%2e%2e",
        "%2E%2E",
        ".%2e",
        "%252e%252e",
        "..%00",
        "%c0%ae%c0%ae",
        "..;",
        "....",
        "%uff0e%uff0e",
        ".%00.",
        "..%5c..",
        "..%255c..",
    ];
    let slashes = ["/", "%2f", "%2F", "%5c", "\\", "//", "/./", "%252f"];
    let targets = ["etc/passwd", "etc%2fpasswd", "Cargo.toml", "windows\\win.ini"];
    let mut paths = vec![
        "/assets".to_owned(),
        "/assets/".to_owned(),
        "/assets/%00".to_owned(),
        "/index.html%00.js".to_owned(),
        "//etc/passwd.".to_owned(),
        "/C:\\boot.ini".to_owned(),
        "/assets/../index.html".to_owned(),
    ];
    for up in ups {
        for slash in slashes {
            for target in targets {
                paths.push(format!("/assets/{up}{slash}{up}{slash}{up}{slash}{target}"));
            }
        }
    }
    paths
}

/// The data of a body that came in chunks.
pub(crate) fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("hexadecimal");
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    panic!("the body broke off");
}
