//! Which profiles fit, how sure that is, and why. Pure: what was read in, a judgement out.

use std::sync::Arc;

use crate::model::{Sample, Text, text};
use crate::profile::{Marker, Profile, Sign};

use super::evidence::{Answer, Marks, Trial};
use super::finding::{Candidate, Sureness};

/// Profiles shown for one device.
const SHOWN_MAX: usize = 4;
/// From here on a judgement is more than possible, or not worth a word.
const LIKELY_FROM: i32 = 60;
const WORTH_FROM: i32 = 25;
/// The middle of nominal grid frequencies, and how far real ones go from it.
const FREQUENCIES_HZ: (f64, f64) = (45.0, 65.0);

/// How the marks of one profile turned out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// A mark that alone proves the family is there.
    pub(super) proven: bool,
    /// Marks that prove something, and are something else.
    disproven: usize,
    fits: usize,
    misfits: usize,
    refused: usize,
    unknown: usize,
}

impl Tally {
    /// Whether the points of the profile should be read: more speaks for it than against it.
    pub(super) const fn is_worth_a_trial(self) -> bool {
        self.proven || (self.fits > 0 && self.fits >= self.misfits + self.disproven + self.refused)
    }
}

/// Counts the marks of a profile.
pub(super) fn tally(markers: &[Marker], marks: &Marks) -> Tally {
    let mut tally = Tally::default();
    for marker in markers {
        match marks.get(marker) {
            Some(Answer::Words(words)) if marker.matches(words) => {
                tally.proven |= marker.certain;
                tally.fits += usize::from(!marker.certain);
            }
            Some(Answer::Words(_)) if marker.certain => tally.disproven += 1,
            Some(Answer::Words(_)) => tally.misfits += 1,
            Some(Answer::Refused) => tally.refused += 1,
            Some(Answer::Silence) | None => tally.unknown += 1,
        }
    }
    tally
}

/// The text of a mark that proves the family: its model.
pub(super) fn model(markers: &[Marker], marks: &Marks) -> Option<String> {
    let of_mark = |marker: &Marker| match (&marker.sign, marks.get(marker)) {
        (Sign::StartsWith(_), Some(Answer::Words(words))) if marker.matches(words) => {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
            Some(text.trim().to_owned())
        }
        _ => None,
    };
    markers.iter().filter(|marker| marker.certain).find_map(of_mark)
}

/// Judges a profile of register tables by its marks, a trial read and what the device says of
/// itself; `None` where it does not fit.
pub(super) fn registers(
    profile: &Arc<Profile>,
    tally: Tally,
    trial: &Trial,
    identification: &[(u8, String)],
) -> Option<Candidate> {
    let sense = sense(&trial.samples);
    let named = names_vendor(profile, identification);
    let mut why = Vec::new();
    let mut score = marks_score(tally, &mut why);
    score += trial_score(trial, &sense, &mut why);
    if let Some(said) = &named {
        score += 25;
        why.push(text!("设备标识自报 `{said}`", "its identification says `{said}`"));
    }
    let broken = trial.needed > 0 && trial.samples.is_empty();
    let makes_sense =
        score >= LIKELY_FROM && (sense.good >= 2 || tally.fits >= 2 || named.is_some());
    let sureness = if tally.proven && !broken && sense.bad.is_empty() {
        Sureness::Certain
    } else if tally.proven || makes_sense {
        Sureness::Likely
    } else if score >= WORTH_FROM {
        Sureness::Possible
    } else {
        return None;
    };
    Some(Candidate { profile: profile.clone(), sureness, score, why })
}

fn marks_score(tally: Tally, why: &mut Vec<Text>) -> i32 {
    let Tally { proven, disproven, fits, misfits, refused, .. } = tally;
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let mut score = 0;
    if proven {
        score += 100;
        why.push(text!("型号或类型码吻合", "its model or type code fits"));
    }
    if fits > 0 {
        score += 20 + 10 * count(fits.min(3));
        why.push(text!("{fits} 处特征吻合", "{fits} of its marks fit"));
    }
    if disproven > 0 {
        score -= 25 * count(disproven);
        why.push(text!(
            "型号或类型码不在已知之列",
            "its model or type code is none of those known"
        ));
    }
    if misfits > 0 {
        score -= 20 * count(misfits);
        why.push(text!("{misfits} 处特征不符", "{misfits} of its marks do not fit"));
    }
    if refused > 0 {
        score -= 15 * count(refused);
        why.push(text!("{refused} 处特征寄存器被拒", "{refused} of its marks are refused"));
    }
    score
}

