//! The units behind one server or on one line.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::watch;

use crate::source::modbus::recording::Answer;

use super::habits::Habits;
use super::identity::Identity;
use super::image::RegisterImage;
use super::misbehaviour::Misbehaviour;
use super::question::{ILLEGAL_ADDRESS, Read};

/// How the server meets those who connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// As it should.
    Open,
    /// Accepts and closes at once: a device whose only connection is taken.
    CloseAfterAccept,
    /// Does not listen: connections are refused, and those that were open are cut.
    RefuseAll,
}

/// What answers reads of registers.
pub trait Device: Send + Sync {
    /// The answer to one read. It is asked at the time of the question, whenever the answer goes.
    fn read(&self, read: Read) -> Reply;
}

/// What a device answers, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// Time until it goes.
    pub after: Duration,
}

impl Device for RegisterImage {
    fn read(&self, read: Read) -> Reply {
        let words = Self::read(self, read.function, read.start, read.count);
        words.map_or(Answer::Exception(ILLEGAL_ADDRESS), Answer::Words).into()
    }
}

/// Registers made at the time of the question.
impl<F: Fn(Read) -> Answer + Send + Sync> Device for F {
    fn read(&self, read: Read) -> Reply {
        self(read).into()
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, after: Duration::ZERO }
    }
}

struct Unit {
    device: Arc<dyn Device>,
    identity: Option<Arc<Identity>>,
    misbehaviours: Arc<[Misbehaviour]>,
    requests: AtomicU64,
}

impl Default for Unit {
    fn default() -> Self {
        Self {
            device: Arc::new(RegisterImage::default()),
            identity: None,
            misbehaviours: Arc::default(),
            requests: AtomicU64::default(),
        }
    }
}

/// A unit at the time of a question.
pub(super) struct Asked {
    pub(super) device: Arc<dyn Device>,
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) misbehaviours: Arc<[Misbehaviour]>,
    /// Number of this question to this unit, from 1.
    pub(super) number: u64,
}

#[derive(Default)]
struct Inside {
    units: BTreeMap<u8, Unit>,
    habits: Arc<Habits>,
}

/// The units behind one server; they can be changed while it runs.
#[derive(Clone)]
pub struct Units {
    inside: Arc<RwLock<Inside>>,
    connections: Arc<AtomicU64>,
    door: Arc<watch::Sender<Door>>,
}

impl std::fmt::Debug for Units {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.inside().units.keys()).finish()
    }
}

impl Default for Units {
    fn default() -> Self {
        let door = Arc::new(watch::Sender::new(Door::Open));
        Self { inside: Arc::default(), connections: Arc::default(), door }
    }
}

impl Units {
    fn change(&self, unit: u8, change: impl FnOnce(&mut Unit)) {
        // Nothing that holds this lock can panic between two states, so a poisoned one is sound.
        let mut inside = self.inside.write().unwrap_or_else(PoisonError::into_inner);
        change(inside.units.entry(unit).or_default());
    }

    fn inside(&self) -> RwLockReadGuard<'_, Inside> {
        self.inside.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a unit its registers; a unit that was not there is there from now on.
    pub fn set_image(&self, unit: u8, image: RegisterImage) {
        self.set_device(unit, Arc::new(image));
    }

    /// Lets something else than an image answer for a unit.
    pub fn set_device(&self, unit: u8, device: Arc<dyn Device>) {
        self.change(unit, |unit| unit.device = device);
    }

    /// Gives a unit an identification (function 0x2B), or takes it away.
    pub fn set_identity(&self, unit: u8, identity: Option<Identity>) {
        self.change(unit, |unit| unit.identity = identity.map(Arc::new));
    }

    /// Makes a unit misbehave in one way or in several, or (`None`) behave again.
    pub fn set_misbehaviour(&self, unit: u8, wrong: impl IntoIterator<Item = Misbehaviour>) {
        let wrong: Arc<[Misbehaviour]> = wrong.into_iter().collect();
        self.change(unit, |unit| unit.misbehaviours = wrong);
    }

    /// Takes a unit away, as if its cable were cut.
    pub fn remove(&self, unit: u8) {
        self.inside.write().unwrap_or_else(PoisonError::into_inner).units.remove(&unit);
    }

    /// Sets the ways of the whole line or server; they hold from the next question on.
    pub fn set_habits(&self, habits: Habits) {
        let habits = Arc::new(habits);
        self.inside.write().unwrap_or_else(PoisonError::into_inner).habits = habits;
    }

    /// Opens or closes the door of the whole server.
    pub fn set_door(&self, door: Door) {
        self.door.send_replace(door);
    }

    /// Questions that a unit has had.
    #[must_use]
    pub fn requests(&self, unit: u8) -> u64 {
        self.inside().units.get(&unit).map_or(0, |unit| unit.requests.load(Ordering::Relaxed))
    }

    /// Connections that were accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn door(&self) -> watch::Receiver<Door> {
        self.door.subscribe()
    }

    pub(super) fn habits(&self) -> Arc<Habits> {
        self.inside().habits.clone()
    }

    /// The unit at the time of a question, which is counted.
    pub(super) fn ask(&self, unit: u8) -> Option<Asked> {
        let inside = self.inside();
        let unit = inside.units.get(&unit)?;
        Some(Asked {
            device: unit.device.clone(),
            identity: unit.identity.clone(),
            misbehaviours: unit.misbehaviours.clone(),
            number: unit.requests.fetch_add(1, Ordering::Relaxed) + 1,
        })
    }

    /// What a unit's registers hold, without a question.
    pub(super) fn peek(&self, unit: u8, read: Read) -> Option<Answer> {
        let device = self.inside().units.get(&unit)?.device.clone();
        Some(device.read(read).answer)
    }
}
