//! `hallwatch backup` and `hallwatch restore`: a folder with a copy of all that is kept.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::{Clock as _, SystemClock};
use crate::model::{Text, text};
use crate::repair::Labels;
use crate::{history, journal};

use super::super::check::{Language, one_line};
use super::super::door::Place;
use super::super::out::say;
use super::bar::Bar;
use super::verify::{self, Verified};
use super::{Done, Failure};

/// Says what is in a backup, and that it is complete: it is written last.
const CONTENTS: &str = "backup.json";

/// What a backup holds.
#[derive(Serialize, Deserialize)]
struct Contents {
    /// The program that made it.
    hallwatch: String,
    made_ms: i64,
    /// Whether what was copied was whole.
    whole: bool,
    files: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Entry {
    bytes: u64,
    sha256: String,
}

fn entry(path: &Path, bar: &Bar) -> Result<Entry, Failure> {
    let of_file = |error: std::io::Error| Failure::of_file(path, &error);
    let mut file = File::open(path).map_err(of_file)?;
    let of = file.metadata().map_err(of_file)?.len();
    let (mut hasher, mut bytes, mut part) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut part).map_err(of_file)?;
        if read == 0 {
            break;
        }
        hasher.update(part.get(..read).unwrap_or_default());
        bytes += read as u64;
        bar.tell(bytes, of);
    }
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Entry { bytes, sha256 })
}

/// A mount that is not there must not be made on the system's own disk, and a copy beside its original
/// goes with it.
fn place_for(from: &Path, to: &Path) -> Result<(), Failure> {
    let parent = match to.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => to,
    };
    let real = parent.canonicalize().map_err(|error| Failure::of_file(parent, &error))?;
    let data = from.canonicalize().map_err(|error| Failure::of_file(from, &error))?;
    if real.starts_with(&data) {
        let data = data.display();
        return Err(Failure::told(text!(
            "备份不能放在数据目录 `{data}` 里",
            "a backup does not belong into the data folder `{data}`",
        )));
    }
    Ok(())
}

/// A folder that is there and empty, made if need be.
fn empty_folder(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        fs::create_dir(path).map_err(|error| Failure::of_file(path, &error))?;
    }
    let mut entries = fs::read_dir(path).map_err(|error| Failure::of_file(path, &error))?;
    if entries.next().is_some() {
        let path = path.display();
        return Err(Failure::told(text!(
            "`{path}` 不是空目录；请给一个新的目录",
            "`{path}` is not empty; give a new folder",
        )));
    }
    Ok(())
}

/// The data folder that is meant; it holds data.
pub(super) fn data_folder(place: &Place) -> Result<PathBuf, Failure> {
    let folder = match place.data() {
        Some(folder) => folder.to_owned(),
        None => place.hall()?.journal.folder,
    };
    may_be_used(&folder)?;
    if !journal::exists(&folder) && !folder.join("history.db").exists() {
        let folder = folder.display();
        return Err(Failure::told(text!(
            "`{folder}` 中没有数据",
            "there is no data in `{folder}`"
        )));
    }
    Ok(folder)
}

/// Whoever may not open the databases is told so: it is no damage. SQLite needs to write beside a database
/// even to read it.
fn may_be_used(folder: &Path) -> Result<(), Failure> {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let open = |file: &str| File::options().read(true).write(true).open(folder.join(file));
    let mut tries = ["journal.db", "history.db", "lock"].iter().filter_map(|file| open(file).err());
    let refused =
        |error: &std::io::Error| matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem);
    match tries.find(refused) {
        None => Ok(()),
        Some(_) => {
            let folder = folder.display();
            Err(Failure::told(text!(
                "没有权限读写 `{folder}`：请用运行网关的用户执行（如 sudo -u hallwatch），或先把整个目录复制一份",
                "no right to read and write in `{folder}`: run it as the gateway's user (as in sudo -u \
                 hallwatch), or copy the whole folder first",
            )))
        }
    }
}

/// Copies what is kept; a gateway may go on meanwhile.
pub(in crate::cli) fn backup(place: &Place, to: &Path) -> Done {
    super::super::run::keep_to_ourselves();
    let lang = place.lang;
    let from = data_folder(place)?;
    place_for(&from, to)?;
    empty_folder(to)?;
    let bar = Bar::new(Text::new("复制", "copying"), lang);
    let copied = history::copy(&from, to, |done, of| bar.tell(done, of));
    bar.end();
    copied.map_err(|error| Failure::told(error.text()))?;
    let key = copy_key(&from, to)?;
    let bar = Bar::new(Text::new("核对", "checking"), lang);
    let mut files = BTreeMap::new();
    for name in ["history.db", "journal.db"].into_iter().chain(key) {
        files.insert(name.to_owned(), entry(&to.join(name), &bar)?);
    }
    bar.end();
    let verified = verify::look(to, lang);
    let whole = verified.is_whole();
    if !whole {
        verified.show(lang);
        let told = Text::new(
            "源数据有损坏：备份照样完成，可以恢复；恢复后网关会抢救能读出的部分",
            "what is copied is damaged: the backup is made all the same and can be restored; the gateway \
             then saves what can be read",
        );
        eprintln!("{}", one_line(told, lang));
    }
    let bytes: u64 = files.values().map(|entry| entry.bytes).sum();
    let contents = Contents {
        hallwatch: env!("CARGO_PKG_VERSION").to_owned(),
        made_ms: SystemClock.now().ms(),
        whole,
        files,
    };
    let path = to.join(CONTENTS);
    let write = || -> std::io::Result<()> {
        fs::write(&path, serde_json::to_vec_pretty(&contents)?)?;
        File::open(&path)?.sync_all()?;
        File::open(to)?.sync_all()
    };
    write().map_err(|error| Failure::of_file(&path, &error))?;
    let (folder, mb) = (to.display(), bytes.div_ceil(1_000_000));
    let Verified { journal, history } = verified;
    let readings = history.readings;
    let rows = journal.rows;
    say!(
        "{}",
        one_line(
            text!(
                "已备份到 `{folder}`：{mb} MB，历史 {readings} 条，日志 {rows} 条；不含 hall.toml 和口令文件",
                "kept in `{folder}`: {mb} MB, {readings} readings of the history, {rows} records of the \
                 journal; hall.toml and secrets are not in it",
            ),
            lang
        )
    );
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The key of the machines' labels, where there is one: without it all labels have to be printed anew.
fn copy_key(from: &Path, to: &Path) -> Result<Option<&'static str>, Failure> {
    let (name, path) = (Labels::FILE, from.join(Labels::FILE));
    match fs::copy(&path, to.join(name)) {
        Ok(_) => Ok(Some(name)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::of_file(&path, &error)),
    }
}

