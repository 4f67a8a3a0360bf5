//! Signs as a Chinese input method writes them: full-width digits, colons, dashes and commas mean
//! the same as the half-width ones.

/// The text in half-width signs, with every dash as `-` and every comma as `,`.
pub(super) fn half_width(text: &str) -> String {
    let half = |c: char| match c {
        '，' | '、' | '；' | ';' => ',',
        '–' | '—' | '−' | '‐' => '-',
        '〜' => '~',
        '\u{3000}' | '\u{a0}' => ' ',
        // ！ to ～ stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).unwrap_or(c)
        }
        other => other,
    };
    text.chars().map(half).collect()
}
