//! E-mail over SMTP.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use sha2::{Digest as _, Sha256};

use crate::model::{Text, text};

use super::answer::Answer;
use super::compose::Paper;
use super::config::{Email, Encryption, Net, Secret};
use super::error::NotifyError;
use super::http::{TIMEOUT, shown};

/// Bytes of the text.
pub(super) const TEXT_BYTES_MAX: usize = 60_000;
/// Longest time for a whole mail: a server may hang at each of its steps.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a text is an e-mail address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// One mail server with its sender.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    secrets: Vec<Secret>,
}

impl Mailer {
    pub(super) fn new(config: &Email, net: &Net) -> Result<Self, NotifyError> {
        let from = mailbox(&config.from)?;
        let failed = |error: lettre::transport::smtp::Error| NotifyError::Client(error.to_string());
        let tls = || {
            let mut parameters = TlsParameters::builder(config.host.clone());
            if let Some(path) = &net.ca_file {
                let wrong = |reason: String| NotifyError::CaFile {
                    path: path.display().to_string(),
                    reason,
                };
                let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                let found = Certificate::from_pem(&pem).map_err(|e| wrong(e.to_string()))?;
                parameters = parameters.add_root_certificate(found);
            }
            parameters.build_rustls().map_err(failed)
        };
        let tls = match config.encryption {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(tls()?),
            Encryption::Tls => Tls::Wrapper(tls()?),
        };
        // The name of this machine is nobody's business; a literal is always right.
        let hello = ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST);
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.clone())
                .port(config.port)
                .tls(tls)
                .hello_name(hello)
                .timeout(Some(TIMEOUT));
        let mut secrets = Vec::new();
        if let Some((user, password)) = &config.login {
            secrets.push(password.clone());
            let password = password.reveal().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { transport: builder.build(), from, secrets })
    }

    /// Sends a mail to all but those in `reached`, which grows. Each is a receiver of his own: an
    /// address that is gone keeps nobody else from reading it.
    pub(super) async fn send(
        &self,
        paper: &Paper,
        key: &str,
        to: &[String],
        reached: &mut Vec<String>,
    ) -> Answer {
        let message = match self.message(paper, key, to) {
            Ok(message) => message.formatted(),
            Err(answer) => return answer,
        };
        let mut missed = None;
        for address in to {
            if reached.contains(address) {
                continue;
            }
            match self.one(&message, address).await {
                Answer::Taken => reached.push(address.clone()),
                Answer::Refused(why) => missed = Some(Answer::Shut(why)),
                other => return other,
            }
        }
        Answer::of_several(missed, !reached.is_empty())
    }

    async fn one(&self, message: &[u8], to: &str) -> Answer {
        let envelope = mailbox(to)
            .ok()
            .and_then(|to| Envelope::new(Some(self.from.email.clone()), vec![to.email]).ok());
        let Some(envelope) = envelope else {
            return Answer::Refused(text!("`{to}` 不是邮件地址", "`{to}` is no e-mail address"));
        };
        let sent = self.transport.send_raw(&envelope, message);
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(Ok(_)) => Answer::Taken,
            Ok(Err(error)) => self.failed(&error),
            Err(_) => Answer::Later(Text::new(
                "邮件服务器超时未应答",
                "the mail server does not answer in time",
            )),
        }
    }

    fn message(&self, paper: &Paper, key: &str, to: &[String]) -> Result<Message, Answer> {
        let refused = |why: String| {
            Answer::Refused(text!("邮件无法生成：{why}", "no mail can be made: {why}"))
        };
        // One identity for all tries, so that a mail that came twice can be told.
        let digest = Sha256::digest(key.as_bytes());
        let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let id = format!("<{digest}@{}>", self.from.email.domain());
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(paper.title.clone())
            .message_id(Some(id));
        for address in to {
            builder = builder.to(mailbox(address).map_err(|error| refused(error.to_string()))?);
        }
        let part = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(paper.text.clone());
        builder.singlepart(part).map_err(|error| refused(error.to_string()))
    }

    /// A mail with files.
    fn letter(
        &self,
        (subject, words): (&str, &str),
        enclosures: Vec<Enclosure>,
        to: &[String],
    ) -> Result<Vec<u8>, NotifyError> {
        let wrong = |error: &dyn std::fmt::Display| NotifyError::Client(error.to_string());
        let mut builder = Message::builder().from(self.from.clone()).subject(subject);
        for address in to {
            builder = builder.to(mailbox(address)?);
        }
        let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(words.to_owned());
        let mut parts = MultiPart::mixed().singlepart(text);
        for Enclosure { name, media_type, bytes } in enclosures {
            let kind = ContentType::parse(media_type).map_err(|error| wrong(&error))?;
            parts = parts.singlepart(Attachment::new(name).body(bytes, kind));
        }
        let message = builder.multipart(parts).map_err(|error| wrong(&error))?;
        Ok(message.formatted())
    }

    fn failed(&self, error: &lettre::transport::smtp::Error) -> Answer {
        let secrets: Vec<_> = self.secrets.iter().map(Secret::reveal).collect();
        let mut words = error.to_string();
        if let Some(cause) = std::error::Error::source(error) {
            words = format!("{words}: {cause}");
        }
        let words = shown(&words, &secrets);
        let why = text!("邮件服务器：{words}", "mail server: {words}");
        let code = error.status().map(u16::from);
        match code {
            // Login is wanted, wrong or too weak.
            Some(530 | 534 | 535 | 538) => Answer::Shut(why),
            // It does not take this mail for this address.
            Some(501 | 550..=555) => Answer::Refused(why),
            Some(450..=452 | 421) => Answer::Busy(why, Duration::from_secs(120)),
            _ => Answer::Later(why),
        }
    }
}

