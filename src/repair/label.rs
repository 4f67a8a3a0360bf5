//! What stands on a machine's label: a token that nobody can guess, made of the machine's id with a
//! key that never leaves the data folder.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRngCore as _;
use sha2::Sha256;

use crate::model::{DeviceId, Text};

const KEY_BYTES: usize = 32;
/// Bytes of the token: 16 characters.
const TOKEN_BYTES: usize = 12;

/// Why labels cannot be made or checked.
#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    /// The key is not there yet.
    #[error("there is no key `{0}`")]
    Missing(PathBuf),
    /// The key cannot be read or made.
    #[error("the key `{path}` cannot be read or made")]
    File {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What is there is no key.
    #[error("`{0}` is not a key of {KEY_BYTES} bytes")]
    NoKey(PathBuf),
    /// The machine gave no random numbers.
    #[error("the machine gives no random numbers")]
    Random,
}

impl LabelsError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Missing(path) => {
                Text::new(format!("没有标签密钥 `{}`", path.display()), self.to_string())
            }
            Self::File { path, source } => Text::new(
                format!("标签密钥 `{}` 无法读写：{source}", path.display()),
                format!("{self}: {source}"),
            ),
            Self::NoKey(path) => Text::new(
                format!("`{}` 不是 {KEY_BYTES} 字节的密钥", path.display()),
                self.to_string(),
            ),
            Self::Random => Text::new("系统没有给出随机数", self.to_string()),
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::Missing(_) => Text::new(
                "先启动一次网关（hallwatch run），密钥由它生成",
                "start the gateway once (hallwatch run): it makes the key",
            ),
            Self::NoKey(_) => Text::new(
                "从备份恢复此文件；若删除它，所有标签都要重新打印",
                "bring it back from a backup; without it all labels have to be printed anew",
            ),
            Self::File { .. } | Self::Random => Text::new(
                "检查数据目录的权限和磁盘",
                "check the rights of the data folder, and its disk",
            ),
        }
    }
}

/// Makes and checks the tokens of labels.
#[derive(Clone)]
pub struct Labels {
    key: [u8; KEY_BYTES],
}

impl std::fmt::Debug for Labels {
    /// Leaves out the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Labels").finish_non_exhaustive()
    }
}

impl Labels {
    /// Name of the key's file in the data folder: whoever copies the data copies it as well, or all
    /// labels have to be printed anew.
    pub const FILE: &str = "label.key";

    /// Reads the key of a data folder, or makes it. Blocks.
    ///
    /// # Errors
    /// [`LabelsError`].
    pub fn open(folder: &Path) -> Result<Self, LabelsError> {
        match Self::read(folder) {
            Err(LabelsError::Missing(path)) => Self::make(&path),
            other => other,
        }
    }

    /// Reads the key of a data folder. Blocks.
    ///
    /// # Errors
    /// [`LabelsError`].
    pub fn read(folder: &Path) -> Result<Self, LabelsError> {
        let path = folder.join(Self::FILE);
        let mut bytes = Vec::with_capacity(KEY_BYTES);
        let file = std::fs::File::open(&path);
        let read = file.and_then(|file| file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(LabelsError::Missing(path)),
            Err(source) => Err(LabelsError::File { path, source }),
            Ok(_) => match <[u8; KEY_BYTES]>::try_from(bytes) {
                Ok(key) => Ok(Self { key }),
                Err(_) => Err(LabelsError::NoKey(path)),
            },
        }
    }

    /// Written beside its place first: a key that was cut off by a power failure would be no key.
    fn make(path: &Path) -> Result<Self, LabelsError> {
        let mut key = [0; KEY_BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(|_| LabelsError::Random)?;
        let beside = path.with_extension("new");
        let written = || {
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(&key)?;
            file.sync_all()?;
            std::fs::rename(&beside, path)?;
            path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
        };
        written().map_err(|source| LabelsError::File { path: path.to_owned(), source })?;
        Ok(Self { key })
    }

    fn mac(&self, device: &DeviceId) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(device.as_str().as_bytes());
        Some(mac)
    }

    /// The token of a device: 16 characters that are safe in addresses.
    #[must_use]
    pub fn token(&self, device: &DeviceId) -> String {
        let code = self.mac(device).map(|mac| mac.finalize().into_bytes());
        let first = code.as_deref().and_then(|code| code.get(..TOKEN_BYTES)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(first)
    }

    /// Whether a token belongs to a device; takes as long for a good one as for a bad one.
    #[must_use]
    pub fn fits(&self, device: &DeviceId, token: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
        bytes.len() == TOKEN_BYTES
            && self.mac(device).is_some_and(|mac| mac.verify_truncated_left(&bytes).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn tokens_fit_their_device_and_no_other_and_the_key_stays() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(matches!(Labels::read(folder.path()), Err(LabelsError::Missing(_))));
        let labels = Labels::open(folder.path()).expect("made");
        let (one, two) = (DeviceId::parse("a-1").expect("id"), DeviceId::parse("a-2").expect("id"));
        let token = labels.token(&one);
        assert_eq!(token.len(), 16);
        assert!(labels.fits(&one, &token) && !labels.fits(&two, &token));
        for bad in ["", "AAAA", &format!("{token}A"), "****************", "AAAAAAAAAAAAAAAA"] {
            assert!(!labels.fits(&one, bad), "{bad}");
        }
        let again = Labels::open(folder.path()).expect("read");
        assert_eq!(again.token(&one), token);
        let mode =
            std::fs::metadata(folder.path().join(Labels::FILE)).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert!(!format!("{labels:?}").contains("key"));
        std::fs::write(folder.path().join(Labels::FILE), "short").expect("written");
        assert!(matches!(Labels::open(folder.path()), Err(LabelsError::NoKey(_))));
    }
}
