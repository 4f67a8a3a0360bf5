//! The books as other rooms have them.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;
use tokio::sync::Mutex;

use crate::clock::SharedClock;
use crate::journal::{self, Archive, Journal, JournalError};
use crate::model::{Event, EventKind, Timestamp};

use super::book::{Book, Record};
use super::entry::{Entry, Taken};
use super::error::BooksError;
use super::seal::{Role, Seal, Sealed, Signature, hash_of};

/// The books. Clones are the same.
#[derive(Clone)]
pub struct Books {
    book: Arc<RwLock<Arc<Book>>>,
    archive: Arc<Archive>,
    /// `None` where they are only read. Whoever writes holds it from the judging to the keeping.
    journal: Option<Arc<Mutex<Journal>>>,
    clock: SharedClock,
}

impl Books {
    /// The books of a journal.
    ///
    /// # Errors
    /// [`BooksError::Journal`].
    pub fn open(journal: &Journal, clock: SharedClock) -> Result<Self, BooksError> {
        let books = Self::look(journal.archive()?, journal.zone().clone(), clock)?;
        Ok(Self { journal: Some(Arc::new(Mutex::new(journal.clone()))), ..books })
    }

    /// The books of an archive, to read in only.
    ///
    /// # Errors
    /// [`BooksError::Journal`].
    pub fn look(archive: Archive, zone: TimeZone, clock: SharedClock) -> Result<Self, BooksError> {
        let mut book = Book::new(zone);
        each(&archive, |record| book.apply(record))?;
        let book = Arc::new(RwLock::new(Arc::new(book)));
        Ok(Self { book, archive: Arc::new(archive), journal: None, clock })
    }

    /// What stands in them now.
    #[must_use]
    pub fn book(&self) -> Arc<Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Enters something; its number and time are given here.
    ///
    /// # Errors
    /// [`BooksError`]; nothing is entered then.
    pub async fn enter(&self, entry: Entry) -> Result<Entry, BooksError> {
        let journal = self.writing().await?;
        let (book, now) = (self.book(), self.clock.now());
        let entry = Entry { id: book.next_id(), time_ms: now.ms(), ..entry };
        book.judge_entry(&entry, now)?;
        self.keep(&journal, now, Record::Entry(entry.clone())).await?;
        Ok(entry)
    }

    /// Takes an entry back.
    ///
    /// # Errors
    /// [`BooksError`]; it stays then.
    pub async fn take_back(&self, id: u64, who: String, why: String) -> Result<(), BooksError> {
        let journal = self.writing().await?;
        let now = self.clock.now();
        let taken = Taken { id, who, why, time_ms: now.ms() };
        self.book().judge_taken(&taken)?;
        self.keep(&journal, now, Record::Taken(taken)).await
    }

    /// Closes a period with figures.
    ///
    /// # Errors
    /// [`BooksError`]; it stays open, or as it was closed before.
    pub async fn close(
        &self,
        period: &str,
        figures: String,
        who: String,
        why: String,
    ) -> Result<Seal, BooksError> {
        let journal = self.writing().await?;
        let now = self.clock.now();
        let hash = hash_of(&figures);
        let revision = self.book().judge_seal(period, &hash, (&who, &why))?;
        let period = period.to_owned();
        let seal = Seal { period, revision, who, why, time_ms: now.ms(), hash };
        let sealed = Sealed { seal: seal.clone(), figures };
        self.keep(&journal, now, Record::Sealed(sealed)).await?;
        Ok(seal)
    }

    /// Signs the last revision of a period.
    ///
    /// # Errors
    /// [`BooksError`]; it is not signed then.
    pub async fn sign(
        &self,
        period: &str,
        role: Role,
        who: String,
    ) -> Result<Signature, BooksError> {
        let journal = self.writing().await?;
        let now = self.clock.now();
        let revision = self.book().judge_signature(period, role, &who)?;
        let period = period.to_owned();
        let signature = Signature { period, revision, role, who, time_ms: now.ms() };
        self.keep(&journal, now, Record::Signature(signature.clone())).await?;
        Ok(signature)
    }

    /// Keeps that a revision of a period was mailed; 0 is one that was not closed.
    ///
    /// # Errors
    /// [`BooksError::Journal`]; it is mailed again then.
    pub async fn mailed(
        &self,
        period: &str,
        revision: u32,
        to: Vec<String>,
    ) -> Result<(), BooksError> {
        let journal = self.writing().await?;
        let now = self.clock.now();
        let (period, time_ms) = (period.to_owned(), now.ms());
        self.keep(&journal, now, Record::Mailed { period, revision, to, time_ms }).await
    }

    /// The figures of a seal, as they were sealed.
    ///
    /// # Errors
    /// [`BooksError::NotClosed`], [`BooksError::Journal`].
    pub fn sealed(&self, period: &str, revision: u32) -> Result<Sealed, BooksError> {
        let book = self.book();
        let wanted = |seal: &&Seal| seal.period == period && seal.revision == revision;
        let missing = || match book.seal(period) {
            None => BooksError::NotClosed(period.to_owned()),
            Some(last) => {
                let (period, last) = (period.to_owned(), last.revision);
                BooksError::NoRevision { period, revision, last }
            }
        };
        let seal = book.seals().iter().find(wanted).ok_or_else(missing)?;
        let (from, mut found) = (Timestamp::from_ms(seal.time_ms), None);
        self.archive.events_between(EventKind::Books, from, from.plus_ms(1), |event| {
            if let Some(Record::Sealed(sealed)) = record_of(&event)
                && sealed.seal == *seal
            {
                found = Some(sealed);
            }
        })?;
        found.ok_or_else(missing)
    }

    /// The archive that they are in.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    async fn writing(&self) -> Result<tokio::sync::MutexGuard<'_, Journal>, BooksError> {
        let journal = self.journal.as_ref().ok_or(JournalError::Closed)?;
        Ok(journal.lock().await)
    }

    /// Keeps a record, and only then makes it part of the books.
    async fn keep(
        &self,
        journal: &Journal,
        now: Timestamp,
        record: Record,
    ) -> Result<(), BooksError> {
        let body = serde_json::to_string(&record).unwrap_or_default();
        let event = Event { kind: EventKind::Books, time: now, body };
        let records = [Arc::new(crate::model::Record::Event(event))];
        journal.append_at_once(&records).await?;
        let mut book = self.book.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut book).apply(record);
        Ok(())
    }
}

fn record_of(event: &Event) -> Option<Record> {
    serde_json::from_str(&event.body).ok()
}

fn each(archive: &Archive, mut take: impl FnMut(Record)) -> Result<(), journal::JournalError> {
    let (begin, end) = (Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX));
    archive.events_between(EventKind::Books, begin, end, |event| match record_of(&event) {
        Some(record) => take(record),
        None => tracing::error!("a record of the books cannot be read; it stays in the journal"),
    })
}
