//! A first profile for a device that no profile knows, full of remarks.

use crate::profile::{Function, Number, WordOrder};

use super::{Detected, Guess, What, function_word};

/// From this share on a point stands in the draft; others stand in comments.
const SHARE_MIN: f64 = 0.5;

/// The head of a draft.
#[derive(Debug, Clone)]
pub struct DraftHead {
    /// Id of the profile.
    pub id: String,
    /// Unit id that was asked.
    pub unit: u8,
    /// Which registers.
    pub function: Function,
    /// Where it was read, for the `source`.
    pub source: String,
    /// Longest read that worked.
    pub registers_per_read: u16,
}

/// The draft as TOML, which `hallwatch profiles --folder` accepts.
#[must_use]
pub fn draft_profile(head: &DraftHead, detected: &Detected) -> String {
    let mut out = String::new();
    let order = match detected.order.0 {
        WordOrder::HighFirst => "high_first",
        WordOrder::LowFirst => "low_first",
    };
    let source = head.source.replace(['"', '\\', '\n'], " ");
    let DraftHead { id, unit, function, registers_per_read, .. } = head;
    let function = function_word(*function);
    let share = 100.0 * detected.order.1;
    out.push_str(&format!("# 由 hallwatch detect 猜测的草稿：逐点对照设备屏幕，改名、改比例，删去不要的。\n\
         # A draft guessed by hallwatch detect: compare each point with the device's display, rename,\n\
         # rescale, and remove what is not wanted.\n\
         id = \"{id}\"\n\
         # kind = \"inverter\"  # 或 or meter, weather\n\
         vendor = \"unknown\"\n\
         name = {{ zh = \"未知设备（草稿）\", en = \"unknown device (draft)\" }}\n\
         source = \"{source}\"\n\
         interval_s = 10\n\n\
         [[caveat]]\n\
         zh = \"自动猜测，未经核对。\"\n\
         en = \"Guessed by a program and not checked.\"\n\n\
         [bus]\n\
         unit = {unit}\n\
         registers_per_read_max = {registers_per_read}\n\
         word_order = \"{order}\"  # {share:.0} %\n\n"));
    marker(&mut out, function, detected);
    out.push_str(&format!(
        "[[table]]\nid = \"detected\"\nfunction = \"{function}\"\nsource = \"{source}\"\n"
    ));
    let mut names = Names::default();
    for place in &detected.places {
        let Some(best) = place.guesses.first() else { continue };
        point(&mut out, best, &mut names);
    }
    out
}

/// A profile is recognised by something: the surest quantity with a known range.
fn marker(out: &mut String, function: &str, detected: &Detected) {
    let best = detected.places.iter().filter_map(|place| place.guesses.first());
    let ranged = best.filter_map(|guess| Some((guess, range(guess.what)?)));
    let surest = ranged.max_by(|(a, _), (b, _)| a.score.total_cmp(&b.score));
    let (address, number, scale, (least, most)) = match surest {
        Some((guess, range)) => (guess.start, guess.form.number, scale(guess.exponent), range),
        None => {
            let first = detected.places.first().map_or(0, |place| place.start);
            (first, Number::U16, "1".to_owned(), (0.0, 65_535.0))
        }
    };
    let kind = type_word(number);
    out.push_str(&format!(
        "[[marker]]\nfunction = \"{function}\"\naddress = {address}\ntype = \"{kind}\"\n\
         scale = {scale}\nmin = {least:.1}\nmax = {most:.1}\n\n"
    ));
}

const fn range(what: What) -> Option<(f64, f64)> {
    match what {
        What::Frequency => Some((45.0, 65.0)),
        What::PhaseVoltage => Some((100.0, 300.0)),
        What::LineVoltage => Some((200.0, 500.0)),
        _ => None,
    }
}

fn point(out: &mut String, guess: &Guess, names: &mut Names) {
    let why: Vec<&str> = guess.why.iter().map(|why| &*why.en).collect();
    let share = 100.0 * guess.share;
    let shown = match (&guess.text, guess.value) {
        (Some(text), _) => format!("{text:?}"),
        (None, Some(value)) => format!("{value}"),
        (None, None) => "-".to_owned(),
    };
    let zh = guess.what.text().zh;
    let en = guess.what.text().en;
    let remark = format!("{zh} / {en}: {shown}, {share:.0} %. {}", why.join("; "));
    let remark = remark.replace(|c: char| c.is_control(), " ");
    let worth = guess.share >= SHARE_MIN && !matches!(guess.what, What::Unknown | What::Missing);
    let zero = guess.value == Some(0.0);
    if guess.what == What::Missing || (guess.what == What::Unknown && zero) {
        return;
    }
    let sign = if worth { "" } else { "# " };
    let name = names.of(guess);
    let kind = type_word(guess.form.number);
    let mut lines = vec![
        "[[table.point]]".to_owned(),
        format!("name = \"{name}\""),
        format!("address = {}", guess.start),
        format!("type = \"{kind}\""),
    ];
    if let Number::String(words) = guess.form.number {
        lines.push(format!("words = {words}"));
    } else if guess.exponent != 0 {
        lines.push(format!("scale = {}", scale(guess.exponent)));
    }
    out.push_str(&format!("\n# {remark}\n"));
    for line in lines {
        out.push_str(&format!("{sign}{line}"));
        out.push('\n');
    }
}

/// Names that are given once: the first of a kind gets the standard one.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn of(&mut self, guess: &Guess) -> String {
        let start = guess.start;
        let standard: &[&str] = match guess.what {
            What::Frequency => &["grid_freq_hz"],
            What::PhaseVoltage => &["phase_a_voltage_v", "phase_b_voltage_v", "phase_c_voltage_v"],
            What::LineVoltage => &["line_ab_voltage_v", "line_bc_voltage_v", "line_ca_voltage_v"],
            What::Current => &["phase_a_current_a", "phase_b_current_a", "phase_c_current_a"],
            What::DcPower => &["dc_power_w"],
            _ => &[],
        };
        let free = standard.iter().find(|name| !self.0.iter().any(|used| used == *name));
        let unit = match guess.what {
            What::Frequency => "_hz",
            What::PhaseVoltage | What::LineVoltage | What::DcVoltage => "_v",
            What::Current | What::DcCurrent => "_a",
            What::Power | What::DcPower => "_w",
            What::Temperature => "_c",
            _ => "",
        };
        let name = free.map_or_else(|| format!("vendor_{start}{unit}"), ToString::to_string);
        self.0.push(name.clone());
        name
    }
}

fn scale(exponent: i8) -> String {
    match exponent {
        0.. => format!("1{}", "0".repeat(usize::from(exponent.unsigned_abs()))),
        _ => format!("0.{}1", "0".repeat(usize::from(exponent.unsigned_abs()) - 1)),
    }
}

/// The word for a type in profiles.
#[must_use]
pub(super) const fn type_word(number: Number) -> &'static str {
    match number {
        Number::U16 => "u16",
        Number::I16 => "i16",
        Number::U32 => "u32",
        Number::I32 => "i32",
        Number::U64 | Number::Acc64 | Number::Bits(_) | Number::Address(_) => "u64",
        Number::I64 => "i64",
        Number::F32 => "f32",
        Number::F64 => "f64",
        Number::String(_) => "string",
    }
}
