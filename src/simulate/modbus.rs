//! A Modbus TCP server for virtual devices, well-behaved or not.
//!
//! It is written by hand, some hundred lines, because a server from a library cannot be made to
//! misbehave, and because several questions in one segment must get several answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::error::SimulateError;
use super::image::RegisterImage;
use super::pdu;

/// What a unit does wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Takes the question and never answers.
    Silent,
    /// Answers after this many milliseconds; the questions behind it wait.
    Late(u64),
    /// One register less than asked, in a well-formed answer.
    ShortAnswer,
    /// One register more than asked, in a well-formed answer.
    LongAnswer,
    /// Answers in the name of the next unit.
    WrongUnit,
    /// Answers with the next transaction's number.
    WrongTransaction,
    /// Refuses every question with this exception code.
    Exception(u8),
    /// Answers with these bytes, whatever they are.
    Garbage(Vec<u8>),
}

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

#[derive(Debug, Default)]
struct Unit {
    image: Arc<RegisterImage>,
    misbehaviour: Option<Misbehaviour>,
    requests: u64,
}

/// The units behind one server; they can be changed while it runs.
#[derive(Debug, Clone)]
pub struct Units {
    units: Arc<RwLock<BTreeMap<u8, Unit>>>,
    door: Arc<watch::Sender<Door>>,
}

impl Default for Units {
    fn default() -> Self {
        let door = Arc::new(watch::Sender::new(Door::Open));
        Self { units: Arc::default(), door }
    }
}

impl Units {
    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<u8, Unit>) -> T) -> T {
        // Nothing that holds this lock can panic between two states, so a poisoned one is sound.
        change(&mut self.units.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives a unit its registers; a unit that was not there is there from now on.
    pub fn set_image(&self, unit: u8, image: RegisterImage) {
        self.change(|units| units.entry(unit).or_default().image = Arc::new(image));
    }

    /// Makes a unit misbehave, or behave again.
    pub fn set_misbehaviour(&self, unit: u8, misbehaviour: Option<Misbehaviour>) {
        self.change(|units| units.entry(unit).or_default().misbehaviour = misbehaviour);
    }

    /// Opens or closes the door of the whole server.
    pub fn set_door(&self, door: Door) {
        self.door.send_replace(door);
    }

    /// Questions that a unit has had.
    #[must_use]
    pub fn requests(&self, unit: u8) -> u64 {
        self.units
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&unit)
            .map_or(0, |unit| unit.requests)
    }

    /// The unit's image and manners at the time of a question, which is counted.
    fn ask(&self, unit: u8) -> Option<(Arc<RegisterImage>, Option<Misbehaviour>)> {
        self.change(|units| {
            let unit = units.get_mut(&unit)?;
            unit.requests += 1;
            Some((unit.image.clone(), unit.misbehaviour.clone()))
        })
    }
}

/// A running server; dropping it closes its sockets.
#[derive(Debug)]
pub struct ModbusServer {
    address: SocketAddr,
    units: Units,
    // Held for its drop, which ends the task and all connections.
    _tasks: JoinSet<()>,
}

impl ModbusServer {
    /// Listens on `address` (port 0 for any free one) and answers for `units`.
    ///
    /// # Errors
    /// [`SimulateError::Bind`].
    pub async fn start(address: SocketAddr, units: Units) -> Result<Self, SimulateError> {
        let listener = bind(address).await?;
        let address =
            listener.local_addr().map_err(|source| SimulateError::Bind { address, source })?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, address, units.clone()));
        Ok(Self { address, units, _tasks: tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its units, to change them.
    #[must_use]
    pub const fn units(&self) -> &Units {
        &self.units
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, SimulateError> {
    TcpListener::bind(address).await.map_err(|source| SimulateError::Bind { address, source })
}

/// Accepts until it is dropped. Connections live in its own set, so they end with it.
async fn accept(listener: TcpListener, address: SocketAddr, units: Units) {
    /// Pause after a failed accept or bind; both pass when other sockets are closed.
    const PAUSE: Duration = Duration::from_millis(50);
    let mut door = units.door.subscribe();
    let mut connections = JoinSet::new();
    let mut listening = Some(listener);
    loop {
        let now = *door.borrow_and_update();
        if now == Door::RefuseAll {
            listening = None;
            connections.shutdown().await;
            if door.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(listener) = &listening else {
            match bind(address).await {
                Ok(listener) => listening = Some(listener),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
            continue;
        };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if now == Door::Open => {
                    connections.spawn(converse(stream, units.clone()));
                }
                Ok((stream, _)) => drop(stream),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            changed = door.changed() => if changed.is_err() { return },
        }
    }
}

/// One connection, until the peer leaves or talks something that is not Modbus.
async fn converse(mut stream: TcpStream, units: Units) {
    // Answers are small; waiting to fill a segment would only add delay.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = Vec::with_capacity(512);
    loop {
        while let Some(step) = pdu::take_question(&mut buffer) {
            let Ok(question) = step else { return };
            if !answer(&mut stream, &units, &question).await {
                return;
            }
        }
        match stream.read_buf(&mut buffer).await {
            Ok(1..) => {}
            _ => return,
        }
    }
}

/// Answers one question; `false` ends the connection.
async fn answer(stream: &mut TcpStream, units: &Units, question: &pdu::Question) -> bool {
    let Some((image, misbehaviour)) = units.ask(question.unit) else {
        let refusal = question.exception(pdu::NO_SUCH_TARGET);
        return stream.write_all(&refusal).await.is_ok();
    };
    let mut question = question.clone();
    let bytes = match misbehaviour {
        Some(Misbehaviour::Silent) => return true,
        Some(Misbehaviour::Late(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            question.answer(&image, 0)
        }
        Some(Misbehaviour::ShortAnswer) => question.answer(&image, -1),
        Some(Misbehaviour::LongAnswer) => question.answer(&image, 1),
        Some(Misbehaviour::WrongUnit) => {
            question.unit = question.unit.wrapping_add(1);
            question.answer(&image, 0)
        }
        Some(Misbehaviour::WrongTransaction) => {
            question.transaction = question.transaction.wrapping_add(1);
            question.answer(&image, 0)
        }
        Some(Misbehaviour::Exception(code)) => question.exception(code),
        Some(Misbehaviour::Garbage(bytes)) => bytes,
        None => question.answer(&image, 0),
    };
    stream.write_all(&bytes).await.is_ok()
}
