//! `hallwatch device credentials`: passwords of the machines at the broker, and what each may do.
//!
//! It writes the two files that Mosquitto reads: the passwords, hashed, and the rights of all
//! devices as the configuration has them. A password is shown once and kept nowhere.

mod accounts;
mod rights;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;

use crate::model::{Text, near, text};
use crate::source::mqtt;

use super::check::one_line;
use super::door::Place;
use super::out::say;
use super::{Done, Failure};

use accounts::Accounts;

/// Random bytes of a password: 192 bits, which no number of guesses reaches.
const PASSWORD_BYTES: usize = 24;
/// The word for the gateway's own account.
const GATEWAY: &str = "gateway";
const PASSWORDS: &str = "hallwatch.passwd";
const RIGHTS: &str = "hallwatch.acl";
/// Rights of accounts that are no device's, such as a bridge's, written by hand.
const RIGHTS_OF_OTHERS: &str = "hallwatch.acl.own";

#[derive(Debug, Clone, Args)]
pub(super) struct CredentialsArguments {
    /// Ids of devices; `gateway` is hallwatch itself, with the password of its `password_file`.
    /// 设备编号；`gateway` 是 hallwatch 自己，口令取自 `password_file`。
    ids: Vec<String>,
    /// All devices that have no password yet. 所有还没有口令的设备。
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Where Mosquitto's files are. Mosquitto 配置目录。
    #[arg(long, default_value = "/etc/mosquitto")]
    folder: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
}

pub(super) fn run(arguments: &CredentialsArguments) -> Done {
    let CredentialsArguments { ids, all, folder, place } = arguments;
    let hall = place.hall()?;
    let config = hall.mqtt.as_ref().ok_or_else(|| {
        Failure::told(Text::new("配置中没有 [mqtt]", "the configuration has no [mqtt]"))
    })?;
    let known: Vec<&str> = config.devices.iter().map(|d| d.device.id.as_str()).collect();
    let rights = mqtt::rights(config);
    own_user(&rights, &known)?;
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(Failure::told(text!(
            "没有目录 `{folder}`；先安装 Mosquitto，或用 --folder 指定目录",
            "there is no folder `{folder}`; install Mosquitto first, or name a folder with --folder",
        )));
    }
    let passwords = folder.join(PASSWORDS);
    let mut accounts = Accounts::read(&passwords).map_err(|e| Failure::of_file(&passwords, &e))?;
    let wanted: Vec<&str> = match all {
        true => known.iter().copied().filter(|id| !accounts.has(id)).collect(),
        false => ids.iter().map(String::as_str).collect(),
    };
    if wanted.is_empty() && !all {
        return Err(Failure::told(Text::new(
            "写明设备编号，或用 --all 给所有还没有口令的设备",
            "name the devices, or use --all for those that have no password yet",
        )));
    }
    let mut shown: Vec<(&str, String)> = Vec::new();
    for id in wanted {
        if shown.iter().any(|(known, _)| *known == id) {
            continue; // the first password would be void at once
        }
        if id == GATEWAY {
            let (user, password) = config.login.as_ref().ok_or_else(no_login)?;
            accounts.set(user, password);
            continue;
        }
        if !known.contains(&id) {
            return Err(unknown(id, &known));
        }
        let password = new_password();
        accounts.set(id, &password);
        shown.push((id, password));
    }
    let (file, others) = (folder.join(RIGHTS), folder.join(RIGHTS_OF_OTHERS));
    let others = match std::fs::read_to_string(&others) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::of_file(&others, &error));
        }
        read => read.unwrap_or_default(),
    };
    accounts::replace(&file, &rights::text(&rights, &others))
        .map_err(|e| Failure::of_file(&file, &e))?;
    accounts.write(&passwords).map_err(|e| Failure::of_file(&passwords, &e))?;
    for (id, password) in &shown {
        say!("{id}\t{password}");
    }
    tell(&accounts, &rights, folder, !shown.is_empty(), place);
    Ok(ExitCode::SUCCESS)
}

/// Whether the gateway's own account, the first, can be one of Mosquitto's.
fn own_user(rights: &[mqtt::Rights], known: &[&str]) -> Result<(), Failure> {
    let own = rights.first().map_or("", |gateway| &gateway.user);
    if known.contains(&own) {
        return Err(Failure::told(text!(
            "[mqtt] 的 username `{own}` 与一台设备的编号相同；给网关另取一个用户名，例如 \"hallwatch\"",
            "username `{own}` of [mqtt] is the id of a device; give the gateway another, such as \"hallwatch\"",
        )));
    }
    if own.contains(':') {
        return Err(Failure::told(text!(
            "[mqtt] 的 username `{own}` 含冒号，Mosquitto 不能用；请去掉",
            "username `{own}` of [mqtt] holds a colon, which Mosquitto cannot have; take it out",
        )));
    }
    Ok(())
}

/// What to do next, and what is left over.
fn tell(accounts: &Accounts, rights: &[mqtt::Rights], folder: &Path, any: bool, place: &Place) {
    if any {
        let once = Text::new(
            "口令只显示这一次；填到设备上（用户名即设备编号），重新生成会使旧口令失效",
            "shown once: enter it on the machine (the user name is the id); a new one ends the old one",
        );
        eprintln!("{}", one_line(once, place.lang));
    }
    let folder = folder.display();
    let reload = text!(
        "已写入 {folder}/{PASSWORDS} 和 {folder}/{RIGHTS}；执行 systemctl reload mosquitto 生效",
        "written: {folder}/{PASSWORDS} and {folder}/{RIGHTS}; in force after systemctl reload mosquitto",
    );
    eprintln!("{}", one_line(reload, place.lang));
    let others: Vec<&str> =
        accounts.users().filter(|user| rights.iter().all(|r| r.user != *user)).collect();
    if !others.is_empty() {
        let others = others.join(", ");
        let left = text!(
            "口令文件中还有不属于任何设备的账号：{others}（删除用 mosquitto_passwd -D）",
            "accounts that belong to no device: {others} (mosquitto_passwd -D removes one)",
        );
        eprintln!("{}", one_line(left, place.lang));
    }
}

fn no_login() -> Failure {
    Failure::told(Text::new(
        "[mqtt] 中没有 username 和 password_file；两项都加上，口令写在文件的第一行",
        "[mqtt] has no username and password_file; add both, with the password on the file's first line",
    ))
}

fn unknown(id: &str, known: &[&str]) -> Failure {
    Failure::told(match near::nearest(id, known.iter().copied()) {
        Some(near) => text!(
            "没有经 MQTT 上报的设备 `{id}`；是不是想写 `{near}`？",
            "no device `{id}` publishes over MQTT; did you mean `{near}`?",
        ),
        None => text!("没有经 MQTT 上报的设备 `{id}`", "no device `{id}` publishes over MQTT",),
    })
}

fn new_password() -> String {
    let bytes: [u8; PASSWORD_BYTES] = rand::random();
    URL_SAFE_NO_PAD.encode(bytes)
}