/// Up to when a backup goes: what came after it is not in it.
fn tell_age(contents: &Contents, lang: Option<Language>) -> Result<(), Failure> {
    let made = jiff::Timestamp::from_millisecond(contents.made_ms)?;
    let made = made.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M %:z");
    let told = text!(
        "备份做于 {made}：之后的数据不在其中；InfluxDB 有的会在页面上补出",
        "the backup was made at {made}: what came after it is not in it; what an InfluxDB has of that time \
         is shown on the page",
    );
    eprintln!("{}", one_line(told, lang));
    Ok(())
}

/// Puts a backup into a data folder that has no data.
pub(in crate::cli) fn restore(from: &Path, to: &Path, lang: Option<Language>) -> Done {
    super::super::run::keep_to_ourselves();
    let contents = contents_of(from)?;
    let bar = Bar::new(Text::new("核对", "checking"), lang);
    for (name, expected) in &contents.files {
        if entry(&from.join(name), &bar)? != *expected {
            return Err(Failure::told(text!(
                "备份文件 `{name}` 被改动或损坏：与备份时的清单不符。换一份备份；确要使用它，可把其中的 .db 文件\
                 复制到空的数据目录，网关启动时会抢救能读出的部分",
                "`{name}` of the backup was changed or damaged since it was made. Take another backup; or copy \
                 its .db files into an empty data folder, and the gateway saves what can be read when it starts",
            )));
        }
    }
    bar.end();
    if journal::exists(to) || to.join("history.db").exists() {
        let to = to.display();
        return Err(Failure::told(text!(
            "`{to}` 中已有数据；请先停止网关，把该目录移走",
            "`{to}` holds data already; stop the gateway and move that folder away first",
        )));
    }
    fs::create_dir_all(to).map_err(|error| Failure::of_file(to, &error))?;
    let bar = Bar::new(Text::new("恢复", "restoring"), lang);
    let files = contents.files.len() as u64;
    for (done, name) in (1..).zip(contents.files.keys()) {
        // Under another name first: half a database is never taken for a whole one.
        let (part, end) = (to.join(format!("{name}.part")), to.join(name));
        let copy = || -> std::io::Result<()> {
            fs::copy(from.join(name), &part)?;
            File::open(&part)?.sync_all()?;
            fs::rename(&part, &end)?;
            File::open(to)?.sync_all()
        };
        copy().map_err(|error| Failure::of_file(&end, &error))?;
        bar.tell(done, files);
    }
    bar.end();
    let now = SystemClock.now();
    history::note_restored(to, now).map_err(|error| Failure::told(error.text()))?;
    let verified = verify::look(to, lang);
    verified.show(lang);
    tell_age(&contents, lang)?;
    let to = to.display();
    say!(
        "{}",
        one_line(
            text!(
                "已恢复到 `{to}`。目录须属于运行网关的用户（例如 chown -R hallwatch），然后启动网关",
                "restored into `{to}`. Let the gateway's user own it (as in chown -R hallwatch), then \
                 start the gateway",
            ),
            lang
        )
    );
    Ok(if verified.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn contents_of(folder: &Path) -> Result<Contents, Failure> {
    let path = folder.join(CONTENTS);
    let text = fs::read(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let folder = folder.display();
            Failure::told(text!(
                "`{folder}` 不是完整的备份：没有 {CONTENTS}",
                "`{folder}` is no whole backup: it has no {CONTENTS}",
            ))
        }
        _ => Failure::of_file(&path, &error),
    })?;
    let contents: Contents = serde_json::from_slice(&text)?;
    let needed = ["history.db", "journal.db"];
    let plain = |name: &String| needed.contains(&name.as_str()) || name == Labels::FILE;
    let has = |name: &&str| contents.files.contains_key(*name);
    if !needed.iter().all(has) || !contents.files.keys().all(plain) {
        let path = path.display();
        return Err(Failure::told(text!(
            "`{path}` 的内容不对",
            "`{path}` is not a backup's contents"
        )));
    }
    Ok(contents)
}
