//! Who may see the hall: one password, sessions in memory, and a limit on guessing.
//!
//! A session is a random 256-bit token in a cookie; only its hash is kept, so a core dump or a
//! debug print gives nobody a session. Sessions end with the process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::TryRngCore as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::model::Text;

/// How long a session lasts.
pub(super) const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Name of the cookie.
pub(super) const COOKIE: &str = "hallwatch_session";
/// Sessions kept; the one that ends first makes room. A hall has tens of people.
const SESSIONS_MAX: usize = 1_000;
/// Failed or running attempts within [`ATTEMPTS_WITHIN`], for the whole process.
const ATTEMPTS_MAX: usize = 5;
const ATTEMPTS_WITHIN: Duration = Duration::from_secs(60);
/// Verifications at once: each takes 19 MiB and a core for some 30 ms.
const CHECKS_AT_ONCE: usize = 2;
/// Shortest password, in characters.
const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password, in bytes: nobody types more, and hashing has a price.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// Why a password was not hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Shorter than ten characters.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// Longer than 1,024 bytes.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// One character over and over.
    #[error("a password has at least four different characters")]
    TooPlain,
    /// The machine gave no random numbers or no memory.
    #[error("the password could not be hashed")]
    Failed,
}

impl PasswordError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::TooShort => format!("密码至少要 {PASSWORD_CHARS_MIN} 个字符"),
            Self::TooLong => format!("密码最多 {PASSWORD_BYTES_MAX} 字节"),
            Self::TooPlain => "密码至少要有四种不同的字符".to_owned(),
            Self::Failed => "无法生成密码散列".to_owned(),
        };
        Text::new(zh, self.to_string())
    }
}

/// Makes the argon2id PHC string of a password for the configuration.
///
/// # Errors
/// [`PasswordError`].
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    if password.chars().collect::<std::collections::HashSet<_>>().len() < 4 {
        return Err(PasswordError::TooPlain);
    }
    let hash: PasswordHash =
        Argon2::default().hash_password(password.as_bytes()).map_err(|_| PasswordError::Failed)?;
    Ok(hash.to_string())
}

/// Whether this is a hash that [`hash_password`] could have made.
pub fn is_password_hash(hash: &str) -> bool {
    hash.starts_with("$argon2id$")
        && PasswordHash::new(hash).is_ok_and(|hash| hash.salt.is_some() && hash.hash.is_some())
}

/// Why a login did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginError {
    Wrong,
    TooMany { retry_after_s: u64 },
    Failed,
}

/// The hash of a session's token.
pub(super) type Ticket = [u8; 32];

/// The password, the sessions, the attempts.
pub(super) struct Auth {
    hash: Option<String>,
    sessions: Mutex<HashMap<Ticket, Instant>>,
    attempts: Mutex<VecDeque<Instant>>,
    checks: Semaphore,
    /// One check of a password in a header at a time.
    basics: Semaphore,
}

impl Auth {
    pub(super) fn new(hash: Option<String>) -> Self {
        Self {
            hash,
            sessions: Mutex::default(),
            attempts: Mutex::default(),
            checks: Semaphore::new(CHECKS_AT_ONCE),
            basics: Semaphore::new(1),
        }
    }

    /// Whether a password is set.
    pub(super) const fn needed(&self) -> bool {
        self.hash.is_some()
    }

    /// Whether a request may see the hall.
    pub(super) fn logged_in(&self, headers: &HeaderMap) -> bool {
        !self.needed() || ticket_of(headers).is_some_and(|ticket| self.valid(&ticket))
    }

    /// Whether the session of this ticket goes on.
    pub(super) fn valid(&self, ticket: &Ticket) -> bool {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(ticket).is_some_and(|end| Instant::now() < *end)
    }

    /// Checks a password and opens a session; the token is for the cookie.
    pub(super) async fn login(&self, password: String) -> Result<String, LoginError> {
        self.verify(password).await?;
        let mut token = [0; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut token).map_err(|_| LoginError::Failed)?;
        let token = URL_SAFE_NO_PAD.encode(token);
        self.open(ticket(&token), Instant::now());
        Ok(token)
    }

