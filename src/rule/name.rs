//! What conditions can speak of: points, facts of the device, its surroundings, and questions about
//! a span of time or about siblings.

use crate::model::{Vocabulary, near, standard_point, standard_point_names};
use crate::source::mqtt::Refusal;

use super::unit::Unit;

/// What kind of thing an expression is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    YesNo,
    Number(Unit),
    /// A word of an enumeration; as a literal, a word of none in particular.
    Word(Option<&'static Vocabulary>),
}

/// What the device is found to be, with reasons in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Silent when it should speak.
    Offline,
    /// It reports fault codes, or stopped with a fault.
    Faulted,
    /// An inverter that answers and makes nothing, while most of its siblings do.
    Idle,
    /// A counter of energy was reset, swapped, stepped back or read nonsense.
    CounterChanged,
    /// It reports a fault that its profile calls critical: an arc, a residual current.
    Dangerous,
}

impl Fact {
    const ALL: [(&'static str, Self); 5] = [
        ("offline", Self::Offline),
        ("faulted", Self::Faulted),
        ("idle", Self::Idle),
        ("counter_changed", Self::CounterChanged),
        ("dangerous", Self::Dangerous),
    ];
}

/// Where and when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Elevation of the sun, degrees.
    SunDeg,
    /// The zone serves now.
    Open,
    /// For so long the zone has served today, hours.
    OpenForH,
    /// Local time of day, hours.
    TimeOfDayH,
    /// Nameplate of the device, W.
    RatedW,
    /// AC power by nameplate.
    PowerShare,
    /// The strongest light that a weather station of the site measures, W/m².
    IrradianceWm2,
    /// What an inverter made yesterday by its nameplate, hours of full power.
    YieldYesterdayH,
    /// What is declared to the grid company for a meter, W.
    DeclaredDemandW,
}

impl Setting {
    const ALL: [(&'static str, Self); 9] = [
        ("sun_deg", Self::SunDeg),
        ("open", Self::Open),
        ("open_for_h", Self::OpenForH),
        ("time_of_day_h", Self::TimeOfDayH),
        ("rated_w", Self::RatedW),
        ("power_share", Self::PowerShare),
        ("irradiance_wm2", Self::IrradianceWm2),
        ("yield_yesterday_h", Self::YieldYesterdayH),
        ("declared_demand_w", Self::DeclaredDemandW),
    ];

    const fn kind(self) -> Kind {
        match self {
            Self::Open => Kind::YesNo,
            Self::SunDeg => Kind::Number(Unit::Of("°")),
            Self::OpenForH | Self::TimeOfDayH | Self::YieldYesterdayH => {
                Kind::Number(Unit::Of("h"))
            }
            Self::RatedW | Self::DeclaredDemandW => Kind::Number(Unit::Of("W")),
            Self::PowerShare => Kind::Number(Unit::Bare),
            Self::IrradianceWm2 => Kind::Number(Unit::Of("W/m²")),
        }
    }
}

/// A point, or a number made of points that siblings have as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// A point by its name.
    Point(String),
    /// AC power by nameplate.
    PowerShare,
    /// The point that is judged, of several.
    Value,
    /// What was made yesterday by nameplate, hours of full power.
    YieldYesterday,
}

/// What happened in a span of time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Over {
    /// The time-weighted mean.
    Mean,
    /// The smallest value.
    Lowest,
    /// The largest value.
    Highest,
    /// By how much the value grew.
    Change,
    /// The largest value that was seen, however little of the span is known.
    Peak,
}

impl Over {
    const ALL: [(&'static str, Self); 5] = [
        ("mean", Self::Mean),
        ("lowest", Self::Lowest),
        ("highest", Self::Highest),
        ("change", Self::Change),
        ("peak", Self::Peak),
    ];
}

/// What the siblings do: machines of the same kind in the same zone (or else of the site) that speak
/// and have no fault, without the device itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Among {
    /// The middle one.
    Median,
    /// The highest.
    Best,
}

/// What all parts of a rule on one device say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Together {
    /// The middle one.
    Median,
    /// The highest.
    Highest,
    /// The lowest.
    Lowest,
    /// Standard deviation by mean, percent.
    SpreadPercent,
    /// The middle one of those that carry something: inputs that are not used, or dead, are left out.
    CarryingMedian,
    /// Standard deviation by mean of those that carry something, percent.
    CarryingSpreadPercent,
    /// How many there are.
    Count,
}

