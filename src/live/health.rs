//! How a device is, judged from what it said, how long ago, where the sun is, and what the other
//! inverters and the devices of its line do.
//!
//! An inverter that falls silent after sunset sleeps; one that falls silent at noon is offline,
//! and stays so through the night. What decides is the sun now, the sun when it was last heard,
//! its own ramp-down, and its siblings: nobody sleeps while most of them produce, and who stopped
//! in fading light with all of them does not count as lost.

use crate::model::{DeviceKind, LinkFault, LinkState, Severity, Text, text};

use super::board::{Board, DeviceLive};
use super::limits::{EVENING_ELEVATION_DEG, MORNING_ELEVATION_DEG, WAKE_MS};
use super::peers::{Peers, Siblings, Voice};
use super::serving::Serving;

/// How a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HealthState {
    /// All is well.
    Ok,
    /// Works, with something missing.
    Degraded,
    /// Does not do what it is for.
    Fault,
    /// An inverter without sun.
    Asleep,
    /// Silent when it should not be.
    Offline,
    /// Somebody works on it.
    Maintenance,
    /// Nothing heard yet since the start.
    Waiting,
}

impl HealthState {
    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Fault => "fault",
            Self::Asleep => "asleep",
            Self::Offline => "offline",
            Self::Maintenance => "maintenance",
            Self::Waiting => "waiting",
        }
    }
}

/// What a state is about. The words of a reason hold figures that change by the minute; this does
/// not, so that an alert is not told anew for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// All is well.
    Well,
    /// What the device says of itself.
    Spoken,
    /// Somebody works on it.
    Maintenance,
    /// Rests without sun.
    Night,
    /// Rests or is silent in poor light, like its siblings.
    LikeSiblings,
    /// Rests in sunlight, as far as is known alone.
    RestsInSun,
    /// Produces nothing while its siblings do.
    Idle,
    /// Not heard yet.
    Unheard,
    /// The broker said that it is gone.
    LastWill,
    /// Silent, and so is everybody on its line.
    LineSilent,
    /// Silent, while others on its line answer.
    AloneSilent,
    /// Silent, while its siblings are awake.
    SiblingsAwake,
    /// Silent.
    Silent,
}

/// How a device is, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The state.
    pub state: HealthState,
    /// What it is about.
    pub why: Why,
    /// One sentence, unless all is well.
    pub reason: Option<Text>,
    /// The reason without the time that passes, where that makes a difference: for messages, which
    /// are read later.
    lasting: Option<Text>,
    /// The device has not spoken for too long: what it said last may no longer hold.
    pub silent: bool,
}

impl Health {
    pub(super) const fn because(state: HealthState, why: Why, reason: Text) -> Self {
        Self { state, why, reason: Some(reason), lasting: None, silent: false }
    }

    /// With words for messages.
    pub(super) fn lasting(self, lasting: Text) -> Self {
        Self { lasting: Some(lasting), ..self }
    }

    const OK: Self =
        Self { state: HealthState::Ok, why: Why::Well, reason: None, lasting: None, silent: false };

    /// The reason in words that stay true: without "for 5 minutes".
    #[must_use]
    pub fn cause(&self) -> Option<&Text> {
        self.lasting.as_ref().or(self.reason.as_ref())
    }
}

impl Board {
    /// How a device is, in a look at the hall that [`Board::peers`] took.
    #[must_use]
    pub fn health(&self, live: &DeviceLive, peers: &Peers) -> Health {
        if live.device.kind == DeviceKind::Gateway {
            return Health::OK;
        }
        // What the broker said since the start counts; before that, what the device said last.
        let lost = match &live.link {
            Some(LinkState::Down { fault, .. }) => *fault == LinkFault::LastWill,
            Some(LinkState::Up) => false,
            None => live.number("online") == Some(0.0),
        };
        if lost {
            let text = LinkFault::LastWill.text();
            let gone = Health::because(HealthState::Offline, Why::LastWill, text);
            return Health { silent: true, ..gone };
        }
        match live.voice(self.listening_since, peers.now) {
            Voice::Silent => Health { silent: true, ..self.silent(live, peers) },
            Voice::Unknown => {
                let reason = Text::new(
                    "刚刚启动，等待第一次应答",
                    "just started, waiting for the first answer",
                );
                Health::because(HealthState::Waiting, Why::Unheard, reason)
            }
            Voice::Speaks if live.device.kind == DeviceKind::Inverter => inverter(live, peers),
            Voice::Speaks => spoken(live),
        }
    }
}