    /// Ends the session of a request.
    pub(super) fn logout(&self, headers: &HeaderMap) {
        if let Some(ticket) = ticket_of(headers) {
            self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket);
        }
    }

    /// Checks the password of an `Authorization: Basic` header; the name before it is free.
    pub(super) async fn basic(&self, headers: &HeaderMap) -> Result<(), LoginError> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        // Checking a password takes its time; one that was right is known again.
        let known = value.map(|value| ticket(&format!("basic {value}")));
        if self.known(known) {
            return Ok(());
        }
        // Of many at once with the same password one is checked.
        let turn = self.basics.acquire().await.map_err(|_| LoginError::Failed)?;
        if self.known(known) {
            return Ok(());
        }
        let password = value
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|value| STANDARD.decode(value.trim()).ok())
            .and_then(|value| String::from_utf8(value).ok())
            .and_then(|pair| pair.split_once(':').map(|(_, password)| password.to_owned()));
        self.verify(password.ok_or(LoginError::Wrong)?).await?;
        if let Some(known) = known {
            self.open(known, Instant::now());
        }
        drop(turn);
        Ok(())
    }

    /// Whether this was right before; it then stays so for as long as it is used.
    fn known(&self, ticket: Option<Ticket>) -> bool {
        let Some(ticket) = ticket.filter(|ticket| self.valid(ticket)) else { return false };
        self.open(ticket, Instant::now());
        true
    }

    /// An attempt is counted before it is checked, so that many at once do not slip through, and
    /// taken back when it was right.
    async fn verify(&self, password: String) -> Result<(), LoginError> {
        let Some(hash) = self.hash.clone() else { return Ok(()) };
        let attempt = self.attempt(Instant::now())?;
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(LoginError::Wrong);
        }
        let permit = self.checks.acquire().await.map_err(|_| LoginError::Failed)?;
        let check = move || Argon2::default().verify_password(password.as_bytes(), hash.as_str());
        let result = tokio::task::spawn_blocking(check).await;
        drop(permit);
        match result {
            Ok(Ok(())) => {
                let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(at) = attempts.iter().position(|other| *other == attempt) {
                    attempts.remove(at);
                }
                Ok(())
            }
            Ok(Err(_)) => Err(LoginError::Wrong),
            Err(_) => Err(LoginError::Failed),
        }
    }

    fn attempt(&self, now: Instant) -> Result<Instant, LoginError> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|at| now.duration_since(*at) < ATTEMPTS_WITHIN);
        match attempts.front() {
            Some(oldest) if attempts.len() >= ATTEMPTS_MAX => {
                let wait = ATTEMPTS_WITHIN.saturating_sub(now.duration_since(*oldest));
                Err(LoginError::TooMany { retry_after_s: wait.as_secs() + 1 })
            }
            _ => {
                attempts.push_back(now);
                Ok(now)
            }
        }
    }

    fn open(&self, ticket: Ticket, now: Instant) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, end| now < *end);
        if sessions.len() >= SESSIONS_MAX {
            let first = sessions.iter().min_by_key(|(_, end)| **end).map(|(ticket, _)| *ticket);
            first.and_then(|first| sessions.remove(&first));
        }
        sessions.insert(ticket, now + SESSION);
    }
}

/// The ticket that a request carries in its cookie.
pub(super) fn ticket_of(headers: &HeaderMap) -> Option<Ticket> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';'));
    pairs
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
        .filter(|token| token.len() < 100)
        .map(ticket)
}

fn ticket(token: &str) -> Ticket {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_have_rules_and_their_hashes_are_known_again() {
        assert_eq!(hash_password("short"), Err(PasswordError::TooShort));
        assert_eq!(hash_password("aaaaaaaaaaaa"), Err(PasswordError::TooPlain));
        assert_eq!(hash_password(&"abcd".repeat(300)), Err(PasswordError::TooLong));
        let hash = hash_password("办事大厅的密码要长一点").expect("hash");
        assert!(is_password_hash(&hash));
        assert!(!is_password_hash("$argon2id$"));
        assert!(!is_password_hash("hunter2hunter2"));
        assert!(!is_password_hash(&hash.replace("argon2id", "argon2i")));
    }

    #[test]
    fn guessing_is_limited_and_the_wait_is_told() {
        let auth = Auth::new(Some(String::new()));
        let now = Instant::now();
        for _ in 0..ATTEMPTS_MAX {
            assert!(auth.attempt(now).is_ok());
        }
        let later = now + Duration::from_secs(20);
        assert_eq!(auth.attempt(later), Err(LoginError::TooMany { retry_after_s: 41 }));
        assert!(auth.attempt(now + ATTEMPTS_WITHIN).is_ok());
    }

    #[test]
    fn sessions_are_bounded_and_the_oldest_goes_first() {
        let auth = Auth::new(Some(String::new()));
        let now = Instant::now();
        for n in 0..1_010_u64 {
            auth.open(ticket(&n.to_string()), now + Duration::from_millis(n));
        }
        assert!(!auth.valid(&ticket("9")));
        assert!(auth.valid(&ticket("10")));
        assert_eq!(auth.sessions.lock().expect("lock").len(), SESSIONS_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_after_twelve_hours() {
        let auth = Auth::new(Some(String::new()));
        auth.open(ticket("t"), Instant::now());
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; hallwatch_session=t".parse().expect("header"));
        assert!(auth.logged_in(&headers));
        tokio::time::advance(SESSION).await;
        assert!(!auth.logged_in(&headers));
    }
}
