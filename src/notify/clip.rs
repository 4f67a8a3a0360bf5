//! Texts that have to fit into so many bytes. A Chinese character has three in UTF-8, and services
//! count bytes: half a character would make the whole message unreadable.

/// The beginning of a text, at most so many bytes with the mark that something is missing.
pub(super) fn clip(text: &str, bytes_max: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let room = bytes_max.saturating_sub(MARK.len());
    let kept = text.char_indices().take_while(|(at, c)| at + c.len_utf8() <= room);
    let mut kept: String = kept.map(|(_, c)| c).collect();
    if bytes_max >= MARK.len() {
        kept.push_str(MARK);
    }
    kept
}

/// As many entries as fit, one on a line below `head`; of the others `more` says how many there
/// are. Each entry is a line and what it counts for.
pub(super) fn lines_within(
    head: &str,
    entries: &[(String, usize)],
    bytes_max: usize,
    more: impl Fn(usize) -> String,
) -> String {
    let all: usize = entries.iter().map(|(_, count)| count).sum();
    let whole = head.len() + entries.iter().map(|(line, _)| line.len() + 1).sum::<usize>();
    // The longest that it can become: the number only shrinks.
    let reserve = if whole <= bytes_max { 0 } else { more(all).len() + 1 };
    let mut text = clip(head, bytes_max);
    let mut left = all;
    for (line, count) in entries {
        if text.len() + 1 + line.len() + reserve > bytes_max {
            break;
        }
        text.push('\n');
        text.push_str(line);
        left -= count;
    }
    if left > 0 && text.len() + reserve <= bytes_max {
        text.push('\n');
        text.push_str(&more(left));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(clip("逆变器", 9), "逆变器");
        // 3 bytes for the mark leave 5 of 8: one character and a piece of the next.
        assert_eq!(clip("逆变器", 8), "逆…");
        assert_eq!(clip("逆变器", 6), "逆…");
        assert_eq!(clip("逆变器", 5), "…");
        assert_eq!(clip("逆变器", 2), "");
        for bytes_max in 0..40 {
            assert!(clip("a逆变b器停机c了很久", bytes_max).len() <= bytes_max);
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let entries: Vec<(String, usize)> =
            (0..50).map(|n| (format!("● 第 {n} 组设备离线"), 2)).collect();
        let more = |left| format!("…等 {left} 条");
        let text = lines_within("共 100 条", &entries, 300, more);
        assert!(text.len() <= 300, "{}", text.len());
        let shown = text.lines().filter(|line| line.starts_with('●')).count();
        assert!(shown > 3, "{text}");
        assert_eq!(text.lines().last().unwrap(), format!("…等 {} 条", 100 - 2 * shown));
        let whole = lines_within("共 2 条", &entries[..1], 300, more);
        assert_eq!(whole, "共 2 条\n● 第 0 组设备离线");
        for bytes_max in 0..400 {
            assert!(lines_within("共 100 条", &entries, bytes_max, more).len() <= bytes_max);
        }
    }
}
