//! What this room finds wrong: about one machine, or about many at once.

use crate::model::{DeviceId, Severity, Text};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// It starts again and again.
    BootLoop,
    /// It is alive and serves nobody while others of its kind do.
    Idle,
    /// A supply runs out before the next working day is over.
    RunsOut,
    /// All machines of a zone are gone at once.
    ZoneGone,
    /// All devices of a line are silent.
    LineGone,
    /// All devices behind a switch are silent.
    SwitchGone,
    /// The broker is gone, and with it everything that publishes.
    BrokerGone,
    /// Half of a kind cannot reach its back-end.
    BackendGone,
    /// Some of a kind do not serve.
    FewLeft,
    /// Some are not ready before opening.
    NotReady,
    /// The holidays of the next year are not known.
    CalendarMissing,
    /// Nothing can be kept at the moment.
    NothingKept,
    /// A database was damaged; what could be read of it was saved.
    DataDamaged,
    /// A database, or its end, was not there: it begins anew, or goes on from an older state.
    DataMissing,
    /// Blocks of the history were damaged and put aside.
    BlockDamaged,
    /// An InfluxDB takes nothing.
    SinkWaiting,
    /// A channel to people takes nothing.
    ChannelFailing,
    /// A repair takes longer than its contract allows.
    RepairOverdue,
    /// A kind of machines was at hand for too little of the month.
    AvailabilityLow,
    /// A line is asked more than it can carry.
    LineLate,
    /// Machines of several kinds agree that the gateway's clock is wrong.
    ClockOff,
    /// The gateway's clock jumped.
    ClockJumped,
    /// The newest factor of the report is old.
    FactorOld,
    /// The month that is over is not closed, and something stands in the way.
    CloseBlocked,
    /// The energy platform does not get its files.
    ExportFails,
}

impl What {
    /// All, with the words that rules name them by.
    pub const ALL: [(&'static str, Self); 25] = [
        ("boot_loop", Self::BootLoop),
        ("idle", Self::Idle),
        ("runs_out", Self::RunsOut),
        ("zone_gone", Self::ZoneGone),
        ("line_gone", Self::LineGone),
        ("switch_gone", Self::SwitchGone),
        ("broker_gone", Self::BrokerGone),
        ("backend_gone", Self::BackendGone),
        ("few_left", Self::FewLeft),
        ("not_ready", Self::NotReady),
        ("calendar_missing", Self::CalendarMissing),
        ("nothing_kept", Self::NothingKept),
        ("data_damaged", Self::DataDamaged),
        ("data_missing", Self::DataMissing),
        ("block_damaged", Self::BlockDamaged),
        ("sink_waiting", Self::SinkWaiting),
        ("channel_failing", Self::ChannelFailing),
        ("repair_overdue", Self::RepairOverdue),
        ("availability_low", Self::AvailabilityLow),
        ("line_late", Self::LineLate),
        ("clock_off", Self::ClockOff),
        ("clock_jumped", Self::ClockJumped),
        ("factor_old", Self::FactorOld),
        ("close_blocked", Self::CloseBlocked),
        ("export_fails", Self::ExportFails),
    ];

    /// What a finding says for its machines, so that their own alerts about it are not needed.
    #[must_use]
    pub const fn stands_for(self) -> Option<Stands> {
        match self {
            Self::ZoneGone | Self::LineGone | Self::SwitchGone | Self::BrokerGone => {
                Some(Stands::Silence)
            }
            Self::BackendGone => Some(Stands::Rule("KS024")),
            _ => None,
        }
    }
}

/// What one finding says for many machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// That they are silent, by whatever rule.
    Silence,
    /// What this rule says.
    Rule(&'static str),
}

impl Stands {
    /// Whether it says what this rule would say; `offline` when the rule is about silence.
    #[must_use]
    pub fn stands_for(self, rule: &str, offline: bool) -> bool {
        match self {
            Self::Silence => offline,
            Self::Rule(own) => own == rule,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What.
    pub what: What,
    /// The machine, unless it is about several.
    pub device: Option<DeviceId>,
    /// What it is about beside that: a supply, a zone, a kind; fit for an address.
    pub part: String,
    /// How bad, where that depends on what was found.
    pub severity: Option<Severity>,
    /// Words for the texts of the rule.
    pub words: Vec<(&'static str, Text)>,
    /// The machines that it is about.
    pub devices: Vec<(DeviceId, Text)>,
}
