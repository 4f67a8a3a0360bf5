//! The answering side of one stream: a connection, or one end of a serial line.
//!
//! Answers wait in a queue by the time at which they go, so that a late one holds up nobody.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until};

use crate::source::modbus::Framing;

use super::habits::Habits;
use super::misbehaviour::{Chunk, Delivery, deliver};
use super::question::{self, NO_SUCH_TARGET, Question, frame, pdu_of};
use super::units::Units;

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The peer left, or talked something that is not Modbus, or we closed in good order.
    Closed,
    /// The connection is to be cut.
    Reset,
}

/// One stream and what is still to go out on it.
struct Talk<'a, S> {
    stream: &'a mut S,
    units: &'a Units,
    framing: Framing,
    buffer: Vec<u8>,
    /// By time and order.
    queue: BTreeMap<(Instant, u64), Chunk>,
    sequence: u64,
    connected: Instant,
    /// Of the last question or answer.
    last: Option<Instant>,
    /// Questions wait until then.
    blocked_until: Option<Instant>,
    /// An answer that goes with the next one.
    held: Vec<u8>,
    answers: u64,
    foreign: Rhythm,
    noise: Rhythm,
}

/// Something that happens by itself.
#[derive(Default)]
struct Rhythm {
    next: Option<Instant>,
    number: u64,
}

