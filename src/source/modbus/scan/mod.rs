//! Finding devices: doors that open, units behind them, and the profiles that fit them.
//!
//! Hosts are knocked at side by side, but never faster than the plan allows; behind one door one
//! question is asked at a time. Each unit that answers is walked for SunSpec models, asked what it
//! is, and its registers are compared with the marks of all profiles. What is said about a device
//! is a judgement with its reasons, never a bare name. One bad door costs the others nothing.

pub(super) mod asker;
mod block;
mod door;
mod evidence;
mod finding;
mod judge;
pub(super) mod pace;
mod plan;
mod presence;
mod sniff;
mod sunspec;
mod sweep;
mod unit;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::profile::{Catalog, Profile};

pub use block::{BlockOptions, config_block};
pub use finding::{
    Candidate, DoorSeen, DoorState, Finding, Identity, ModelSeen, ScanReport, SunspecSeen, Sureness,
};
pub use plan::{
    ANSWER_MS_DEFAULT, RATE_DEFAULT, ScanError, ScanPlan, SerialSettings, Taken, Target, UnitChoice,
};

pub use sweep::name_of as door_name;

use pace::Pace;
use presence::Questions;
use sweep::Door;

/// Doors whose units are asked at the same time.
const DOORS_AT_ONCE: usize = 16;

/// How far a scan is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Steps done: addresses knocked at, and units asked.
    pub done: usize,
    /// Steps known so far; it grows with every door that opens.
    pub of: usize,
    /// What happened.
    pub news: News,
}

/// What happened in a scan.
#[derive(Debug, Clone)]
pub enum News {
    /// A step more.
    Step,
    /// This unit behind this door is asked now.
    Asking(String, u8),
    /// A door that opens.
    Open(String),
    /// A device.
    Found(Box<Finding>),
    /// A door is done.
    Done(Box<DoorSeen>),
}

type Told = Box<dyn Fn(Progress) + Send + Sync>;

/// What all tasks of one scan share.
struct Scan {
    plan: ScanPlan,
    profiles: Vec<Arc<Profile>>,
    questions: Questions,
    pace: Arc<Pace>,
    state: Mutex<State>,
    told: Told,
}

#[derive(Default)]
struct State {
    report: ScanReport,
    done: usize,
    of: usize,
}

impl Scan {
    fn change<T>(&self, news: News, change: impl FnOnce(&mut State) -> T) -> T {
        let (changed, done, of) = {
            // Nothing that holds this lock can panic between two states.
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (change(&mut state), state.done, state.of)
        };
        (self.told)(Progress { done, of, news });
        changed
    }

    fn steps(&self, more: usize) {
        self.change(News::Step, |state| state.of += more);
    }

    fn step(&self) {
        self.change(News::Step, |state| state.done += 1);
    }

    fn found(&self, finding: Finding) {
        let news = News::Found(Box::new(finding.clone()));
        self.change(news, |state| state.report.devices.push(finding));
    }

    fn door_done(&self, seen: DoorSeen) {
        let news = News::Done(Box::new(seen.clone()));
        self.change(news, |state| state.report.doors.push(seen));
    }
}

/// Scans until all is asked, the time of the plan is over, or `stop` is cancelled; what was found
/// by then is returned, best known first come first.
pub async fn scan(
    plan: ScanPlan,
    catalog: &Catalog,
    progress: impl Fn(Progress) + Send + Sync + 'static,
    stop: CancellationToken,
) -> ScanReport {
    let profiles: Vec<_> = catalog.iter().cloned().collect();
    let time_max = plan.time_max;
    let scan = Arc::new(Scan {
        questions: Questions::of(&profiles),
        pace: Arc::new(Pace::new(plan.rate_per_s)),
        plan,
        profiles,
        state: Mutex::default(),
        told: Box::new(progress),
    });
    let whole = tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time_max) => false,
        () = all(&scan) => true,
    };
    let mut report = {
        let mut state = scan.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.report)
    };
    report.whole = whole;
    report.devices.sort_by_key(Finding::order);
    report
}

/// Knocks at all doors, and asks behind those that open.
async fn all(scan: &Arc<Scan>) {
    let doors: Vec<Door> = sweep::doors(scan);
    scan.steps(doors.len());
    let (knocks, rooms) =
        (Arc::new(Semaphore::new(sweep::KNOCKS_AT_ONCE)), Arc::new(Semaphore::new(DOORS_AT_ONCE)));
    let mut tasks = JoinSet::new();
    for door in doors {
        // No more tasks than knocks: a /16 is not 65,536 tasks.
        let Ok(knock) = knocks.clone().acquire_owned().await else { break };
        let (scan, rooms) = (scan.clone(), rooms.clone());
        tasks.spawn(async move {
            let opened = sweep::opens(&scan, &door).await;
            drop(knock);
            scan.step();
            if opened && let Ok(_room) = rooms.acquire_owned().await {
                door::ask(&scan, &door).await;
            }
        });
        while tasks.try_join_next().is_some() {}
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!("a door's task panicked; the others go on");
        }
    }
}
