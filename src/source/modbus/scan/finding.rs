//! What a scan says: doors, devices, and the profiles that fit them, with the reasons.

use std::sync::Arc;

use crate::model::{Text, text};
use crate::profile::Profile;
use crate::source::modbus::config::Transport;

/// How sure it is that a profile fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// Some of it fits; other devices would look the same.
    Possible,
    /// Several marks fit, or values that are read with it make sense.
    Likely,
    /// The device says itself what it is.
    Certain,
}

impl Sureness {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Possible => Text::new("可能", "possible"),
            Self::Likely => Text::new("很可能", "likely"),
            Self::Certain => Text::new("确定", "certain"),
        }
    }
}

/// A profile that fits a device.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The profile.
    pub profile: Arc<Profile>,
    /// How sure.
    pub sureness: Sureness,
    /// For ranking among the same sureness; more is better.
    pub score: i32,
    /// Why.
    pub why: Vec<Text>,
}

/// A model of a SunSpec map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSeen {
    /// Model id.
    pub model: u16,
    /// Its length in registers.
    pub length: u16,
    /// SunSpec's name of it, where it is known.
    pub name: Option<String>,
    /// `standard`, `short`, `long`, `unknown`, `vendor`.
    pub fit: &'static str,
}

/// A SunSpec map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SunspecSeen {
    /// Where it begins.
    pub base: u16,
    /// Its models in their order.
    pub models: Vec<ModelSeen>,
    /// Devices of the best profile in it; each can be one of the configuration.
    pub instances: u16,
    /// All models were seen.
    pub whole: bool,
}

/// What a device says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identity {
    /// Who made it.
    pub maker: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Rated AC power, watts.
    pub rated_power_w: Option<f64>,
}

/// One device.
#[derive(Debug, Clone)]
pub struct Finding {
    /// `host:port`, or the serial port.
    pub door: String,
    /// How it is reached.
    pub transport: Transport,
    /// Id of the configured bus that it is on, if it is.
    pub bus: Option<String>,
    /// Unit id.
    pub unit: u8,
    /// Profiles that fit, best first; none for a device that no profile knows.
    pub candidates: Vec<Candidate>,
    /// What it says of itself.
    pub identity: Identity,
    /// Device identification (function 43), by object number.
    pub identification: Vec<(u8, String)>,
    /// Its SunSpec map, if it has one.
    pub sunspec: Option<SunspecSeen>,
    /// Id of the device in the configuration that it is already.
    pub configured_as: Option<String>,
    /// What a person should know.
    pub notes: Vec<Text>,
}

impl Finding {
    /// Where it stands in a list: by door, then by unit.
    pub(super) fn order(&self) -> (String, u8) {
        (self.door.clone(), self.unit)
    }

    /// The profile that fits best.
    #[must_use]
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates.first()
    }

    /// What it is, in one line.
    #[must_use]
    pub fn name(&self) -> Text {
        let said = [&self.identity.maker, &self.identity.model];
        let said: Vec<&str> = said.into_iter().flatten().map(String::as_str).collect();
        let said = said.join(" ");
        match self.best() {
            None if said.is_empty() => {
                Text::new("没有模板认得的设备", "a device that no profile knows")
            }
            None => text!("{said}，没有模板认得", "{said}, which no profile knows"),
            Some(best) if said.is_empty() => best.profile.name.clone(),
            Some(best) => {
                let Text { zh, en } = &best.profile.name;
                Text::new(format!("{zh}（{said}）"), format!("{en} ({said})"))
            }
        }
    }
}

/// What a door turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorState {
    /// So many units answer behind it.
    Answers(usize),
    /// Nothing listens there.
    Refused,
    /// No way there.
    NoWay(String),
    /// It takes connections and says nothing.
    Silent,
    /// It takes connections and closes them at once.
    Closes,
    /// It speaks something else.
    NotModbus(&'static str),
    /// It was not knocked at, because the gateway uses it.
    LeftAlone,
}

impl DoorState {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Answers(_) => "answers",
            Self::Refused => "refused",
            Self::NoWay(_) => "no_way",
            Self::Silent => "silent",
            Self::Closes => "closes",
            Self::NotModbus(_) => "not_modbus",
            Self::LeftAlone => "left_alone",
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Answers(units) => text!("{units} 个站号有应答", "{units} units answer"),
            Self::Refused => Text::new("拒绝连接", "connection refused"),
            Self::NoWay(why) => text!("连不上：{why}", "not reached: {why}"),
            Self::Silent => Text::new(
                "没有应答：站号不对、串口参数不对，或并非 Modbus",
                "nothing answers: other units, other line settings, or no Modbus",
            ),
            Self::Closes => Text::new(
                "连上即被断开：唯一的连接可能已被占用",
                "it closes every connection: its only one may be taken",
            ),
            Self::NotModbus(what) => {
                text!("不是 Modbus，是 {what}", "it speaks {what}, not Modbus")
            }
            Self::LeftAlone => Text::new("未扫描", "left alone"),
        }
    }
}

/// A door and what is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorSeen {
    /// `host:port`, or the serial port.
    pub door: String,
    /// What it turned out to be.
    pub state: DoorState,
    /// What a person should know.
    pub notes: Vec<Text>,
}

impl DoorSeen {
    pub(super) fn new(door: &str, state: DoorState) -> Self {
        Self { door: door.to_owned(), state, notes: Vec::new() }
    }
}

/// All that was found.
#[derive(Debug, Clone, Default)]
pub struct ScanReport {
    /// The devices, by door and unit.
    pub devices: Vec<Finding>,
    /// The doors that opened, and those that were asked for by name and did not.
    pub doors: Vec<DoorSeen>,
    /// All was asked; otherwise it was stopped, or its time was over.
    pub whole: bool,
}
