//! Marks by which a family of devices is recognised: registers to read, and what they hold there.

use toml::Spanned;

use crate::model::{Decimal, text};

use super::checker::Checker;
use super::file::MarkerFile;
use super::register::{Function, Number, WordOrder};
use super::tables::{function_of, number_of, order_of, register};

/// What a mark looks like.
#[derive(Debug, Clone, PartialEq)]
pub enum Sign {
    /// A text that begins with one of these.
    StartsWith(Vec<String>),
    /// One of these numbers, before any scale.
    OneOf(Vec<i64>),
    /// A number between these two, both included, after the scale.
    Within {
        /// Smallest.
        min: Option<f64>,
        /// Largest.
        max: Option<f64>,
    },
}

/// One mark of a family of devices.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// How it is read.
    pub function: Function,
    /// First register, as sent on the wire.
    pub address: u16,
    /// How the words become a number or a text.
    pub number: Number,
    /// Order of the words.
    pub order: WordOrder,
    /// Multiplier in front of [`Sign::Within`].
    pub scale: Decimal,
    /// What the family has there.
    pub sign: Sign,
    /// It alone proves the family; others make it more likely.
    pub certain: bool,
}

impl Marker {
    /// Registers to read.
    #[must_use]
    pub const fn count(&self) -> u16 {
        self.number.words()
    }

    /// Whether the registers from [`Marker::address`] on bear the mark.
    #[must_use]
    pub fn matches(&self, words: &[u16]) -> bool {
        let Some(words) = words.get(..usize::from(self.count())) else { return false };
        match &self.sign {
            Sign::StartsWith(starts) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
                let text = bytes.trim_ascii_start();
                starts.iter().any(|start| text.starts_with(start.as_bytes()))
            }
            Sign::OneOf(numbers) => {
                let raw = self.number.whole(self.order.join(words));
                raw.is_some_and(|raw| numbers.contains(&raw))
            }
            Sign::Within { min, max } => {
                let value = self.number.float(self.order.join(words)) * self.scale.to_f64();
                value.is_finite()
                    && min.is_none_or(|min| value >= min)
                    && max.is_none_or(|max| value <= max)
            }
        }
    }
}

/// Checks one `[[marker]]`.
pub(super) fn marker_of(
    check: &mut Checker,
    file: &MarkerFile,
    order: WordOrder,
) -> Option<Marker> {
    let function = function_of(check, &file.function)?;
    let number = number_of(check, &file.number, file.words.as_ref(), "marker")?;
    let address = register(check, &file.address)?;
    if u32::from(address) + u32::from(number.words()) > 0x1_0000 {
        let problem = text!("标记超出了寄存器 65535", "the marker ends after register 65535");
        check.at(file.address.span().start, problem, text!("检查地址", "check the address"));
    }
    let scale = check.scale(file.scale.as_ref());
    let order = order_of(check, file.word_order.as_ref(), order);
    let sign = sign_of(check, file, number)?;
    Some(Marker { function, address, number, order, scale, sign, certain: file.certain })
}

fn sign_of(check: &mut Checker, file: &MarkerFile, number: Number) -> Option<Sign> {
    let within = file.min.is_some() || file.max.is_some();
    let ways = usize::from(file.starts_with.is_some())
        + usize::from(file.one_of.is_some())
        + usize::from(within);
    if ways != 1 {
        let problem =
            text!("标记写了 {ways} 种特征", "the marker says {ways} ways to be recognised");
        let hint = text!(
            "`starts_with`、`one_of`、`min`/`max` 三者只写一种",
            "give exactly one of `starts_with`, `one_of`, `min`/`max`",
        );
        check.at(file.address.span().start, problem, hint);
        return None;
    }
    let written = file.number.get_ref();
    let is_text = matches!(number, Number::String(_));
    let is_float = matches!(number, Number::F32 | Number::F64);
    if let Some(starts) = &file.starts_with {
        if !is_text {
            unfit(check, starts, "starts_with", written, "string");
        }
        not_empty(check, starts, "starts_with", starts.get_ref().is_empty());
        not_empty(check, starts, "starts_with", starts.get_ref().iter().any(String::is_empty));
        return Some(Sign::StartsWith(starts.get_ref().clone()));
    }
    if let Some(numbers) = &file.one_of {
        if is_text || is_float {
            unfit(check, numbers, "one_of", written, "u16 i16 u32 i32 u64 i64");
        }
        not_empty(check, numbers, "one_of", numbers.get_ref().is_empty());
        return Some(Sign::OneOf(numbers.get_ref().clone()));
    }
    let place = file.min.as_ref().or(file.max.as_ref())?;
    if is_text {
        unfit(check, place, "min/max", written, "u16 i16 u32 i32 u64 i64 f32 f64");
    }
    let min = file.min.as_ref().map(|min| *min.get_ref());
    let max = file.max.as_ref().map(|max| *max.get_ref());
    let finite = |bound: Option<f64>| bound.is_none_or(|b| Decimal::as_written(b).is_some());
    if !finite(min) || !finite(max) || matches!((min, max), (Some(min), Some(max)) if min > max) {
        let show = |bound: Option<f64>| bound.map_or_else(String::new, |b| b.to_string());
        let problem = text!(
            "`{}` 到 `{}` 之间没有数",
            "nothing lies between `{}` and `{}`",
            show(min),
            show(max),
        );
        check.at(
            place.span().start,
            problem,
            text!("`min` 应不大于 `max`", "`min` is the smaller"),
        );
    }
    Some(Sign::Within { min, max })
}

