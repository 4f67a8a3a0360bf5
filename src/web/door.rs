//! The local door: a Unix socket in the data folder, for the commands on this machine.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;

/// Name of the socket in the data folder.
pub const SOCKET_NAME: &str = "hallwatch.sock";
/// Commands that may wait to be let in.
const BACKLOG: i32 = 16;

/// The open door; closing it removes the socket.
pub(super) struct Door {
    pub(super) listener: UnixListener,
    path: PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the socket is gone already");
        }
    }
}

/// Opens the door; a gateway without one is a gateway all the same.
pub(super) fn open(path: &Path) -> Option<Door> {
    match bind(path) {
        Ok(listener) => Some(Door { listener, path: path.to_owned() }),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "no local door: commands cannot ask");
            None
        }
    }
}

/// The journal's lock says that no other gateway uses this folder, so a socket that is there was
/// left behind.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)?,
        Ok(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, "no socket, but a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Before it listens, so that nobody slips in under the process's umask.
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(std::os::fd::OwnedFd::from(socket).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_door_is_private_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(SOCKET_NAME);
        drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket left behind"));
        let door = open(&path).expect("opens");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        tokio::net::UnixStream::connect(&path).await.expect("connects");
        drop(door);
        assert!(!path.exists());
        std::fs::write(&path, "notes").expect("a file");
        assert!(open(&path).is_none(), "what is no socket stays");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "notes");
    }
}