/// An inverter that answers: broken, at rest, or at work.
fn inverter(live: &DeviceLive, peers: &Peers) -> Health {
    let spoken = spoken(live);
    let (resting, producing) = (live.resting(), live.output.is_none_or(|output| output.producing));
    let troubled = matches!(spoken.state, HealthState::Fault | HealthState::Maintenance);
    if troubled || !resting && producing {
        return spoken;
    }
    let siblings = peers.siblings(&live.device, Voice::Speaks);
    if siblings.strong() && !producing {
        return idle(live, peers, &siblings, resting);
    }
    if spoken.state != HealthState::Ok || !resting {
        return spoken;
    }
    if peers.sun_deg < EVENING_ELEVATION_DEG {
        let reason = Text::new("没有阳光，待机休眠", "no sun, at rest");
        return Health::because(HealthState::Asleep, Why::Night, reason);
    }
    let others = siblings.others;
    if siblings.none_produces() && peers.sun_deg < MORNING_ELEVATION_DEG {
        let reason = text!(
            "光照不足，与同组其余 {others} 台一样待机",
            "too little light: at rest like its {others} siblings",
        );
        return Health::because(HealthState::Asleep, Why::LikeSiblings, reason);
    }
    let reason = if siblings.none_produces() {
        text!(
            "有阳光但自报停机或待机，同组其余 {others} 台也不发电：查电网、积雪和限电指令",
            "at rest by its own word, in sunlight, and none of its {others} siblings produces: \
             check grid, snow and power limits",
        )
    } else {
        Text::new("有阳光但设备自报停机或待机", "at rest by its own word, in sunlight")
    };
    Health::because(HealthState::Degraded, Why::RestsInSun, reason)
}

/// Makes nothing while its siblings do: told at once, and a fault when it lasts longer than any
/// start takes.
fn idle(live: &DeviceLive, peers: &Peers, siblings: &Siblings<'_>, resting: bool) -> Health {
    let Text { zh, en } = siblings.making();
    let limited = live.number("power_limit_percent") == Some(0.0);
    let reason = match (limited, resting) {
        (true, _) => {
            text!("被限功率至 0%：{zh}", "its power is limited to 0 %, while {en}")
        }
        (_, true) => text!(
            "能通讯，但自报停机或待机：{zh}",
            "answers, but is at rest by its own word while {en}",
        ),
        _ => text!("能通讯，但不发电：{zh}", "answers, but produces nothing while {en}"),
    };
    let long = live.output.is_some_and(|output| peers.now.since_ms(output.since) >= WAKE_MS);
    let state = match long && siblings.up() {
        true => HealthState::Fault,
        false => HealthState::Degraded,
    };
    Health::because(state, Why::Idle, reason)
}

/// A machine that has several services is as good as those that are left; a part that none of them
/// needs hurts nobody. `None` where its own words say it all.
fn by_services(serving: &Serving, worst: Option<&(Severity, Text)>) -> Option<Health> {
    let reason = serving.reason.clone();
    // A break-in or a pressed alarm comes before all that does not work.
    if worst.is_some_and(|(severity, _)| *severity == Severity::Critical) {
        return None;
    }
    if serving.none_left() {
        let reason = reason.unwrap_or_else(|| Text::new("停止服务", "out of service"));
        return Some(Health::because(HealthState::Fault, Why::Spoken, reason));
    }
    if let Some(Text { zh, en }) = reason {
        let join = |pick: fn(&Text) -> &str, stop: &str| {
            serving.hurt.iter().map(pick).collect::<Vec<_>>().join(stop)
        };
        let (hurt_zh, hurt_en) = (join(|t| &t.zh, "、"), join(|t| &t.en, ", "));
        let reason = text!("{zh}，{hurt_zh}不可用", "{en}: no {hurt_en}");
        return Some(Health::because(HealthState::Degraded, Why::Spoken, reason));
    }
    // Somebody breaks into it, or it says itself that it is broken.
    let (severity, reason) = worst?;
    let spared = *severity == Severity::Major;
    spared.then(|| Health::because(HealthState::Degraded, Why::Spoken, reason.clone()))
}

/// What the device says of itself: its faults, its state, its parts.
fn spoken(live: &DeviceLive) -> Health {
    if live.word("mode").is_some_and(|word| word.id == "maintenance")
        || live.word("kiosk_state").is_some_and(|word| word.id == "maintenance")
    {
        return Health::because(
            HealthState::Maintenance,
            Why::Maintenance,
            Text::new("维护中", "under maintenance"),
        );
    }
    let mut worst: Option<(Severity, Text)> = None;
    let mut see = |severity: Severity, text: Text| {
        if worst.as_ref().is_none_or(|(seen, _)| severity > *seen) {
            worst = Some((severity, text));
        }
    };
    for (code, fault) in live.faults() {
        let text = Text::new(
            format!("{}（{code}）", fault.text.zh),
            format!("{} ({code})", fault.text.en),
        );
        see(fault.severity, text);
    }
    for (point, word) in live.words() {
        let Some(severity) = word.severity.filter(|severity| *severity > Severity::Info) else {
            continue;
        };
        let Some(standard) = crate::model::standard_point(point.as_str()) else { continue };
        let label = standard.label;
        let text =
            Text::new(format!("{}：{}", label.zh, word.zh), format!("{}: {}", label.en, word.en));
        see(severity, text);
    }
    if let Some(serving) = live.serving()
        && let Some(health) = by_services(&serving, worst.as_ref())
    {
        return health;
    }
    match worst {
        None | Some((Severity::Info, _)) => Health::OK,
        Some((Severity::Minor, reason)) => {
            Health::because(HealthState::Degraded, Why::Spoken, reason)
        }
        Some((_, reason)) => Health::because(HealthState::Fault, Why::Spoken, reason),
    }
}