fn unfit<T>(check: &mut Checker, place: &Spanned<T>, key: &str, written: &str, fits: &str) {
    let problem =
        text!("`{key}` 不能用于类型 `{written}`", "`{key}` does not go with type `{written}`");
    let hint = text!("`{key}` 用于类型 {fits}", "`{key}` goes with type {fits}");
    check.at(place.span().start, problem, hint);
}

fn not_empty<T>(check: &mut Checker, place: &Spanned<T>, key: &str, empty: bool) {
    if empty {
        let problem = text!("`{key}` 是空的", "`{key}` is empty");
        let hint = text!("至少写一项，且不为空", "write at least one, and no empty text");
        check.at(place.span().start, problem, hint);
    }
}

#[cfg(test)]
mod tests {
    use super::super::compile::tests::{compiled, mistakes};
    use super::*;

    fn marker(body: &str) -> Marker {
        let profile = compiled(&format!("[[marker]]\n{body}\n"));
        profile.markers.into_iter().next().expect("a marker")
    }

    #[test]
    fn a_text_is_recognised_by_its_start() {
        let model = marker(
            "function = \"holding\"\naddress = 30000\ntype = \"string\"\nwords = 4\n\
             starts_with = [\"SUN2000\", \"SUN5000\"]\ncertain = true",
        );
        assert!(model.certain);
        assert_eq!(model.count(), 4);
        // "SUN2000-" and "SUN3000-" in ASCII
        assert!(model.matches(&[0x5355, 0x4E32, 0x3030, 0x302D]));
        assert!(!model.matches(&[0x5355, 0x4E33, 0x3030, 0x302D]));
        assert!(!model.matches(&[0x5355, 0x4E32, 0x3030]), "too short an answer proves nothing");
    }

    #[test]
    fn a_number_is_recognised_before_its_scale_and_a_range_after_it() {
        let kind =
            marker("function = \"input\"\naddress = 1\ntype = \"i16\"\none_of = [0x100, -2]");
        assert_eq!((kind.function, kind.certain), (Function::Input, false));
        assert!(kind.matches(&[0x100]) && kind.matches(&[0xFFFE]));
        assert!(!kind.matches(&[2]));
        let hz = marker(
            "function = \"holding\"\naddress = 1\ntype = \"u16\"\nscale = 0.01\nmin = 45\nmax = 65",
        );
        assert!(hz.matches(&[5000]) && hz.matches(&[4500]) && hz.matches(&[6500]));
        assert!(!hz.matches(&[4499]) && !hz.matches(&[6501]));
        let volts =
            marker("function = \"input\"\naddress = 0\ntype = \"f32\"\nmin = 80\nmax = 300");
        // 228.7 and a NaN; the swapped words of 228.7 are a tiny negative number.
        assert!(volts.matches(&[0x4364, 0xB333]));
        assert!(!volts.matches(&[0x7FC0, 0x0000]) && !volts.matches(&[0xB333, 0x4364]));
        let low = marker(
            "function = \"input\"\naddress = 0\ntype = \"u32\"\nword_order = \"low_first\"\nmin = 65536",
        );
        assert!(low.matches(&[0, 1]) && !low.matches(&[1, 0]));
    }

    #[test]
    fn a_marker_that_says_nothing_is_a_mistake() {
        let found = mistakes("[[marker]]\nfunction = \"holding\"\naddress = 1\ntype = \"u16\"\n");
        assert_eq!(found, ["the marker says 0 ways to be recognised"]);
        let found = mistakes(
            "[[marker]]\nfunction = \"coil\"\naddress = 1\ntype = \"u16\"\none_of = [1]\n\
             [[marker]]\nfunction = \"input\"\naddress = 65535\ntype = \"u32\"\nmin = 5\nmax = 4\n\
             [[marker]]\nfunction = \"input\"\naddress = 1\ntype = \"u16\"\nstarts_with = [\"\"]\n\
             [[marker]]\nfunction = \"input\"\naddress = 1\ntype = \"f32\"\none_of = []\n",
        );
        assert_eq!(
            found,
            [
                "unknown function `coil`",
                "the marker ends after register 65535",
                "nothing lies between `5` and `4`",
                "`starts_with` does not go with type `u16`",
                "`starts_with` is empty",
                "`one_of` does not go with type `f32`",
                "`one_of` is empty",
            ]
        );
    }
}
