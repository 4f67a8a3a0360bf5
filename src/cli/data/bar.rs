//! A bar on a terminal, and nothing where nobody watches.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::check::{Language, one_line};
use crate::model::Text;

/// Shows how far something has come.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar with some words before it.
    pub(super) fn new(words: Text, language: Option<Language>) -> Self {
        Self(std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{msg} {bar:30} {percent:>3} % {elapsed}");
            let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.with_message(one_line(words, language))
        }))
    }

    /// So much of all is done.
    pub(super) fn tell(&self, done: u64, of: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(of);
            bar.set_position(done.min(of));
        }
    }

    /// Takes it away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
