//! One door: which units answer behind it.

use std::sync::Arc;
use std::time::Duration;

use crate::model::text;
use crate::source::modbus::config::{Framing, Transport};

use super::asker::Asker;
use super::finding::{DoorSeen, DoorState};
use super::presence::{self, Presence};
use super::sweep::Door;
use super::{News, Scan, sniff, unit};

/// Connections in a row that a door may close before it is given up.
const TROUBLES_MAX: usize = 3;
/// Connections that cannot be made before a door is given up.
const NO_DOOR_MAX: usize = 2;
/// A door that does not open again is tried after this long: the last connection may linger.
const DOOR_REST: Duration = Duration::from_secs(1);
/// The longest deafness after connecting that is known of a device.
const DEAF: Duration = Duration::from_secs(2);
/// Such devices are slow, too: so many times the usual wait.
const DEAF_PATIENCE: u32 = 3;
/// Units that are asked again with that pause.
const DEAF_UNITS_MAX: usize = 3;

/// Asks the units behind a door, by each way until something answers.
pub(super) async fn ask(scan: &Arc<Scan>, door: &Door) {
    let units = scan.questions.units(&scan.plan.units);
    let mut seen = DoorSeen::new(&door.name, DoorState::Silent);
    note_taken(scan, door, &mut seen);
    for way in &door.ways {
        // On a line 0 means everybody; behind Modbus TCP it is the gateway itself.
        let on_line = way.framing() == Framing::Rtu;
        let units: Vec<u8> = units.iter().copied().filter(|unit| !on_line || *unit > 0).collect();
        scan.steps(units.len());
        let mut behind = Behind::new(scan, door, way);
        behind.round(&units, &mut seen).await;
        scan.change(News::Step, |state| state.done += units.len() - behind.asked);
        if behind.is_mute() && !matches!(way, Transport::Serial(_)) {
            behind.round_with_pause(&units, &mut seen).await;
        }
        seen.state = behind.state();
        if !matches!(seen.state, DoorState::Silent) {
            break;
        }
    }
    let framed_in_tcp = matches!(door.ways.as_slice(), [Transport::Tcp(_)]);
    if framed_in_tcp && matches!(seen.state, DoorState::Silent | DoorState::Closes) {
        let patience = Duration::from_millis(u64::from(scan.plan.answer_ms)) * 2;
        scan.pace.turn().await;
        if let Some(what) = sniff::sniff(&door.name, patience).await {
            seen.state = DoorState::NotModbus(what);
        } else if seen.state == DoorState::Silent {
            seen.notes.push(text!(
                "若是透传的串口服务器，请加 --rtu-over-tcp",
                "if it is a transparent serial server, try --rtu-over-tcp",
            ));
        }
    }
    scan.door_done(seen);
}

fn note_taken(scan: &Scan, door: &Door, seen: &mut DoorSeen) {
    let ids: Vec<&str> = scan.plan.taken_at(&door.name).map(|taken| &*taken.device).collect();
    if !ids.is_empty() {
        let ids = ids.join(", ");
        seen.notes.push(text!(
            "配置中已有设备在此：{ids}；hallwatch 正在运行时，只容一个连接的设备会答不出或断线，\
             请先停下它",
            "the configuration has devices here: {ids}; while hallwatch runs, a device that bears \
             one connection may not answer, or drop the line: stop it first",
        ));
    }
}

/// The units behind one door, by one way.
struct Behind<'a> {
    scan: &'a Arc<Scan>,
    door: &'a Door,
    way: &'a Transport,
    asker: Asker,
    /// Questions to find out whether a unit is there.
    questions_max: usize,
    /// Units asked.
    asked: usize,
    answers: usize,
    /// A gateway said of so many that they are not there.
    nobody: usize,
    silent: usize,
    troubles: usize,
    no_door: usize,
    /// It answers to every unit number.
    all_alike: bool,
    /// Whether the gateway itself refuses with this code for units that are not there.
    refuser: Option<(u8, bool)>,
}

impl<'a> Behind<'a> {
    fn new(scan: &'a Arc<Scan>, door: &'a Door, way: &'a Transport) -> Self {
        Self {
            scan,
            door,
            way,
            asker: Asker::new(scan.pace.clone(), scan.plan.answer_ms, way.clone()),
            questions_max: presence::LIKELY_QUESTIONS_MAX,
            asked: 0,
            answers: 0,
            nobody: 0,
            silent: 0,
            troubles: 0,
            no_door: 0,
            all_alike: false,
            refuser: None,
        }
    }

    /// It takes connections, and nothing ever came.
    const fn is_mute(&self) -> bool {
        self.answers == 0 && self.nobody == 0 && self.silent > 0
    }

