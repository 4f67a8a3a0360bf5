//! The known word that a person probably meant, for hints. Small edit distances and words that
//! hold each other count as near; case does not.

use super::{Text, text};

/// Longer words than this are not compared: nobody mistypes a novel.
const WORD_CHARS_MAX: usize = 80;

/// The nearest of the known words, unless all are far.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(WORD_CHARS_MAX + 1).collect();
    if word.is_empty() || word.len() > WORD_CHARS_MAX {
        return None;
    }
    let far = (word.len() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance < far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean …" for a near word, or the whole list.
pub(crate) fn hint<'a>(
    word: &str,
    what: &Text,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Text {
    if let Some(near) = nearest(word, known.clone()) {
        return meant(near);
    }
    let Text { zh, en } = what;
    let all: Vec<_> = known.into_iter().collect();
    if all.is_empty() {
        text!("还没有{zh}", "there are no {en} yet")
    } else {
        Text::new(format!("{zh}：{}", all.join("、")), format!("{en}: {}", all.join(", ")))
    }
}

/// "did you mean …".
pub(crate) fn meant(near: &str) -> Text {
    text!("是不是想写 `{near}`？", "did you mean `{near}`?")
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
fn distance(word: &[char], candidate: &str) -> usize {
    let other: Vec<char> = candidate.to_lowercase().chars().collect();
    if word.len().min(other.len()) >= 3 && (holds(&other, word) || holds(word, &other)) {
        return 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in word.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, wanted) in other.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&above, j) + usize::from(letter != wanted);
            let mut best = replaced.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = j > 0
                && i > 0
                && word.get(i - 1) == Some(wanted)
                && other.get(j - 1) == Some(letter);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

fn holds(long: &[char], short: &[char]) -> bool {
    long.windows(short.len()).any(|window| window == short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["unit", "zone", "rated_power_w", "latitude_deg"];
        assert_eq!(nearest("unti", known), Some("unit"));
        assert_eq!(nearest("Zone", known), Some("zone"));
        assert_eq!(nearest("latitude", known), Some("latitude_deg"));
        assert_eq!(nearest("power_w", known), Some("rated_power_w"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
        let zones = Text::new("区域", "zones");
        assert_eq!(hint("colour", &zones, ["a", "b"]), Text::new("区域：a、b", "zones: a, b"));
        assert_eq!(hint("roof", &zones, []), Text::new("还没有区域", "there are no zones yet"));
    }
}
