//! `hallwatch password`: the hash of a password, for the configuration.

use std::io::BufRead;
use std::process::ExitCode;

use crate::web;

use super::Done;
use super::out::say;

pub(super) fn password() -> Done {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    say!("{}", web::hash_password(line.trim_end_matches(['\r', '\n']))?);
    Ok(ExitCode::SUCCESS)
}
