//! Sends a report by mail.

use crate::model::{Text, text};
use crate::notify::{Email, Enclosure, NotifyError, send_letter};

use super::figures::Figure;
use super::form::{Form, Told};

/// Who gets a month by mail, and when.
#[derive(Debug, Clone)]
pub struct Post {
    /// From this day of the next month on.
    pub day: i8,
    /// The language of the mail and of what is enclosed.
    pub chinese: bool,
    /// The server, the sender, and the addresses of those who get it.
    pub email: Email,
    /// How the server is reached.
    pub net: crate::notify::Net,
}

impl Post {
    /// Sends it with its files to everybody.
    pub(super) async fn send(
        &self,
        told: &Told,
        files: Vec<(String, Form, Vec<u8>)>,
    ) -> Result<(), NotifyError> {
        let pick = |text: &Text| if self.chinese { text.zh.clone() } else { text.en.clone() };
        let document = told.document();
        let subject = format!(
            "{} {} {}",
            pick(&document.name),
            pick(&document.title),
            pick(&document.period)
        );
        let enclosures = files.into_iter().map(|(name, form, bytes)| Enclosure {
            name,
            media_type: form.media_type(),
            bytes,
        });
        let words = pick(&words(told));
        send_letter(&self.email, &self.net, &subject, &words, enclosures.collect()).await
    }
}

/// What the mail says: the main figures, whether it is closed, and what stands in the way.
fn words(told: &Told) -> Text {
    let used = &told.figures.electricity;
    let kwh = |figure: &Figure| {
        figure.value.map_or_else(|| "—".to_owned(), |value| format!("{value:.1} kWh"))
    };
    let (all, made) = (kwh(&used.total_kwh), kwh(&used.pv_kwh));
    let mut lines = vec![text!(
        "总用电 {all}，光伏发电 {made}。报告见附件。",
        "Electricity used: {all}; made on the roof: {made}. The report is enclosed.",
    )];
    lines.push(match &told.closing {
        Some(closing) => {
            let (revision, who) = (closing.revision, &closing.who);
            text!("已关账 R{revision}（{who}）。", "Closed as R{revision} by {who}.")
        }
        None => Text::new("尚未关账。", "It is not closed yet."),
    });
    if told.closing.is_none() {
        let obstacles = told.figures.obstacles.iter();
        lines.extend(
            obstacles.map(|words| Text::new(format!("- {}", words.zh), format!("- {}", words.en))),
        );
    }
    let all = |of: fn(&Text) -> &str| lines.iter().map(of).collect::<Vec<_>>().join("\n");
    Text::new(all(|line| &line.zh), all(|line| &line.en))
}