fn trial_score(trial: &Trial, sense: &Sense, why: &mut Vec<Text>) -> i32 {
    let mut score = 0;
    let Trial { needed, missed, cut, .. } = *trial;
    let percent = |part: usize, of: usize| i32::try_from(100 * part / of.max(1)).unwrap_or(100);
    if missed > 0 {
        score -= percent(missed, needed) / 2;
        why.push(text!(
            "必有的 {needed} 段寄存器中 {missed} 段读不到",
            "{missed} of {needed} reads that the family has were refused",
        ));
    } else if cut > 0 {
        score += 5;
        why.push(text!(
            "部分寄存器没有，其余能读到",
            "some registers of the family are not there, the others can be read",
        ));
    } else if needed > 0 {
        score += 15;
        why.push(text!("必有的寄存器都能读到", "all registers that the family has can be read"));
    }
    if sense.good > 0 {
        score += 8 * i32::try_from(sense.good.min(4)).unwrap_or(4);
        let shown = sense.shown.join(", ");
        why.push(text!("读数合理：{shown}", "the values make sense: {shown}"));
    }
    if !sense.bad.is_empty() {
        score -= 40;
        let bad = sense.bad.join(", ");
        why.push(text!("读数不合理：{bad}", "some values make no sense: {bad}"));
    }
    if trial.refused > 0 && trial.refused >= trial.samples.len() {
        score -= 20;
        why.push(text!("多数寄存器解不出值", "most registers decode to nothing"));
    }
    score
}

/// Whether values look like those of a real device.
#[derive(Debug, Default, PartialEq)]
struct Sense {
    good: usize,
    shown: Vec<String>,
    bad: Vec<String>,
}

/// Only quantities whose range is known prove anything; a zero proves nothing.
fn sense(samples: &[Sample]) -> Sense {
    let mut sense = Sense::default();
    for sample in samples {
        let name = sample.point.as_str();
        let Some(value) = sample.value.as_f64().filter(|value| *value != 0.0) else { continue };
        let Some((strong, (least, most))) = range(name) else { continue };
        if !(least..=most).contains(&value) {
            sense.bad.push(format!("{name} = {value}"));
        } else if strong {
            sense.good += 1;
            // One of each kind is enough to show.
            let kind = name.split('_').next().unwrap_or(name);
            if !sense.shown.iter().any(|shown| shown.starts_with(kind)) {
                sense.shown.push(format!("{name} = {value}"));
            }
        }
    }
    sense.bad.truncate(4);
    sense
}

/// What a point can be, and whether being so says something: any small number is a temperature.
fn range(name: &str) -> Option<(bool, (f64, f64))> {
    let phase = name.starts_with("phase_");
    match name {
        "grid_freq_hz" => Some((true, FREQUENCIES_HZ)),
        "power_factor" => Some((false, (-1.001, 1.001))),
        "humidity_percent" => Some((false, (0.0, 101.0))),
        "wind_direction_deg" => Some((false, (0.0, 360.0))),
        _ if phase && name.ends_with("_voltage_v") => Some((true, (5.0, 700.0))),
        _ if name.starts_with("line_") => Some((true, (5.0, 1_200.0))),
        _ if name.ends_with("_temp_c") => Some((false, (-60.0, 150.0))),
        _ if name.starts_with("irradiance") => Some((false, (-50.0, 2_000.0))),
        _ if name.ends_with("_current_a") => Some((false, (-10_000.0, 10_000.0))),
        _ => None,
    }
}

/// The identification names the maker of the profile.
fn names_vendor(profile: &Profile, identification: &[(u8, String)]) -> Option<String> {
    let vendor = profile.vendor.split_whitespace().next()?.to_lowercase();
    let said = identification.iter().map(|(_, text)| text);
    said.filter(|text| !vendor.is_empty() && text.to_lowercase().contains(&vendor))
        .map(ToOwned::to_owned)
        .next()
}

/// The best first; what is far behind a sure one is left out.
pub(super) fn rank(found: &mut Vec<(Candidate, Trial)>) {
    found.sort_by(|(a, _), (b, _)| {
        let by_rank = (b.sureness, b.score).cmp(&(a.sureness, a.score));
        by_rank.then_with(|| a.profile.id.cmp(&b.profile.id))
    });
    if found.first().is_some_and(|(best, _)| best.sureness == Sureness::Certain) {
        found.retain(|(candidate, _)| candidate.sureness > Sureness::Possible);
    }
    found.truncate(SHOWN_MAX);
}