    fn state(&self) -> DoorState {
        match self {
            Self { answers: 1.., .. } => DoorState::Answers(self.answers),
            Self { nobody: 1.., .. } => DoorState::Answers(0),
            Self { silent: 0, troubles: 1.., .. } => DoorState::Closes,
            Self { silent: 0, no_door: 1.., .. } => {
                let why = match self.way {
                    Transport::Serial(_) => "the port cannot be opened",
                    _ => "the connection cannot be made again",
                };
                DoorState::NoWay(why.to_owned())
            }
            _ => DoorState::Silent,
        }
    }

    /// Some devices answer nothing in the first seconds of a connection.
    async fn round_with_pause(&mut self, units: &[u8], seen: &mut DoorSeen) {
        let mut likely = self.scan.questions.likely(units);
        if likely.is_empty() {
            likely = units.to_vec();
        }
        likely.truncate(DEAF_UNITS_MAX);
        self.scan.steps(likely.len());
        self.asker.be_patient(DEAF, DEAF_PATIENCE);
        // Every silence costs a connection and its pause.
        self.questions_max = 1;
        self.round(&likely, seen).await;
        if self.answers > 0 && !self.all_alike {
            // They share the connection, so its pause is over.
            let rest: Vec<u8> =
                units.iter().copied().filter(|unit| !likely.contains(unit)).collect();
            self.scan.steps(rest.len());
            self.round(&rest, seen).await;
        }
        if self.answers > 0 {
            seen.notes.push(text!(
                "连接后约 {} 秒内不应答",
                "it answers nothing in the first {} s of a connection",
                DEAF.as_secs(),
            ));
        }
    }

    async fn is_there(&mut self, unit: u8) -> Presence {
        presence::is_there(&mut self.asker, &self.scan.questions, unit, self.questions_max).await
    }

    async fn round(&mut self, units: &[u8], seen: &mut DoorSeen) {
        for unit in units.iter().copied() {
            self.scan.change(News::Asking(self.door.name.clone(), unit), |_| ());
            let presence = self.is_there(unit).await;
            self.asked += 1;
            self.scan.step();
            match &presence {
                Presence::Nobody => self.nobody += 1,
                Presence::Silent => self.silent += 1,
                Presence::Trouble => self.troubles += 1,
                Presence::NoDoor => {
                    self.no_door += 1;
                    tokio::time::sleep(DOOR_REST).await;
                }
                Presence::Words(..) | Presence::Refused(..) => {
                    if !self.unit(unit, &presence, seen).await {
                        self.all_alike = true;
                        return;
                    }
                }
            }
            let lost = self.troubles >= TROUBLES_MAX && self.answers + self.nobody == 0;
            if lost || self.no_door >= NO_DOOR_MAX {
                return;
            }
        }
    }

    /// Describes a unit that is there. `false` when all others would be the same device again.
    async fn unit(&mut self, unit: u8, first: &Presence, seen: &mut DoorSeen) -> bool {
        // What real devices say of registers that they do not have is no sign of absence.
        if let Presence::Refused(_, code) = first
            && self.refuser == Some((*code, true))
            && !matches!(code, 2 | 3)
        {
            self.nobody += 1;
            return true;
        }
        let place = (self.door, self.way);
        let (finding, proof) = unit::describe(self.scan, &mut self.asker, place, unit).await;
        // On a line only those answer that are there.
        let through_gateway = !matches!(self.way, Transport::Serial(_));
        let says_nothing = finding.candidates.is_empty()
            && finding.sunspec.is_none()
            && finding.identification.is_empty();
        if let Presence::Refused(question, code) = first
            && says_nothing
            && through_gateway
        {
            let refused = (*question, *code);
            let refuses = match self.refuser {
                Some((of, refuses)) if of == *code => refuses,
                _ => presence::ghost_refuses(&mut self.asker, unit, refused).await,
            };
            self.refuser = Some((*code, refuses));
            if refuses {
                self.nobody += 1;
                return true;
            }
        }
        self.answers += 1;
        self.scan.found(finding);
        let question = match (first, proof) {
            (_, Some(proof)) => Some(proof),
            (Presence::Words(question, _), None) => Some(*question),
            _ => None,
        };
        let Some(question) = question.filter(|_| through_gateway && self.answers == 1) else {
            return true;
        };
        let for_all = presence::ghosts_answer(&mut self.asker, unit, question).await;
        if for_all {
            seen.notes.push(text!(
                "它对任何站号都应答，只列出一台",
                "it answers to every unit number, so one device is listed",
            ));
        }
        !for_all
    }
}
