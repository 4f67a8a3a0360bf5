//! What a door speaks that answers no Modbus question.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Modbus TCP: read holding register 0 of unit 1. A web server answers it with an error page.
const QUESTION: [u8; 12] = [0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1];
/// Enough to know a protocol by its first words.
const BYTES_MAX: usize = 64;

/// The first words of some protocols on ports that are mistaken for Modbus.
const GREETINGS: [(&[u8], &str); 5] = [
    (b"HTTP/", "HTTP"),
    (b"<html", "HTTP"),
    (b"<!DOC", "HTTP"),
    (b"SSH-", "SSH"),
    (b"220 ", "FTP/SMTP"),
];

/// Asks once more, without the library, and looks at what comes.
pub(super) async fn sniff(address: &str, patience: Duration) -> Option<&'static str> {
    let mut bytes = Vec::with_capacity(BYTES_MAX);
    let talk = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        // Old web servers answer a bad question when its line ends.
        stream.write_all(&QUESTION).await.ok()?;
        stream.write_all(b"\r\n\r\n").await.ok()?;
        let mut part = [0_u8; BYTES_MAX];
        while bytes.len() < BYTES_MAX {
            match stream.read(&mut part).await {
                Ok(n) if n > 0 => bytes.extend(part.iter().take(n)),
                _ => break,
            }
        }
        Some(())
    };
    // What came until the time was over counts as well.
    drop(timeout(patience, talk).await);
    known(&bytes)
}

fn known(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = GREETINGS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Some(name);
    }
    // A TLS alert: content type 21, version 3.x.
    if let [0x15 | 0x16, 3, ..] = bytes {
        return Some("TLS");
    }
    let printable = bytes.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
    (bytes.len() >= 4 && printable).then_some("text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_by_their_first_words() {
        assert_eq!(known(b"HTTP/1.1 400 Bad Request\r\n"), Some("HTTP"));
        assert_eq!(known(&[0x15, 3, 1, 0, 2, 2, 70]), Some("TLS"));
        assert_eq!(known(b"login: "), Some("text"));
        assert_eq!(known(&[0, 1, 0, 0, 0, 3, 1, 0x83, 2]), None, "Modbus");
        assert_eq!(known(b""), None);
    }
}
