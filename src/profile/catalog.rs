//! All profiles: those inside the binary, and those on disk that replace or add to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_embed::RustEmbed;

use crate::model::{Mistake, Text, text};

use super::compile::compile_on;
use super::sunspec::{ModelPlan, compile_model};
use super::types::Profile;

/// Profiles that others may extend, by id.
pub(super) type Bases = BTreeMap<String, Arc<Profile>>;

#[derive(RustEmbed)]
#[folder = "devices/"]
#[include = "*.toml"]
struct Shipped;

/// Why there is no catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder of own profiles cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Some files have mistakes.
    #[error("{} in device profiles", count(.0.len()))]
    Mistakes(Vec<Mistake>),
}

impl CatalogError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Read { path, .. } => format!("无法读取 `{}`", path.display()),
            Self::Mistakes(mistakes) => format!("设备模板有 {} 处错误", mistakes.len()),
        };
        Text::new(zh, self.to_string())
    }
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") }
}

/// The profiles, by id.
#[derive(Debug, Clone)]
pub struct Catalog {
    profiles: BTreeMap<String, Arc<Profile>>,
    replaced: Vec<String>,
}

impl Catalog {
    /// The profiles inside the binary.
    ///
    /// # Errors
    /// [`CatalogError::Mistakes`]; a test loads every shipped file, so this is for builders.
    pub fn shipped() -> Result<Self, CatalogError> {
        Self::of_files(shipped_files(), &BTreeSet::new())
    }

    /// The shipped profiles and those of a folder, which win where ids (or model numbers) are the
    /// same.
    ///
    /// # Errors
    /// [`CatalogError`] with every mistake of every file.
    pub fn with_folder(folder: &Path) -> Result<Self, CatalogError> {
        let mut files = shipped_files();
        let shipped = files.len();
        files.extend(files_of(folder)?);
        files.extend(files_of(&folder.join("sunspec"))?);
        let own = files.get(shipped..).unwrap_or_default().iter().map(|(name, _)| name.clone());
        Self::of_files(files.clone(), &own.collect())
    }

    /// `own` are the names of the files that may replace others; but none of them another of them.
    fn of_files(
        files: Vec<(String, String)>,
        own: &BTreeSet<String>,
    ) -> Result<Self, CatalogError> {
        let mut mistakes = Vec::new();
        let (model_files, profile_files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(name, _)| is_model(name));
        let mut models: BTreeMap<u16, ModelPlan> = BTreeMap::new();
        for (name, source) in &model_files {
            match compile_model(name, source) {
                Ok(model) => {
                    models.insert(model.model, model);
                }
                Err(found) => mistakes.extend(found),
            }
        }
        let mut profiles = BTreeMap::new();
        let mut first: BTreeMap<String, &String> = BTreeMap::new();
        let mut replaced = Vec::new();
        // Those that extend others come after them; only those that stand alone can be extended.
        let (extending, alone): (Vec<_>, Vec<_>) =
            profile_files.iter().partition(|(_, source)| extends(source));
        let alone_count = alone.len();
        let mut bases = Bases::new();
        for (n, (name, source)) in alone.into_iter().chain(extending).enumerate() {
            if n == alone_count {
                bases.clone_from(&profiles);
            }
            match compile_on(name, source, &models, &bases) {
                Ok(profile) => {
                    let id = profile.id.clone();
                    let (of_own, other) = (own.contains(name), first.get(&id).copied());
                    match other.filter(|other| own.contains(*other)) {
                        Some(other) if of_own => mistakes.push(twice(name, source, &id, other)),
                        // A shipped one that extends another comes after an own one that does not.
                        Some(_) => replaced.push(id),
                        None => {
                            first.insert(id.clone(), name);
                            if profiles.insert(id.clone(), Arc::new(profile)).is_some() {
                                replaced.push(id);
                            }
                        }
                    }
                }
                Err(found) => mistakes.extend(found),
            }
        }
        if mistakes.is_empty() {
            Ok(Self { profiles, replaced })
        } else {
            Err(CatalogError::Mistakes(mistakes))
        }
    }

    /// The profile of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Profile>> {
        self.profiles.get(id)
    }

    /// Ids of the profiles of a folder that stand in place of shipped ones.
    #[must_use]
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// All profiles, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.profiles.values()
    }
}

/// Whether a profile extends another one.
fn extends(source: &str) -> bool {
    source.lines().any(|line| {
        let rest = line.trim_start().strip_prefix("extends");
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

/// Two own profiles under one id: nobody could say which of them counts.
fn twice(name: &str, source: &str, id: &str, other: &str) -> Mistake {
    let offset = source.find(&format!("\"{id}\"")).unwrap_or(0);
    let problem =
        text!("设备模板 `{id}` 在 `{other}` 中已有", "the profile `{id}` is in `{other}` already");
    Mistake::at(name, source, offset, problem, Text::new("换一个 id", "give it another id"))
}

fn is_model(name: &str) -> bool {
    Path::new(name).file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("model_"))
}

fn shipped_files() -> Vec<(String, String)> {
    Shipped::iter()
        .filter(|name| name.ends_with(".toml"))
        .filter_map(|name| {
            let data = Shipped::get(&name)?.data;
            Some((format!("devices/{name}"), String::from_utf8_lossy(&data).into_owned()))
        })
        .collect()
}

fn files_of(folder: &Path) -> Result<Vec<(String, String)>, CatalogError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CatalogError::Read { path, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let source = std::fs::read_to_string(&path).map_err(failed(&path))?;
            files.push((path.display().to_string(), source));
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"
        id = "tax-terminal"
        kind = "tax_terminal"
        vendor = "ours"
        name = { zh = "自有", en = "own" }
        source = "ours"
        [mqtt]
        heartbeat_s = 0
        [[mqtt.message]]
        topic = "ours/{id}"
        field = [{ pointer = "/left", point = "printer_paper_left_sheets", type = "number" }]
    "#;

    #[test]
    fn an_own_profile_stands_in_place_of_a_shipped_one_that_extends_another() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("ours.toml"), OWN).expect("written");
        let catalog = Catalog::with_folder(folder.path()).expect("no mistakes");
        assert_eq!(catalog.get("tax-terminal").map(|p| p.name.en.as_str()), Some("own"));
        assert_eq!(catalog.replaced(), ["tax-terminal"]);
        std::fs::write(folder.path().join("again.toml"), OWN).expect("written");
        let twice = Catalog::with_folder(folder.path());
        assert!(matches!(twice, Err(CatalogError::Mistakes(found)) if found.len() == 1));
    }
}
