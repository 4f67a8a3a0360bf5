//! A mail server that wants TLS and a login: what is said to it in the clear, whose certificate is believed, and
//! what becomes of a wrong password. The report of a month, mailed.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

#[path = "support/certificates.rs"]
#[allow(dead_code)]
mod certificates;
#[path = "support/telling.rs"]
#[allow(dead_code)]
mod telling;
#[path = "support/year.rs"]
#[allow(dead_code, clippy::cast_possible_truncation, clippy::cast_precision_loss)]
mod year;

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use certificates::Certificates;
use hallwatch::model::EventKind;
use hallwatch::notify::{ChannelConfig, Email, Encryption, Kind, Net, Secret};
use rustls::ServerConfig;
use telling::{World, channel, raised, until};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio_rustls::TlsAcceptor;

const PASSWORD: &str = "p4ss-Wort-密";

/// How the server is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// TLS from the first byte.
    Wrapped,
    /// It offers STARTTLS.
    Upgrades,
    /// It does not.
    Plain,
}

/// What the server was told: each line with whether that was under TLS.
type Heard = Arc<Mutex<Vec<(bool, String)>>>;

struct Server {
    port: u16,
    heard: Heard,
}

impl Server {
    async fn start(manner: Manner, certificates: &Certificates) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (chain, key) = certificates.server.load();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Heard = Arc::default();
        let kept = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, heard) = (acceptor.clone(), kept.clone());
                tokio::spawn(async move { serve(stream, manner, &acceptor, &heard).await });
            }
        });
        Self { port, heard }
    }

    fn lines(&self, tls: bool) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|(under, _)| *under == tls).map(|(_, line)| line.clone()).collect()
    }

    fn heard(&self, word: &str) -> bool {
        self.heard.lock().unwrap().iter().any(|(_, line)| line.starts_with(word))
    }
}

async fn serve(
    stream: tokio::net::TcpStream,
    manner: Manner,
    acceptor: &TlsAcceptor,
    heard: &Heard,
) -> Option<()> {
    if manner == Manner::Wrapped {
        talk(acceptor.accept(stream).await.ok()?, true, false, true, heard).await;
        return Some(());
    }
    let left = talk(stream, true, manner == Manner::Upgrades, false, heard).await?;
    talk(acceptor.accept(left).await.ok()?, false, false, true, heard).await;
    Some(())
}

