//! Looks after the month's end: whether the month that is over can be closed, whether factors are old, and
//! sends it to those who get it by mail.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use crate::alert::Account;
use crate::daybook::DaybookError;
use crate::factor::Quantity;
use crate::history::HistoryError;
use crate::model::Text;
use crate::notify::NotifyError;

use super::error::ReportError;
use super::figures::Words;
use super::form::{Form, Which};
use super::make::Reports;
use super::period::{Length, Period};
use super::post::Post;

/// From this day on the month before should be closed.
const CLOSE_BY_DAY: i8 = 3;
/// The newest factor may be so old.
const FACTOR_MONTHS_MAX: i32 = 24;
/// A start is busy enough.
const CALM: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_secs(600);
/// So many obstacles are named.
const NAMED: usize = 3;

/// What stands in the way of closing the month that is over. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<RwLock<State>>);

#[derive(Debug, Default)]
struct State {
    blocked: Blocked,
    /// Why the energy platform does not get its files.
    export: Option<Text>,
}

/// A month, and what stands in its way.
type Blocked = Option<(Period, Vec<Words>)>;

impl Standing {
    fn set(&self, blocked: Blocked) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).blocked = blocked;
    }

    fn get(&self) -> Blocked {
        self.0.read().unwrap_or_else(PoisonError::into_inner).blocked.clone()
    }

    fn exported(&self, failed: Option<Text>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).export = failed;
    }

    fn not_exported(&self) -> Option<Text> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).export.clone()
    }
}

impl Reports {
    /// What the month's end wants of people now.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let today = self.daybook.date(self.clock.now());
        let mut wanted: Vec<Account> = self.old_factor(today).into_iter().collect();
        wanted.extend(self.standing.not_exported().map(|why| Account::ExportFails { why }));
        // Whoever closed it since is not told.
        let open = |period: &Period| self.books.book().seal(&period.to_string()).is_none();
        if let Some((period, obstacles)) = self.standing.get().filter(|(period, _)| open(period)) {
            let named = |of: fn(&Words) -> &String, between: &str, more: String| {
                let named = obstacles.iter().take(NAMED).map(|words| of(words).as_str());
                let named = named.collect::<Vec<_>>().join(between);
                if obstacles.len() > NAMED { format!("{named}{more}") } else { named }
            };
            let rest = obstacles.len().saturating_sub(NAMED);
            let why = Text::new(
                named(|words| &words.zh, "；", format!("；另有 {rest} 项")),
                named(|words| &words.en, "; ", format!("; and {rest} more")),
            );
            let (month, period) = (period.text(), period.to_string());
            wanted.push(Account::CloseBlocked { period, month, why });
        }
        wanted
    }

    /// The factor of the grid, where the newest is old.
    fn old_factor(&self, today: Date) -> Option<Account> {
        let region = &self.config.building.region;
        let factor = self.config.factors.on(Quantity::GridCo2, region, today)?;
        let old = today.saturating_sub(jiff::Span::new().months(FACTOR_MONTHS_MAX));
        (factor.issued < old).then(|| Account::FactorOld {
            factor: Quantity::GridCo2.label(),
            issued: factor.issued.to_string(),
        })
    }

    /// The month before, where it should be closed by now and is not.
    fn due(&self, today: Date) -> Option<Period> {
        let month = Period::of(Length::Month, today).previous();
        let open = self.books.book().seal(&month.to_string()).is_none();
        (today.day() >= CLOSE_BY_DAY && open).then_some(month)
    }

    /// Looks after the month's end until told to stop.
    pub async fn watch(self, stop: CancellationToken) {
        let mut looked: Option<Date> = None;
        let mut pause = CALM;
        while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
            pause = LOOK;
            let today = self.daybook.date(self.clock.now());
            if looked != Some(today) {
                let look = self.look(today);
                match stop.run_until_cancelled(look).await {
                    None => return,
                    Some(done) => looked = done.then_some(today),
                }
            }
            if stop.run_until_cancelled(self.mail_due()).await.is_none() {
                return;
            }
            match stop.run_until_cancelled(self.export_due()).await {
                None => return,
                Some(Ok(_)) => self.standing.exported(None),
                Some(Err(error)) => {
                    tracing::warn!(%error, "the energy platform does not get its files");
                    self.standing.exported(Some(error.text()));
                }
            }
        }
    }

    /// Whether the month before can be closed; false where that could not be told.
    async fn look(&self, today: Date) -> bool {
        // A month of which nothing is known is not asked for.
        let known = self
            .first_day()
            .await
            .is_ok_and(|first| first <= Period::of(Length::Month, today).previous().last());
        let Some(month) = self.due(today).filter(|_| known) else {
            self.standing.set(None);
            return true;
        };
        match self.figures(month, &|_, _| ()).await {
            Ok(figures) => {
                let blocked = !figures.obstacles.is_empty();
                self.standing.set(blocked.then_some((month, figures.obstacles)));
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the month that is over could not be looked at");
                false
            }
        }
    }

    /// Sends the month before to those who get it by mail, from the day on that they want it, and once for
    /// each revision. What could not be sent is tried again when this is called again.
    pub async fn mail_due(&self) {
        let Some(post) = &self.config.post else { return };
        let today = self.daybook.date(self.clock.now());
        let month = Period::of(Length::Month, today).previous();
        let name = month.to_string();
        let book = self.books.book();
        let revision = book.seal(&name).map_or(0, |seal| seal.revision);
        if today.day() < post.day || book.mailed(&name, revision) {
            return;
        }
        match self.mail(post, month).await {
            Ok(()) => {
                let to = post.email.to.clone();
                if let Err(error) = self.books.mailed(&name, revision, to).await {
                    tracing::warn!(%error, "that a report was sent could not be kept: it is sent again");
                }
            }
            Err(error) => tracing::warn!(%error, month = %name, "a report could not be mailed"),
        }
    }

    async fn mail(&self, post: &Post, month: Period) -> Result<(), ReportError> {
        let told = self.told(month, Which::Latest, &|_, _| ()).await?;
        let (fonts, chinese) = (self.config.fonts.clone(), post.chinese);
        let printed = tokio::task::spawn_blocking(move || {
            let print = |form: Form| {
                let printed = told.printed(form, chinese, fonts.as_deref())?;
                Ok((told.file_name(form), form, printed))
            };
            let files = [Form::Pdf, Form::Xlsx].into_iter().map(print);
            let files: Result<Vec<_>, ReportError> = files.collect();
            files.map(|files| (told, files))
        });
        let broken = |_| DaybookError::from(HistoryError::BrokenOff);
        let (told, files) = printed.await.map_err(broken)??;
        let failed = |error: NotifyError| ReportError::Mail(error.to_string());
        post.send(&told, files).await.map_err(failed)
    }
}
