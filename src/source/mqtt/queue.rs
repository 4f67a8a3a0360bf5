//! The way from the listener to the keeper, bounded in messages and in bytes.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use crate::model::LinkFault;

use super::session::RECEIVE_MAX;
use super::wire::Publish;

/// Messages on the way, and the part that is kept free for acknowledged ones.
const MESSAGES: usize = 4 * RECEIVE_MAX as usize;
const RESERVE: usize = 3 * RECEIVE_MAX as usize;
/// Bytes on the way: a window of the largest packets would fill the machine's memory.
const BYTES: u32 = 64 << 20;
/// What a message takes beside its topic and what it says.
const MESSAGE_BYTES: usize = 256;

/// What goes from the listener to the keeper. Nearly all are messages: boxing them would cost an
/// allocation each.
#[allow(clippy::large_enum_variant)]
pub(super) enum Arrived {
    /// A message, and the number of the connection that brought it, if it is still there.
    Message(Option<u64>, Publish),
    /// The broker is there again, or has not been for a while and why.
    Broker(Option<LinkFault>),
}

impl Arrived {
    /// The room that it takes; never more than there is.
    fn bytes(&self) -> u32 {
        match self {
            Self::Broker(_) => 0,
            Self::Message(_, publish) => {
                let bytes = publish.topic_bytes() + publish.payload().len() + MESSAGE_BYTES;
                u32::try_from(bytes).unwrap_or(BYTES).min(BYTES)
            }
        }
    }
}

/// The listener's end.
pub(super) struct Entry {
    messages: mpsc::Sender<Arrived>,
    room: Arc<Semaphore>,
}

/// The keeper's end.
pub(super) struct Exit {
    messages: mpsc::Receiver<Arrived>,
    room: Arc<Semaphore>,
}

/// Nobody takes what arrives any more.
pub(super) struct Closed;

pub(super) fn queue() -> (Entry, Exit) {
    let (sender, receiver) = mpsc::channel(MESSAGES);
    let room = Arc::new(Semaphore::new(BYTES as usize));
    (Entry { messages: sender, room: room.clone() }, Exit { messages: receiver, room })
}

impl Entry {
    /// Waits for room, for as long as it takes.
    pub(super) async fn put(&self, arrived: Arrived) -> Result<(), Closed> {
        let room = tokio::select! {
            biased;
            room = self.room.acquire_many(arrived.bytes()) => room,
            () = self.messages.closed() => return Err(Closed),
        };
        room.map_err(|_| Closed)?.forget();
        self.messages.send(arrived).await.map_err(|_| Closed)
    }

    /// Does not wait; false when there is no room.
    pub(super) fn try_put(&self, arrived: Arrived) -> bool {
        let Ok(room) = self.room.try_acquire_many(arrived.bytes()) else { return false };
        let put = self.messages.try_send(arrived).is_ok();
        if put {
            room.forget();
        }
        put
    }

    /// Whether what nobody acknowledges may still be put here.
    pub(super) fn has_room_to_spare(&self) -> bool {
        self.messages.capacity() > RESERVE && self.room.available_permits() > BYTES as usize / 2
    }
}

impl Exit {
    /// Waits for something and takes up to `max` of what is there; 0 when nothing can arrive any more.
    /// Cancel-safe.
    pub(super) async fn take(&mut self, into: &mut Vec<Arrived>, max: usize) -> usize {
        self.messages.recv_many(into, max).await
    }

    /// The room of this one is free again.
    pub(super) fn done(&self, arrived: &Arrived) {
        self.room.add_permits(arrived.bytes() as usize);
    }
}
