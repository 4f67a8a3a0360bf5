//! `hallwatch run`: the gateway on real devices.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::app::{App, AppError};
use crate::clock::SystemClock;
use crate::config;
use crate::journal::JournalError;
use crate::{history, journal};

use super::check::show;
use super::{Done, Failure, runtime, start_log, told_to_stop};

pub(super) fn run(path: &Path, data: Option<PathBuf>) -> Done {
    start_log();
    keep_to_ourselves();
    let mut hall = match config::read(path) {
        Ok(hall) => hall,
        Err(mistakes) => {
            show(&mistakes, None);
            return Ok(ExitCode::FAILURE);
        }
    };
    for notice in &hall.notices {
        tracing::warn!("{}", notice.told().en.replace("\n  hint: ", "; "));
    }
    if let Some(data) = data {
        hall.journal.folder = data;
    }
    allow_connections();
    runtime()?.block_on(async {
        let mut told = std::pin::pin!(told_to_stop());
        // Before the page's port, which the other one has as well.
        let folder = &hall.journal.folder;
        if journal::in_use(folder) {
            let folder = folder.display().to_string();
            let source = JournalError::Busy(folder.clone());
            return Err(AppError::Journal { folder, source }.into());
        }
        for _ in 0..STARTS_MAX {
            let listen = hall.web.listen;
            let bound = TcpListener::bind(listen).await;
            let listener = bound.map_err(Failure::listening(listen, "[web] listen"))?;
            let address = listener.local_addr()?;
            let app = App::start(hall.clone(), listener, Arc::new(SystemClock), None).await?;
            // A daemon whose output nobody takes runs all the same.
            drop(writeln!(std::io::stdout(), "http://{address}/"));
            let failed = app.failed();
            let code = tokio::select! {
                () = &mut told => Some(ExitCode::SUCCESS),
                () = failed.cancelled() => None,
            };
            app.stop().await;
            match code {
                Some(code) => return Ok(code),
                None if needs_mending(&hall.journal.folder) => {
                    tracing::warn!("starting again: a database has to be mended");
                }
                None => return Ok(ExitCode::FAILURE),
            }
        }
        Ok(ExitCode::FAILURE)
    })
}

/// Starts in one run, where databases have to be mended; what happens more often is for whoever watches
/// over the process.
const STARTS_MAX: u32 = 3;

/// Whether a database was found to be corrupt in the run that ended.
fn needs_mending(folder: &Path) -> bool {
    journal::needs_mending(folder) || history::needs_mending(folder)
}

/// What is written from now on is for nobody else to read: it holds what people did, and when.
pub(super) fn keep_to_ourselves() {
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o027));
}

/// Every device may be a connection: systemd and shells begin with 1024 files and allow more to
/// who asks.
fn allow_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let allowed = getrlimit(Resource::Nofile);
    let most = Rlimit { current: allowed.maximum, maximum: allowed.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