/// Answers on a stream until it ends.
pub(super) async fn converse<S>(stream: &mut S, framing: Framing, units: &Units) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut talk = Talk {
        stream,
        units,
        framing,
        buffer: Vec::with_capacity(64),
        queue: BTreeMap::new(),
        sequence: 0,
        connected: Instant::now(),
        last: None,
        blocked_until: None,
        held: Vec::new(),
        answers: 0,
        foreign: Rhythm::default(),
        noise: Rhythm::default(),
    };
    loop {
        match talk.step().await {
            Ok(()) => {}
            Err(end) => return end,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn step(&mut self) -> Result<(), End> {
        self.send_due().await?;
        if self.blocked_until.is_none()
            && let Some(asked) = question::take(self.framing, &mut self.buffer)
        {
            return self.answer(&asked.map_err(|_| End::Closed)?).await;
        }
        let Some(next) = self.next_event() else { return self.hear().await };
        if self.blocked_until.is_some() {
            sleep_until(next).await;
        } else {
            tokio::select! {
                biased;
                () = sleep_until(next) => {}
                heard = self.stream.read_buf(&mut self.buffer) => return heard_bytes(heard),
            }
        }
        self.happen(Instant::now());
        Ok(())
    }

    async fn hear(&mut self) -> Result<(), End> {
        heard_bytes(self.stream.read_buf(&mut self.buffer).await)
    }

    fn next_event(&self) -> Option<Instant> {
        let queued = self.queue.first_key_value().map(|((due, _), _)| *due);
        [queued, self.blocked_until, self.foreign.next, self.noise.next].into_iter().flatten().min()
    }

    /// Writes what has to go by now.
    async fn send_due(&mut self) -> Result<(), End> {
        if self.queue.is_empty() && self.blocked_until.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        if self.blocked_until.is_some_and(|until| until <= now) {
            self.blocked_until = None;
        }
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= now) {
            let chunk = entry.remove();
            self.write(&chunk).await?;
        }
        Ok(())
    }

    async fn write(&mut self, chunk: &Chunk) -> Result<(), End> {
        self.stream.write_all(&chunk.bytes).await.map_err(|_| End::Closed)?;
        self.stream.flush().await.map_err(|_| End::Closed)?;
        self.last = Some(Instant::now());
        if chunk.reset { Err(End::Reset) } else { Ok(()) }
    }

    fn enqueue(&mut self, chunk: Chunk, now: Instant) {
        self.sequence += 1;
        self.queue.insert((now + chunk.after, self.sequence), chunk);
    }

    async fn answer(&mut self, asked: &Question) -> Result<(), End> {
        let habits = self.units.habits();
        let now = Instant::now();
        let too_soon = self.too_soon(&habits, now);
        self.last = Some(now);
        self.set_rhythms(&habits, now);
        if habits.echo {
            let chunk =
                Chunk { after: Duration::ZERO, bytes: asked.echo(self.framing), reset: false };
            self.write(&chunk).await?;
        }
        if too_soon {
            return Ok(());
        }
        let mut delivery = self.delivery(asked);
        if let Some(held) = delivery.held.take() {
            self.held.extend(held);
            return Ok(());
        }
        self.dress(&habits, &mut delivery);
        let Some(last) = delivery.chunks.last() else { return Ok(()) };
        let last_after = last.after;
        self.answers += 1;
        if delivery.blocks {
            self.blocked_until = Some(now + last_after);
        }
        // Nearly every answer goes this way.
        let at_once = last_after.is_zero() && self.queue.is_empty();
        for chunk in delivery.chunks {
            if at_once {
                self.write(&chunk).await?;
            } else {
                self.enqueue(chunk, now);
            }
        }
        match habits.close_after_answers {
            Some(most) if self.answers >= most => Err(self.finish().await),
            _ => Ok(()),
        }
    }

    /// Sends what is waiting and ends.
    async fn finish(&mut self) -> End {
        while let Some(((due, _), chunk)) = self.queue.pop_first() {
            sleep_until(due).await;
            if let Err(end) = self.write(&chunk).await {
                return end;
            }
        }
        End::Closed
    }

    fn too_soon(&self, habits: &Habits, now: Instant) -> bool {
        let within = |since: Instant, ms: u64| now - since < Duration::from_millis(ms);
        within(self.connected, habits.pause_after_connect_ms)
            || self.last.is_some_and(|last| within(last, habits.gap_ms))
    }

    fn delivery(&self, asked: &Question) -> Delivery {
        match (self.units.ask(asked.unit), self.framing) {
            (Some(unit), _) if asked.unit != 0 || self.framing == Framing::Tcp => {
                deliver(self.framing, asked, &unit)
            }
            // A gateway says that it does not know the unit. On a line there is nobody to say so.
            (None, Framing::Tcp) => {
                let pdu = asked.exception(NO_SUCH_TARGET);
                let bytes = frame(self.framing, asked.transaction, asked.unit, &pdu);
                let chunk = Chunk { after: Duration::ZERO, bytes, reset: false };
                Delivery { chunks: vec![chunk], ..Delivery::default() }
            }
            _ => Delivery::default(),
        }
    }

    /// What the line does to an answer: its pace, its noise, and what was held back.
    fn dress(&mut self, habits: &Habits, delivery: &mut Delivery) {
        /// Start bit, eight data bits, parity and stop bit.
        const BITS: u64 = 11;
        const QUESTION_BYTES: u64 = 8;
        if let Some(first) = delivery.chunks.first_mut()
            && !self.held.is_empty()
        {
            let mut both = std::mem::take(&mut self.held);
            both.append(&mut first.bytes);
            first.bytes = both;
        }
        if let Some(noise) = &habits.noise {
            if let Some(first) = delivery.chunks.first_mut() {
                let before = noise.around(0, self.answers);
                first.bytes.splice(..0, before);
            }
            if let Some(last) = delivery.chunks.last_mut() {
                last.bytes.extend(noise.around(1, self.answers));
            }
        }
        let mut pause = Duration::from_millis(habits.turnaround_ms);
        if let Some(baud_rate) = habits.baud_rate {
            let bytes: usize = delivery.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
            let bits = BITS * (QUESTION_BYTES + u64::try_from(bytes).unwrap_or(u64::MAX));
            pause += Duration::from_micros(bits * 1_000_000 / u64::from(baud_rate.max(1)));
        }
        if !pause.is_zero() {
            delivery.chunks.iter_mut().for_each(|chunk| chunk.after += pause);
        }
    }

    /// Begins or ends what happens by itself.
    fn set_rhythms(&mut self, habits: &Habits, now: Instant) {
        let start = |rhythm: &mut Rhythm, every_ms: Option<u64>| match every_ms {
            Some(ms @ 1..) if rhythm.next.is_none() => {
                rhythm.next = Some(now + Duration::from_millis(ms));
            }
            Some(1..) => {}
            _ => rhythm.next = None,
        };
        start(&mut self.foreign, habits.foreign_master.as_ref().map(|master| master.every_ms));
        start(&mut self.noise, habits.noise.map(|noise| noise.every_ms));
    }

    /// The foreign master and the noise, when their time has come.
    fn happen(&mut self, now: Instant) {
        let due = |rhythm: &Rhythm| rhythm.next.is_some_and(|next| next <= now);
        if due(&self.foreign) {
            self.foreign.next = None;
            self.foreign.number += 1;
            if let Some(master) = self.units.habits().foreign_master.as_ref() {
                self.foreign.next = Some(now + Duration::from_millis(master.every_ms.max(1)));
                if let Some((unit, read)) = master.question(self.foreign.number - 1) {
                    let bytes = read.rtu_question(unit);
                    self.enqueue(Chunk { after: Duration::ZERO, bytes, reset: false }, now);
                    let answer = self.units.peek(unit, read);
                    if let Some(pdu) = answer.and_then(|answer| pdu_of(read, &answer)) {
                        let after = Duration::from_millis(master.answer_after_ms);
                        let bytes = frame(Framing::Rtu, 0, unit, &pdu);
                        self.enqueue(Chunk { after, bytes, reset: false }, now);
                    }
                }
            }
        }
        if due(&self.noise) {
            self.noise.next = None;
            self.noise.number += 1;
            if let Some(noise) = self.units.habits().noise {
                let pause = Duration::from_millis(noise.pause_ms(self.noise.number).max(1));
                self.noise.next = Some(now + pause);
                let bytes = noise.burst(self.noise.number);
                self.enqueue(Chunk { after: Duration::ZERO, bytes, reset: false }, now);
            }
        }
    }
}

fn heard_bytes(heard: std::io::Result<usize>) -> Result<(), End> {
    match heard {
        Ok(1..) => Ok(()),
        _ => Err(End::Closed),
    }
}