/// A file that goes with a mail.
#[derive(Debug, Clone)]
pub struct Enclosure {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Sends a mail with files to all addresses of a channel's settings.
///
/// # Errors
/// [`NotifyError`]: the server does not take it, or not for one of them; others may have it.
pub async fn send_letter(
    config: &Email,
    net: &Net,
    subject: &str,
    words: &str,
    enclosures: Vec<Enclosure>,
) -> Result<(), NotifyError> {
    let mailer = Mailer::new(config, net)?;
    let message = mailer.letter((subject, words), enclosures, &config.to)?;
    for address in &config.to {
        match mailer.one(&message, address).await {
            Answer::Taken => {}
            Answer::Later(why)
            | Answer::Refused(why)
            | Answer::Shut(why)
            | Answer::Busy(why, _) => return Err(NotifyError::Letter(address.clone(), why.en)),
        }
    }
    Ok(())
}

fn mailbox(address: &str) -> Result<Mailbox, NotifyError> {
    address.parse().map_err(|_| NotifyError::Address(address.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> Mailer {
        let config = Email {
            host: "localhost".into(),
            port: 25,
            encryption: Encryption::None,
            login: None,
            from: "政务大厅 <hall@example.org>".into(),
            to: Vec::new(),
        };
        Mailer::new(&config, &Net::default()).unwrap()
    }

    #[test]
    fn a_mail_has_one_identity_for_all_tries() {
        let paper = Paper { title: "● 严重".into(), text: "停机".into() };
        let head = |key: &str| {
            let message = mailer().message(&paper, key, &["li@example.org".into()]).unwrap();
            String::from_utf8(message.formatted()).unwrap()
        };
        let id = |mail: &str| {
            mail.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned()
        };
        assert_eq!(id(&head("a")), id(&head("a")));
        assert_ne!(id(&head("a")), id(&head("b")));
        assert!(id(&head("a")).ends_with("@example.org>"));
    }

    #[test]
    fn addresses_are_checked() {
        assert!(is_address("li@example.org"));
        assert!(!is_address("li"));
        assert!(!is_address("li@example.org\r\nBcc: x@y.z"));
    }
}
