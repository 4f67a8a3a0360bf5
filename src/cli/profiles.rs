//! `hallwatch profiles`: what can be read.

use std::path::Path;
use std::process::ExitCode;

use crate::model::text;
use crate::profile::{Catalog, CatalogError, Protocol};

use super::check::show;
use super::out::say;
use super::{Done, Failure};

pub(super) fn profiles(folder: Option<&Path>) -> Done {
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let folder = folder.display();
        return Err(Failure::told(text!("没有目录 `{folder}`", "there is no folder `{folder}`",)));
    }
    let catalog = match folder {
        Some(folder) => Catalog::with_folder(folder),
        None => Catalog::shipped(),
    };
    let catalog = match catalog {
        Ok(catalog) => catalog,
        Err(CatalogError::Mistakes(mistakes)) => {
            show(&mistakes, None);
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    };
    for profile in catalog.iter() {
        let way = match &profile.protocol {
            Protocol::Registers { .. } => "modbus",
            Protocol::Sunspec { .. } => "sunspec",
            Protocol::Mqtt(_) => "mqtt",
        };
        say!("{:<20} {way:<8} {} / {}", profile.id, profile.name.zh, profile.name.en);
    }
    Ok(ExitCode::SUCCESS)
}