/// That two profiles fit alike.
pub(super) fn note_rivals(candidates: &[Candidate]) -> Option<Text> {
    let [best, others @ ..] = candidates else { return None };
    let alike = others.iter().filter(|other| other.sureness == best.sureness);
    let names: Vec<&str> = std::iter::once(best).chain(alike).map(|c| &*c.profile.id).collect();
    let names_joined = names.join(", ");
    (names.len() > 1).then(|| {
        text!(
            "几个模板都吻合：{names_joined}；请用 `hallwatch read` 对照设备屏幕后取其一",
            "several profiles fit: {names_joined}; compare their values with the device's display",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PointName, Quality, Value};
    use crate::profile::Catalog;

    fn profile(id: &str) -> Arc<Profile> {
        Catalog::shipped().expect("profiles").get(id).expect("profile").clone()
    }

    fn sample(point: &str, value: f64) -> Sample {
        let point = PointName::parse(point).expect("name");
        Sample { point, value: Value::Float(value), quality: Quality::Good }
    }

    fn trial(samples: &[(&str, f64)]) -> Trial {
        let samples = samples.iter().map(|(point, value)| sample(point, *value)).collect();
        Trial { needed: 3, samples, ..Trial::default() }
    }

    fn answered(profile: &Profile, words: &[&[u16]]) -> Tally {
        let marks =
            profile.markers.iter().zip(words).fold(Marks::default(), |marks, (m, words)| {
                marks.with(m, Answer::Words(words.to_vec()))
            });
        tally(&profile.markers, &marks)
    }

    #[test]
    fn a_model_text_is_certain_unless_nothing_can_be_read() {
        let huawei = profile("huawei-sun2000");
        let mut words = vec![0x5355, 0x4E32, 0x3030, 0x302D]; // "SUN2000-"
        words.resize(15, 0);
        let tally = answered(&huawei, &[&words]);
        assert!(tally.proven);
        let sure = registers(&huawei, tally, &trial(&[("grid_freq_hz", 50.0)]), &[]);
        assert_eq!(sure.expect("fits").sureness, Sureness::Certain);
        let none = Trial { needed: 3, missed: 3, ..Trial::default() };
        assert_eq!(registers(&huawei, tally, &none, &[]).expect("fits").sureness, Sureness::Likely);
    }

    #[test]
    fn a_range_is_likely_only_when_the_values_make_sense() {
        let goodwe = profile("goodwe-dt");
        let tally = answered(&goodwe, &[&[5001]]);
        assert!(!tally.proven && tally.is_worth_a_trial());
        let good = trial(&[("grid_freq_hz", 50.01), ("phase_a_voltage_v", 235.0)]);
        let judged = registers(&goodwe, tally, &good, &[]).expect("fits");
        assert_eq!(judged.sureness, Sureness::Likely);
        assert!(judged.why.iter().any(|why| why.en.contains("grid_freq_hz = 50.01")));
        let zero = registers(&goodwe, tally, &trial(&[("phase_a_voltage_v", 0.0)]), &[]);
        assert_eq!(zero.expect("fits").sureness, Sureness::Possible, "zeros prove nothing");
        let bad = trial(&[("grid_freq_hz", 50.01), ("phase_a_voltage_v", 6_553.0)]);
        assert!(registers(&goodwe, tally, &bad, &[]).is_none_or(|c| c.sureness < Sureness::Likely));
        let named = [(0, "GoodWe Technologies".to_owned())];
        let judged = registers(&goodwe, tally, &trial(&[]), &named).expect("fits");
        assert_eq!(judged.sureness, Sureness::Likely, "the device names its maker");
        assert!(!answered(&goodwe, &[&[0]]).is_worth_a_trial());
    }

    #[test]
    fn one_small_number_is_no_pyranometer_yet() {
        let pyranometer = profile("rs485-pyranometer");
        let tally = answered(&pyranometer, &[&[847]]);
        let judged = registers(&pyranometer, tally, &trial(&[("irradiance_poa_wm2", 847.0)]), &[]);
        assert_eq!(judged.expect("fits").sureness, Sureness::Possible);
    }

    #[test]
    fn what_fits_alike_is_shown_with_its_rival() {
        let of = |id: &str, sureness, score| {
            let profile = profile(id);
            (Candidate { profile, sureness, score, why: Vec::new() }, Trial::default())
        };
        let mut found = vec![
            of("rs485-pyranometer", Sureness::Possible, 45),
            of("eastron-sdm630", Sureness::Likely, 70),
            of("goodwe-dt", Sureness::Likely, 80),
        ];
        rank(&mut found);
        let ranked: Vec<Candidate> = found.into_iter().map(|(candidate, _)| candidate).collect();
        let ids: Vec<&str> = ranked.iter().map(|candidate| &*candidate.profile.id).collect();
        assert_eq!(ids, ["goodwe-dt", "eastron-sdm630", "rs485-pyranometer"]);
        let note = note_rivals(&ranked).expect("two fit");
        assert!(note.en.contains("goodwe-dt, eastron-sdm630;"), "{}", note.en);
        let mut found = vec![
            of("goodwe-dt", Sureness::Possible, 45),
            of("huawei-sun2000", Sureness::Certain, 115),
        ];
        rank(&mut found);
        assert_eq!(found.len(), 1, "beside a sure one the merely possible is noise");
    }
}
