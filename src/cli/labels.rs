//! `hallwatch labels`: the labels of all machines as one page to print.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::config;
use crate::model::Text;
use crate::repair::{Labels, LabelsError};
use crate::web::{LabelError, Sheet};

use super::check::show;
use super::out::say_part;
use super::{Done, Failure};

pub(super) fn labels(config: &Path, out: Option<&Path>) -> Done {
    let hall = match config::read(config) {
        Ok(hall) => hall,
        Err(mistakes) => {
            show(&mistakes, None);
            return Ok(ExitCode::FAILURE);
        }
    };
    // Only read: a key that another user made could not be read by the gateway.
    let labels = Labels::read(&hall.journal.folder).map_err(|error| of_key(&error))?;
    let devices: Vec<_> = hall.devices.iter().map(|(device, _)| Arc::clone(device)).collect();
    let sheet = Sheet {
        site: &hall.site.name,
        zones: &hall.zones,
        devices: &devices,
        labels: &labels,
        public_url: hall.web.public_url.as_deref(),
    };
    let page = sheet.html().map_err(|error| of_label(&error))?;
    match out {
        None => say_part!("{page}"),
        Some(path) => {
            let written = std::fs::File::create(path).and_then(|mut file| {
                file.write_all(page.as_bytes())?;
                file.sync_all()
            });
            written.map_err(|error| Failure::of_file(path, &error))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is wrong and what to do about it.
fn failure(told: &Text, hint: &Text) -> Failure {
    let zh = format!("{}；{}", told.zh, hint.zh);
    Failure::told(Text::new(zh, format!("{}; {}", told.en, hint.en)))
}

fn of_key(error: &LabelsError) -> Failure {
    failure(&error.text(), &error.hint())
}

fn of_label(error: &LabelError) -> Failure {
    failure(&error.text(), &error.hint())
}
