//! The thresholds by which an inverter's silence or idleness is judged, each with its reason.

/// Below this elevation of a rising sun inverters may still be silent: under 5° a module sees
/// diffuse light only and most inverters have not reached their start voltage.
pub(super) const COMMUNICATION_ELEVATION_DEG: f64 = 5.0;
/// Below this elevation of a setting sun they may be silent already: they stop at a higher sun than
/// they start, warm modules give less voltage.
pub(super) const EVENING_ELEVATION_DEG: f64 = 10.0;
/// A device last heard below this elevation fell silent with the evening if it had ramped down or
/// said that it rests. Alone, nothing above it is believed to be sleep.
pub(super) const LATE_AFTERNOON_ELEVATION_DEG: f64 = 20.0;
/// When all siblings ramped down together, the light may fade from a higher sun: heavy cloud and
/// snow. The winter noon of Beijing (26.6°) is below it, the summer's (73°) far above.
pub(super) const FADING_ELEVATION_DEG: f64 = 30.0;
/// Up to this height of the morning's sun a whole group may still sleep: hills, walls, snow, fog.
pub(super) const MORNING_ELEVATION_DEG: f64 = 15.0;
/// Who has been silent for more hours than a night has missed a day: the longest night of Harbin
/// with its dusk and dawn.
pub(super) const NIGHT_HOURS_MAX: i64 = 18;
/// A group that fell asleep in the snow of an afternoon may sleep until the next noon, no longer.
pub(super) const FADING_HOURS_MAX: i64 = 22;
/// The sun is compared over this time to see whether it sets.
pub(super) const SETTING_MS: i64 = 10 * 60 * 1000;

/// Share of the rated power below which an inverter has ramped down before it fell silent.
pub(super) const RAMPED_DOWN: f64 = 0.02;
/// The same for an inverter without a nameplate, watts.
pub(super) const RAMPED_DOWN_W: f64 = 500.0;
/// Share of the rated power from which it produces at all: above night noise and start-up.
pub(super) const PRODUCING: f64 = 0.005;
/// The same for an inverter without a nameplate, watts.
pub(super) const PRODUCING_W: f64 = 50.0;
/// Share at which a sibling has light enough that a healthy inverter beside it answers, whichever
/// way it faces: a roof turned from a low sun still gets a third of it as diffuse light.
pub(super) const AWAKE_FOR_SURE: f64 = 0.05;
/// Share at which a healthy inverter beside it makes at least something.
pub(super) const STRONG: f64 = 0.10;
/// The shares above for a sibling without a nameplate, watts.
pub(super) const AWAKE_FOR_SURE_W: f64 = 1_000.0;
pub(super) const STRONG_W: f64 = 2_000.0;

/// Inverters of one roof wake and tire within this time of each other; more is told. Grid checks
/// before a start take up to 5 minutes, shadows of a parapet some more.
pub(super) const WAKE_MS: i64 = 20 * 60 * 1000;
/// A shorter silence does not end the time for which an inverter has been producing: a logger that
/// restarts, a lost packet.
pub(super) const GAP_MS: i64 = 5 * 60 * 1000;
/// Siblings that ramped down within this time of each other did so for the same light.
pub(super) const TOGETHER_MS: i64 = 90 * 60 * 1000;
/// Devices of one line last heard within this time fell silent at once; slower rhythms have
/// three of their own intervals.
pub(super) const AT_ONCE_MS: i64 = 60 * 1000;

/// An hour.
pub(super) const HOUR_MS: i64 = 3600 * 1000;