impl Together {
    const ALL: [(&'static str, Self); 7] = [
        ("median", Self::Median),
        ("highest", Self::Highest),
        ("lowest", Self::Lowest),
        ("carrying_median", Self::CarryingMedian),
        ("carrying_spread_percent", Self::CarryingSpreadPercent),
        ("spread_percent", Self::SpreadPercent),
        ("count", Self::Count),
    ];
}

/// Something that a condition speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The last value of a point.
    Point(String),
    /// The last value of the point that is judged, of several.
    Value,
    /// A fact of the device.
    Fact(Fact),
    /// Where and when it is.
    Setting(Setting),
    /// Whether a point has a value.
    Known(String),
    /// For so long the point has had its value, hours.
    HeldH(String),
    /// A number over a span, milliseconds.
    Over(Over, Measure, i64),
    /// Hours of a span, milliseconds, in which the point said this word.
    TimeInH(String, String, i64),
    /// What siblings do.
    Siblings(Among, Measure),
    /// How many siblings there are.
    SiblingsCount,
    /// How many siblings say this word, or have said anything where it is empty.
    SiblingsSaying(String, String),
    /// All parts of the rule together.
    Parts(Together),
    /// Messages were refused for one of these reasons.
    Refused(Vec<Refusal>),
}

impl Name {
    /// The span that it looks back, and what it looks at.
    pub(super) fn span(&self) -> Option<(Measure, i64)> {
        match self {
            Self::Over(_, measure, span_ms) => Some((measure.clone(), *span_ms)),
            Self::TimeInH(point, _, span_ms) => Some((Measure::Point(point.clone()), *span_ms)),
            _ => None,
        }
    }
}

/// The name that a bare word stands for, and its kind. `value` is that of the rule's own points.
pub(super) fn of_word(word: &str, value: Option<Kind>) -> Option<(Name, Kind)> {
    if word == "value" {
        return value.map(|kind| (Name::Value, kind));
    }
    if let Some((_, fact)) = Fact::ALL.iter().find(|(name, _)| *name == word) {
        return Some((Name::Fact(*fact), Kind::YesNo));
    }
    if let Some((_, setting)) = Setting::ALL.iter().find(|(name, _)| *name == word) {
        return Some((Name::Setting(*setting), setting.kind()));
    }
    Some((Name::Point(word.to_owned()), point_kind(word)?))
}

/// What the last value of a point is.
pub(super) fn point_kind(point: &str) -> Option<Kind> {
    if point.starts_with("vendor_") {
        return Some(Kind::Number(Unit::Mixed));
    }
    let standard = standard_point(point)?;
    Some(match standard.words {
        Some(words) => Kind::Word(Some(words)),
        None if matches!(point, "online" | "screen_on" | "lights_on") => Kind::YesNo,
        None if TEXTS.contains(&point) => return None,
        None if standard.unit.is_empty() => Kind::Number(Unit::Bare),
        None => Kind::Number(Unit::Of(standard.unit)),
    })
}

/// Points that are no numbers: nothing can be asked of them here.
const TEXTS: [&str; 6] =
    ["fault", "serial_number", "model_name", "manufacturer", "firmware", "app_version"];

/// The functions that conditions may call, as they are written.
pub(super) const FUNCTIONS: [&str; 23] = [
    "abs(x)",
    "known(point)",
    "held_h(point)",
    "mean(point, \"10m\")",
    "lowest(point, \"10m\")",
    "highest(point, \"10m\")",
    "change(point, \"1h\")",
    "peak(point, \"7d\")",
    "time_in_h(point, \"word\", \"1h\")",
    "siblings.median(point)",
    "siblings.best(point)",
    "siblings.count()",
    "siblings.count(point)",
    "siblings.count(point, \"word\")",
    "parts.median()",
    "parts.highest()",
    "parts.lowest()",
    "parts.carrying_median()",
    "parts.carrying_spread_percent()",
    "parts.spread_percent()",
    "parts.count()",
    "refused(\"reason\")",
    "x in [\"a\", \"b\"]",
];

/// All words that stand alone, points included.
pub(super) fn words() -> impl Iterator<Item = &'static str> + Clone {
    let facts = Fact::ALL.iter().map(|(name, _)| *name);
    let settings = Setting::ALL.iter().map(|(name, _)| *name);
    let points: Vec<&'static str> = standard_point_names().collect();
    facts.chain(settings).chain(["value", "true", "false"]).chain(points)
}

/// A word that was probably meant.
pub(super) fn nearest(word: &str) -> Option<String> {
    let near = near::nearest(word, words().filter(|known| !known.contains('{')));
    near.map(str::to_owned).or_else(|| crate::model::nearest_point(word))
}

pub(super) fn over(name: &str) -> Option<Over> {
    Over::ALL.iter().find(|(known, _)| *known == name).map(|(_, over)| *over)
}

pub(super) fn together(name: &str) -> Option<Together> {
    Together::ALL.iter().find(|(known, _)| *known == name).map(|(_, together)| *together)
}

/// Whose reach a number has, as [`super::unit::reach`] knows it.
pub(super) fn reach_name(name: &Name) -> Option<&str> {
    match name {
        Name::Point(point)
        | Name::Siblings(_, Measure::Point(point))
        | Name::Over(
            Over::Mean | Over::Lowest | Over::Highest | Over::Peak,
            Measure::Point(point),
            _,
        ) => Some(point),
        Name::Value => Some("value"),
        Name::Setting(setting) => {
            Setting::ALL.iter().find(|(_, known)| known == setting).map(|(name, _)| *name)
        }
        _ => None,
    }
}
