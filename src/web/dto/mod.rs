//! The wire types: what the page is promised. They change with the API, not with the model.

mod alert;
mod bus;
mod channel;
mod detect;
mod device;
mod hall;
mod order;
mod past;
mod proof;
mod registers;
mod report;
mod rule;
mod scan;
mod service;
mod system;

use serde::{Deserialize, Serialize};

use crate::model;

pub(super) use alert::{Alert, Alerts, Silences, Suspects};
pub use bus::{Bus, BusUnit, Buses, Durations, Exceptions, Finding};
pub(super) use channel::{Channel, ChannelsAnswer, WallAnswer};
pub(super) use detect::detected;
pub use device::PointValue;
pub(super) use device::{Device, DeviceAnswer, Devices};
pub(super) use hall::{Hall, LockedHall, Pv};
pub(super) use order::{Figures, Order, Orders, Overdue, Vendor, Vendors};
pub(super) use past::Past;
pub use proof::{Audit, AuditDifference, AuditSink};
pub(super) use proof::{Data, Proof};
pub use registers::{Hole, Model, Plan, Read, Register, Registers, Sunspec};
pub(super) use report::{
    ReportEntry, ReportMeter, ReportMonth, ReportRevision, ReportShown, ReportSignature, Reports,
};
pub(super) use rule::{Noise, Rehearsal, Rules};
pub use scan::scan_report;
pub(super) use service::Service;
pub(super) use system::{Journal, Letter, Letters, Rejected, Sink, Source, System};

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// zh-CN.
    pub zh: String,
    /// en.
    pub en: String,
}

impl From<model::Text> for Text {
    fn from(text: model::Text) -> Self {
        Self { zh: text.zh, en: text.en }
    }
}

impl From<&model::Text> for Text {
    fn from(text: &model::Text) -> Self {
        text.clone().into()
    }
}

/// The beat of the live stream.
#[derive(Debug, Serialize)]
pub(super) struct Tick {
    pub(super) now_ms: i64,
}

/// The first event of a live stream.
#[derive(Debug, Serialize)]
pub(super) struct Hello<'a> {
    pub(super) now_ms: i64,
    pub(super) boot: &'a str,
}
