//! Where a command gets its answers: from the gateway that runs on this machine, through its local
//! door, or from the devices themselves when none runs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::{self, Hall};
use crate::model::{Text, near, text};
use crate::source::modbus::{Config, Unit};
use crate::web;

use super::check::{Language, show};
use super::failure::Failure;

/// Which hall a command is about.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// The configuration. 配置文件。
    #[arg(long, default_value = "hall.toml")]
    config: PathBuf,
    /// Folder for the data, instead of the one in the configuration.
    /// 数据目录，取代配置中的目录。
    #[arg(long)]
    data: Option<PathBuf>,
    /// Show one language only. 只显示一种语言。
    #[arg(long)]
    pub(super) lang: Option<Language>,
}

/// Who answers.
pub(super) enum Source {
    /// The gateway that runs.
    Gateway(Gateway),
    /// Nobody: the devices have to be asked.
    Direct(Box<Hall>),
}

impl Place {
    /// The gateway, if one runs; else the configuration. With `--data` a running gateway needs no
    /// configuration.
    pub(super) async fn source(&self) -> Result<Source, Failure> {
        if let Some(folder) = &self.data
            && let Some(gateway) = Gateway::at(folder).await?
        {
            return Ok(Source::Gateway(gateway));
        }
        let hall = self.hall()?;
        let folder = self.data.as_ref().unwrap_or(&hall.journal.folder);
        Ok(match Gateway::at(folder).await? {
            Some(gateway) => Source::Gateway(gateway),
            None => Source::Direct(Box::new(hall)),
        })
    }

    /// The folder that was asked for, instead of the one in the configuration.
    pub(super) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// The configuration; its mistakes are shown.
    pub(super) fn hall(&self) -> Result<Hall, Failure> {
        config::read(&self.config).map_err(|mistakes| {
            show(&mistakes, self.lang);
            Failure::told(Text::new("配置有误", "the configuration has mistakes"))
        })
    }
}

/// The bus and the unit of a device.
pub(super) fn unit_of<'a>(hall: &'a Hall, id: &str) -> Result<(&'a Config, &'a Unit), Failure> {
    let units = hall.modbus.iter().flat_map(|bus| bus.units.iter().map(move |unit| (bus, unit)));
    let mut units = units.filter(|(_, unit)| unit.device.id.as_str() == id);
    units.next().ok_or_else(|| {
        let ids: Vec<_> = hall.devices.iter().map(|(device, _)| device.id.as_str()).collect();
        unknown(id, &ids)
    })
}

/// No such device, or one without registers.
pub(super) fn unknown(id: &str, known: &[&str]) -> Failure {
    if known.contains(&id) {
        return Failure::told(text!(
            "设备 `{id}` 经 MQTT 上报，没有寄存器；它说了什么见网页，试读一条消息用 `hallwatch device message`",
            "device `{id}` speaks over MQTT and has no registers; what it says is on the page, and \
             `hallwatch device message` shows what is made of a message",
        ));
    }
    let near = near::nearest(id, known.iter().copied());
    Failure::told(match (near, known.len()) {
        (Some(near), _) => text!(
            "没有设备 `{id}`；是不是想写 `{near}`？",
            "there is no device `{id}`; did you mean `{near}`?",
        ),
        (None, 1..=20) => {
            let all = known.join(", ");
            text!("没有设备 `{id}`；现有：{all}", "there is no device `{id}`; there are {all}")
        }
        _ => text!("没有设备 `{id}`", "there is no device `{id}`"),
    })
}

/// The gateway that runs on this machine.
pub(super) struct Gateway {
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    hint: Option<web::Text>,
}

#[derive(Deserialize)]
struct Devices {
    devices: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Gateway {
    /// The gateway that has this data folder, if it runs.
    async fn at(folder: &Path) -> Result<Option<Self>, Failure> {
        let socket = folder.join(web::SOCKET_NAME);
        match tokio::net::UnixStream::connect(&socket).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let path = socket.display();
                return Err(Failure::told(text!(
                    "无权连接正在运行的网关 `{path}`；请用运行它的用户执行，例如 `sudo -u hallwatch hallwatch …`",
                    "the running gateway may not be asked at `{path}`; act as its user, as in \
                     `sudo -u hallwatch hallwatch …`",
                )));
            }
            // No socket, one that was left behind, or a path that no socket can have.
            Err(_) => return Ok(None),
        }
        let client = reqwest::Client::builder().unix_socket(socket).no_proxy().build()?;
        Ok(Some(Self { client }))
    }

    /// An answer of the API.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        Ok(self.open(path).await?.json().await?)
    }

    /// Asks the gateway to do something.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, Failure> {
        let answer = self.client.post(format!("http://localhost{path}")).json(body).send().await?;
        Ok(good(answer).await?.json().await?)
    }

    /// Asks the gateway to give something up.
    pub(super) async fn delete(&self, path: &str) -> Result<(), Failure> {
        let answer = self.client.delete(format!("http://localhost{path}")).send().await?;
        good(answer).await.map(drop)
    }

    /// An answer about a device; one that is not known is looked for among those that are.
    pub(super) async fn of_device(
        &self,
        id: &str,
        what: &str,
    ) -> Result<reqwest::Response, Failure> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let fits = !id.is_empty() && id.chars().all(plain);
        let answer = if fits {
            Some(self.ask(&format!("/api/v1/devices/{id}/{what}")).await?)
        } else {
            None
        };
        match answer {
            Some(answer) if answer.status() != reqwest::StatusCode::NOT_FOUND => good(answer).await,
            _ => {
                let Devices { devices } = self.get("/api/v1/devices").await?;
                let ids: Vec<_> = devices.iter().map(|device| device.id.as_str()).collect();
                Err(unknown(id, &ids))
            }
        }
    }

    async fn open(&self, path: &str) -> Result<reqwest::Response, Failure> {
        good(self.ask(path).await?).await
    }

    async fn ask(&self, path: &str) -> Result<reqwest::Response, Failure> {
        Ok(self.client.get(format!("http://localhost{path}")).send().await?)
    }
}

/// The answer, or what the gateway says is wrong.
async fn good(answer: reqwest::Response) -> Result<reqwest::Response, Failure> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    Err(Failure::told(match answer.json::<Problem>().await {
        Ok(Problem { detail, hint: Some(hint) }) => {
            let web::Text { zh, en } = hint;
            Text::new(zh, format!("{detail}; {en}"))
        }
        Ok(Problem { detail, hint: None }) => Text::same(detail),
        Err(_) => text!("网关应答 {status}", "the gateway answers {status}"),
    }))
}
