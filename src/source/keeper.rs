//! One queue before the journal for everything that is polled, so that a slow disk stops nobody
//! from asking until the queue is full, and ten thousand connections share one commit.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use crate::journal::{Journal, JournalError};
use crate::model::Record;
use crate::tally::{Happening, Tally};

/// Polls of each source that may wait for the disk.
const WAITING_PER_SOURCE: usize = 2;
/// Polls that may wait all the same where there are few sources, and at most: 40 MB of readings of
/// fifty values.
const WAITING_MIN: usize = 64;
const WAITING_MAX: usize = 16_384;
/// Polls that are handed to the journal at once, so that a long wait does not end in one
/// transaction.
const AT_ONCE_MAX: usize = 4096;

/// The journal does not take records any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// The way into the queue. Clones share it.
#[derive(Clone)]
pub struct Keeper(mpsc::Sender<Vec<Record>>);

/// The queue; clones share it, and one of them is run.
#[derive(Clone)]
pub struct Queue(Arc<Mutex<mpsc::Receiver<Vec<Record>>>>);

impl Keeper {
    /// A queue for so many sources.
    #[must_use]
    pub fn new(sources: usize) -> (Self, Queue) {
        let room = sources.saturating_mul(WAITING_PER_SOURCE).clamp(WAITING_MIN, WAITING_MAX);
        let (keeper, waiting) = mpsc::channel(room);
        (Self(keeper), Queue(Arc::new(Mutex::new(waiting))))
    }

    /// Puts what one poll brought into the queue; waits while it is full.
    ///
    /// # Errors
    /// [`Closed`] when nothing is kept any more.
    pub async fn keep(&self, records: Vec<Record>) -> Result<(), Closed> {
        self.0.send(records).await.map_err(|_| Closed)
    }
}

impl Queue {
    /// Hands to the journal what comes, until every [`Keeper`] is gone and all is kept.
    ///
    /// A poll cannot be asked for again, so the readings that the disk does not take are counted
    /// and lost; the next poll brings the next values. News of links would not come again: they
    /// are kept for the next try.
    pub async fn run(self, journal: Journal, tally: Tally) {
        let mut waiting = self.0.lock().await;
        let mut links: Vec<Record> = Vec::new();
        let mut polls = Vec::new();
        while waiting.recv_many(&mut polls, AT_ONCE_MAX).await > 0 {
            let mut batch = std::mem::take(&mut links);
            batch.extend(polls.drain(..).flatten());
            let news: Vec<Record> =
                batch.iter().filter(|r| matches!(r, Record::Link(_))).cloned().collect();
            let readings = (batch.len() - news.len()) as u64;
            let batch: Vec<Arc<Record>> = batch.into_iter().map(Arc::new).collect();
            match journal.append_shared(&batch).await {
                Ok(_) => {}
                Err(JournalError::Closed) => return,
                Err(error) => {
                    tally.add(Happening::NotKept, error.as_str(), readings);
                    journal.lose(batch.iter().map(|record| &**record));
                    links = newest_of_each(news);
                }
            }
        }
    }
}

/// The last link of each device, so that a long trouble does not fill the memory.
fn newest_of_each(links: Vec<Record>) -> Vec<Record> {
    let mut newest = std::collections::BTreeMap::new();
    for record in links {
        if let Record::Link(link) = &record {
            newest.insert(link.device.clone(), record);
        }
    }
    newest.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::SystemClock;
    use crate::journal::{Config, Kinds};
    use crate::model::{DeviceId, Link, LinkState, Position, Timestamp};

    fn link(device: &str, ms: i64) -> Record {
        let device = DeviceId::parse(device).expect("id");
        Record::Link(Link { device, time: Timestamp::from_ms(ms), state: LinkState::Up })
    }

    #[tokio::test]
    async fn what_was_put_in_is_kept_in_order_before_the_queue_ends() {
        let folder = tempfile::tempdir().expect("folder");
        let config = Config { commit_wait_ms: 1, ..Config::new(folder.path().to_owned()) };
        let tally = Tally::new();
        let journal =
            Journal::open(&config, Arc::new(SystemClock), tally.clone()).expect("journal");
        let (keeper, queue) = Keeper::new(1);
        let mut pollers = tokio::task::JoinSet::new();
        for poller in 0..3 {
            let keeper = keeper.clone();
            pollers.spawn(async move {
                for n in 0..500 {
                    keeper.keep(vec![link(&format!("m{poller}"), n)]).await.expect("open");
                }
            });
        }
        drop(keeper);
        let run = queue.run(journal.clone(), tally);
        tokio::time::timeout(Duration::from_secs(30), run).await.expect("it ends by itself");
        pollers.join_all().await;
        let mut reader = journal.reader_from(Position::default(), Kinds::All);
        let records = reader.ready(10_000).await.expect("records").records;
        assert_eq!(records.len(), 1500);
        for device in ["m0", "m1", "m2"] {
            let times = records.iter().filter_map(|(_, record)| match &**record {
                Record::Link(link) if link.device.as_str() == device => Some(link.time.ms()),
                _ => None,
            });
            assert!(times.eq(0..500), "{device} is out of order");
        }
        journal.close();
    }

    #[test]
    fn of_links_that_wait_the_last_of_each_device_stays() {
        let kept = newest_of_each(vec![link("a", 1), link("b", 2), link("a", 3)]);
        assert_eq!(kept, [link("a", 3), link("b", 2)]);
    }
}
