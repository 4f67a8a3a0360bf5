//! Mosquitto's file of passwords: `user:$7$iterations$salt$hash`, PBKDF2 with HMAC-SHA-512.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha512;

/// As `mosquitto_passwd` takes. More would only cost the broker time at every connection: the
/// passwords are random, so there is nothing to guess.
const ITERATIONS: u32 = 101;
/// As long as the broker expects it.
const SALT_BYTES: usize = 12;
const HASH_BYTES: usize = 64;
/// Readable by the broker's group, and by nobody else.
const MODE: u32 = 0o640;

/// The accounts of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    lines: Vec<String>,
}

impl Accounts {
    /// Reads the file; one that is not there has no accounts.
    pub(super) fn read(path: &Path) -> std::io::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { lines: text.lines().map(str::to_owned).collect() }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// The names.
    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| line.split_once(':')).map(|(user, _)| user)
    }

    pub(super) fn has(&self, user: &str) -> bool {
        self.users().any(|known| known == user)
    }

    /// Sets a password, in place of the old one.
    pub(super) fn set(&mut self, user: &str, password: &str) {
        let salt: [u8; SALT_BYTES] = rand::random();
        let mut hash = [0; HASH_BYTES];
        pbkdf2::pbkdf2_hmac::<Sha512>(password.as_bytes(), &salt, ITERATIONS, &mut hash);
        let (salt, hash) = (STANDARD.encode(salt), STANDARD.encode(hash));
        let line = format!("{user}:$7${ITERATIONS}${salt}${hash}");
        let of_user = |known: &&mut String| known.split(':').next() == Some(user);
        match self.lines.iter_mut().find(of_user) {
            Some(known) => *known = line,
            None => self.lines.push(line),
        }
    }

    /// Writes the file.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        replace(path, &self.lines.iter().fold(String::new(), |text, line| text + line + "\n"))
    }
}

/// Writes a file whole or not at all. Owner and mode stay; a new file belongs to the group of its
/// folder.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let (uid, gid, mode) = match std::fs::metadata(path) {
        Ok(there) => (there.uid(), there.gid(), there.mode()),
        Err(_) => {
            let folder = std::fs::metadata(folder)?;
            (folder.uid(), folder.gid(), MODE)
        }
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // One that is left from before may be open to others.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    // Who is not root keeps what it owns.
    if let Err(error) = chown(&new, Some(uid), Some(gid))
        && error.kind() != ErrorKind::PermissionDenied
    {
        return Err(error);
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode & 0o7777))?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
