//! How cells look.

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder};

/// The formats of a book.
pub(super) struct Style {
    pub(super) title: Format,
    pub(super) caption: Format,
    pub(super) head: Format,
    pub(super) head_of_numbers: Format,
    /// What people wrote: no formula, not even when it is edited.
    pub(super) words: Format,
    pub(super) note: Format,
    pub(super) missing: Format,
}

impl Style {
    pub(super) fn new() -> Self {
        let head = Format::new().set_bold().set_border_bottom(FormatBorder::Medium).set_text_wrap();
        Self {
            title: Format::new().set_bold().set_font_size(14),
            caption: Format::new().set_italic().set_font_color("#52616F"),
            head_of_numbers: head.clone().set_align(FormatAlign::Right),
            head,
            words: Format::new().set_quote_prefix(),
            note: Format::new().set_font_color("#52616F").set_font_size(9),
            missing: Format::new().set_align(FormatAlign::Right),
        }
    }

    /// A number with its decimals; bold in a row of sums.
    pub(super) fn number(digits: u8, percent: bool, sum: bool) -> Format {
        let decimals = "0".repeat(usize::from(digits));
        let dot = if digits == 0 { "" } else { "." };
        let form =
            if percent { format!("0{dot}{decimals}%") } else { format!("#,##0{dot}{decimals}") };
        let format = Format::new().set_num_format(form);
        if sum { format.set_bold().set_border_top(FormatBorder::Thin) } else { format }
    }
}
