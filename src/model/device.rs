//! The building and what stands in it.

use super::{DeviceId, Text, ZoneId};

/// Where the building is, for the sun and for local days.
#[derive(Debug, Clone)]
pub struct Site {
    /// Tag value of every line sent to InfluxDB.
    pub id: String,
    /// Name of the building.
    pub name: Text,
    /// Degrees north.
    pub latitude_deg: f64,
    /// Degrees east.
    pub longitude_deg: f64,
    /// Metres above the sea.
    pub altitude_m: f64,
    /// Local days and months follow this zone of the tz database.
    pub time_zone: jiff::tz::TimeZone,
}

/// A part of the building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Id used in topics and tags.
    pub id: ZoneId,
    /// Name for people.
    pub name: Text,
    /// Storey: 1 is the ground floor, -1 the first below; `None` where nobody has said.
    pub floor: Option<i16>,
}

/// One device as the configuration has it, whatever it speaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Unique in the building.
    pub id: DeviceId,
    /// Name for people.
    pub name: Text,
    /// Where it stands.
    pub zone: ZoneId,
    /// What it is.
    pub kind: DeviceKind,
    /// Id of the profile that reads it.
    pub profile: String,
    /// Nameplate AC power of an inverter, watts.
    pub rated_power_w: Option<f64>,
    /// Time between two readings when all is well, milliseconds.
    pub interval_ms: i64,
    /// Age from which its values are shown as old, milliseconds.
    pub stale_after_ms: i64,
}

impl Device {
    /// Ten years: the age from which the values of a device are old that speaks only when something
    /// changes. Of such a device the broker tells when it is gone.
    pub const NEVER_STALE_MS: i64 = 10 * 365 * 24 * 3600 * 1000;

    /// Whether its silence says nothing.
    #[must_use]
    pub const fn may_be_silent(&self) -> bool {
        self.stale_after_ms >= Self::NEVER_STALE_MS
    }
}

macro_rules! kinds {
    ($($variant:ident $id:literal $zh:literal $en:literal;)*) => {
        /// What a device is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DeviceKind {
            $(#[doc = $en] $variant,)*
        }

        impl DeviceKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word used in files, topics, tags and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The word for people.
            #[must_use]
            pub fn text(self) -> Text {
                match self { $(Self::$variant => Text::new($zh, $en),)* }
            }
        }
    };
}

kinds! {
    Inverter "inverter" "逆变器" "inverter";
    Meter "meter" "电表" "meter";
    Weather "weather" "气象站" "weather station";
    TicketMachine "ticket_machine" "取号机" "ticket machine";
    HealthCheckMachine "health_check_machine" "驾驶人自助体检机" "health-check machine";
    TaxTerminal "tax_terminal" "智税微厅" "tax micro-hall terminal";
    ApprovalKiosk "approval_kiosk" "秒批秒办终端" "instant-approval kiosk";
    SocialSecurityKiosk "social_security_kiosk" "社保自助机" "social-security kiosk";
    MedicalInsuranceKiosk "medical_insurance_kiosk" "医保自助机" "medical-insurance kiosk";
    Display "display" "大屏" "display";
    Ups "ups" "不间断电源" "UPS";
    CabinetController "cabinet_controller" "门禁与机柜控制器" "door and cabinet controller";
    ZoneController "zone_controller" "24小时区控制器" "24-hour zone controller";
    Gateway "gateway" "采集网关" "gateway";
}

impl DeviceKind {
    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// A machine that serves visitors, or stands behind one that does.
    #[must_use]
    pub const fn is_kiosk(self) -> bool {
        !matches!(self, Self::Inverter | Self::Meter | Self::Weather | Self::Gateway)
    }

    /// The InfluxDB measurement of its readings.
    #[must_use]
    pub const fn measurement(self) -> &'static str {
        match self {
            Self::Inverter => "inverter",
            Self::Meter => "meter",
            Self::Weather => "weather",
            Self::Gateway => "gateway",
            _ => "kiosk",
        }
    }
}
