//! Acknowledgements on their way to the broker, past the library.
//!
//! The library sends them one at a time, each with a write of its own, and only in between reading:
//! of a backlog of 300,000 messages it owed 120,000 acknowledgements at a time, all of which a crash
//! would have made the broker send again. Here they go out in groups, between the library's packets.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The packet that acknowledges a message. It is the same in both versions of the protocol.
pub(super) type Ack = [u8; 4];

/// Types of packets, with their flags.
const PUBACK: u8 = 0x40;
const PUBREC: u8 = 0x50;

/// The acknowledgement of the message with this number, sent at this quality of service; none is
/// due at quality 0. That of quality 2 is its first half, the library says the second.
pub(super) const fn ack(quality: u8, number: u16) -> Option<Ack> {
    let kind = match quality {
        0 => return None,
        1 => PUBACK,
        _ => PUBREC,
    };
    let [high, low] = number.to_be_bytes();
    Some([kind, 2, high, low])
}

/// What waits to be sent on the present connection.
#[derive(Clone, Default)]
pub(super) struct Acks(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    bytes: Mutex<Vec<u8>>,
    more: Notify,
}

impl Acks {
    /// Gives acknowledgements to whoever sends them.
    pub(super) fn put(&self, acks: impl Iterator<Item = Ack>) {
        self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner).extend(acks.flatten());
        self.0.more.notify_one();
    }

    /// Waits until there is something to send. Cancel-safe.
    pub(super) async fn wait(&self) {
        self.0.more.notified().await;
    }

    /// Whether there is something to send.
    pub(super) fn are_waiting(&self) -> bool {
        !self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// What is to be sent now. A new connection throws it away: it belongs to the last one.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a stream of packets stands: nothing may be put between the bytes of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Between two packets.
    Between,
    /// In the length of one: what it is so far, and how many bits of it.
    Length(usize, u32),
    /// So many bytes before the end of one.
    Within(usize),
}

impl Place {
    /// Bits of a length, less the last seven.
    const SHIFT_MAX: u32 = 21;

    /// Where the stream stands after these bytes.
    pub(super) fn after(mut self, mut bytes: &[u8]) -> Self {
        while let Some((first, rest)) = bytes.split_first() {
            (self, bytes) = match self {
                Self::Between => (Self::Length(0, 0), rest),
                Self::Length(length, shift) => {
                    let length = length | usize::from(first & 0x7F) << shift.min(Self::SHIFT_MAX);
                    match (first & 0x80, length) {
                        (0, 0) => (Self::Between, rest),
                        (0, _) => (Self::Within(length), rest),
                        _ => (Self::Length(length, shift + 7), rest),
                    }
                }
                Self::Within(left) if left > bytes.len() => {
                    return Self::Within(left - bytes.len());
                }
                Self::Within(left) => (Self::Between, bytes.get(left..).unwrap_or_default()),
            };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A packet of so many bytes after its head, which are no heads to be taken for one.
    fn packet(length: usize) -> Vec<u8> {
        let (mut bytes, mut left) = (vec![0x30], length);
        loop {
            let low = u8::try_from(left % 128).expect("seven bits");
            left /= 128;
            bytes.push(if left > 0 { low | 0x80 } else { low });
            if left == 0 {
                break;
            }
        }
        bytes.resize(bytes.len() + length, 0xFF);
        bytes
    }

    proptest! {
        #[test]
        fn the_ends_of_packets_are_found_however_they_arrive(
            lengths in proptest::collection::vec(0usize..20_000, 1..8),
            chunk in 1usize..5_000,
        ) {
            let (mut stream, mut ends) = (Vec::new(), vec![0]);
            for length in lengths {
                stream.extend(packet(length));
                ends.push(stream.len());
            }
            let (mut place, mut at) = (Place::Between, 0);
            for part in stream.chunks(chunk) {
                prop_assert_eq!(place == Place::Between, ends.contains(&at));
                place = place.after(part);
                at += part.len();
            }
            prop_assert_eq!(place, Place::Between);
        }
    }

    #[test]
    fn an_acknowledgement_is_a_packet() {
        assert_eq!(ack(1, 0x0102), Some([0x40, 2, 1, 2]));
        assert_eq!(ack(2, 7), Some([0x50, 2, 0, 7]));
        assert_eq!(ack(0, 7), None);
        assert_eq!(Place::Between.after(&ack(1, 9).expect("one")), Place::Between);
    }
}