/// Speaks until the other side leaves or wants TLS; then the stream is given back.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    greets: bool,
    upgrades: bool,
    tls: bool,
    heard: &Heard,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 fake ESMTP\r\n").await.ok()?;
    }
    let mut data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().push((tls, line.clone()));
        if data {
            if line == "." {
                data = false;
                stream.write_all(b"250 taken\r\n").await.ok()?;
            }
            continue;
        }
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" if upgrades => "250-fake\r\n250 STARTTLS\r\n",
            "EHLO" => "250-fake\r\n250 AUTH PLAIN LOGIN\r\n",
            "STARTTLS" => {
                stream.write_all(b"220 go\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            "AUTH" if login(&line) == Some(format!("\0hall\0{PASSWORD}")) => "235 welcome\r\n",
            "AUTH" => "535 wrong password\r\n",
            "DATA" => {
                data = true;
                "354 go on\r\n"
            }
            "QUIT" => return None,
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Who logs in with `AUTH PLAIN …`.
fn login(line: &str) -> Option<String> {
    let word = line.split(' ').nth(2)?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(word).ok()?;
    String::from_utf8(bytes).ok()
}

fn mail(
    server: &Server,
    encryption: Encryption,
    password: &str,
    authority: Option<&Certificates>,
) -> ChannelConfig {
    let email = Email {
        host: "localhost".into(),
        port: server.port,
        encryption,
        login: Some(("hall".into(), Secret::new(password.to_owned()))),
        from: "hall@example.org".into(),
        to: vec!["chief@example.org".into()],
    };
    let ca_file = authority.map(|authority| authority.authority.clone());
    ChannelConfig { net: Net { ca_file, ..Net::default() }, ..channel("mail", Kind::Email(email)) }
}

async fn told(config: ChannelConfig) -> World {
    let world = World::start(vec![config]);
    world.ready().await;
    world.happens(vec![raised(1)]).await;
    world
}

#[tokio::test]
async fn a_mail_goes_under_tls_with_a_login() {
    for (manner, encryption) in
        [(Manner::Wrapped, Encryption::Tls), (Manner::Upgrades, Encryption::StartTls)]
    {
        let certificates = Certificates::make();
        let server = Server::start(manner, &certificates).await;
        let world = told(mail(&server, encryption, PASSWORD, Some(&certificates))).await;
        until("the mail", 15, || world.state("mail").delivered.is_some()).await;
        let clear = server.lines(false);
        let harmless = |line: &String| line.starts_with("EHLO") || line == "STARTTLS";
        assert!(clear.iter().all(harmless), "{clear:?}");
        let secret = server.lines(true);
        assert!(secret.iter().any(|line| line == "RCPT TO:<chief@example.org>"), "{secret:?}");
        assert!(secret.iter().any(|line| line.starts_with("AUTH PLAIN ")), "{secret:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_nobody_vouches_for_or_that_knows_no_tls() {
    let certificates = Certificates::make();
    for (manner, encryption) in [
        (Manner::Wrapped, Encryption::Tls),
        (Manner::Upgrades, Encryption::StartTls),
        (Manner::Plain, Encryption::StartTls),
    ] {
        let server = Server::start(manner, &certificates).await;
        // Only the last one is refused for what it cannot do.
        let authority = (manner == Manner::Plain).then_some(&certificates);
        let world = told(mail(&server, encryption, PASSWORD, authority)).await;
        until("the trouble", 15, || world.state("mail").why.is_some()).await;
        assert!(world.state("mail").delivered.is_none());
        for word in ["AUTH", "MAIL", "RCPT", "DATA"] {
            assert!(!server.heard(word), "{:?}", server.heard.lock().unwrap());
        }
        world.end().await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_being_shown() {
    let certificates = Certificates::make();
    let server = Server::start(Manner::Wrapped, &certificates).await;
    let world = told(mail(&server, Encryption::Tls, "wrong-0815", Some(&certificates))).await;
    until("the trouble", 15, || world.state("mail").why.is_some()).await;
    let words = format!("{:?}", world.state("mail"));
    assert!(words.contains("535") && !words.contains("0815"), "{words}");
    assert!(!server.heard("MAIL") && !server.heard("DATA"));
    // It is kept for when the password is right.
    assert!(world.events(EventKind::NotifyGivenUp).is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_month_before_is_mailed_once_for_each_revision() {
    let certificates = Certificates::make();
    let server = Server::start(Manner::Plain, &certificates).await;
    let size = year::Size { inverters: 1, meters: 1, kiosks: 0, days: 34, every_min: 15 };
    let config = format!(
        "[[channel]]\nname = \"mail\"\nkind = \"email\"\naddress = \"localhost:{}\"\ntls = \"none\"\n\
         from = \"hall@example.org\"\nto = [\"duty@example.org\"]\n\
         [report.mail]\nchannel = \"mail\"\nto = [\"chief@example.org\", \"office@example.org\"]\nlang = \"en\"\n",
        server.port
    );
    let folder = tempfile::tempdir().unwrap();
    let mut hall = year::open(folder.path(), size, &config);
    year::fill(&mut hall, size, &mut year::Truth::new(size), |_, _| true).await;
    let mails = || server.lines(false).iter().filter(|line| *line == "DATA").count();
    let said = |word: &str| server.lines(false).iter().any(|line| line.contains(word));

    hall.reports.mail_due().await;
    assert_eq!(mails(), 2, "one for each");
    for word in [
        "RCPT TO:<chief@example.org>",
        "RCPT TO:<office@example.org>",
        "year-2026-01.pdf",
        "year-2026-01.xlsx",
        "JVBERi0",
    ] {
        assert!(said(word), "{word}");
    }
    assert!(!said("duty@example.org"), "the channel's own people do not get it");
    hall.reports.mail_due().await;
    assert_eq!(mails(), 2, "it was sent");
    let month = "2026-01".parse().unwrap();
    let why = ("李工".to_owned(), "a made-up month".to_owned());
    hall.reports.close(month, why, &|_, _| ()).await.expect("closed");
    hall.reports.mail_due().await;
    assert!(mails() == 4 && said("year-2026-01-R1.pdf"), "a revision is sent anew");
    hall.journal.close();
}
