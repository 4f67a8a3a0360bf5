//! How other rooms start the channels, look at them and try them.

use std::sync::Arc;
use std::time::Duration;

use crate::alert::{ChannelState, Channels};
use crate::clock::SharedClock;
use crate::journal::Journal;
use crate::model::{Text, near, text};
use crate::supervise::Supervisor;
use crate::tally::Tally;

use super::answer::Answer;
use super::config::{ChannelConfig, Config, Kind};
use super::courier::Courier;
use super::error::NotifyError;
use super::kept::Kept;
use super::message::Message;
use super::names::Names;
use super::people::People;
use super::sender::Sender;
use super::wall::Wall;

/// Longest wait for a test.
const TEST_PATIENCE: Duration = Duration::from_secs(25);

/// What the channels see of the other rooms.
#[derive(Clone)]
pub struct Context {
    /// Where they read, and note what they did.
    pub journal: Journal,
    /// The counters of the process.
    pub tally: Tally,
    /// Where they say how they do.
    pub states: Channels,
    /// What their messages are made of.
    pub surroundings: Surroundings,
}

/// What messages are made of, and where those for the wall go.
#[derive(Clone)]
pub struct Surroundings {
    /// How people call what alerts are about.
    pub names: Arc<Names>,
    /// Who can be called.
    pub people: Arc<People>,
    /// The wall clock.
    pub clock: SharedClock,
    /// The display on the wall.
    pub wall: Wall,
}

/// How a channel does.
#[derive(Debug, Clone)]
pub struct Look {
    /// Its name.
    pub name: String,
    /// The word for what it is.
    pub kind: &'static str,
    /// How it does.
    pub state: ChannelState,
}

/// A view of the channels. Clones share it.
#[derive(Clone, Default)]
pub struct Handle {
    senders: Arc<Vec<Arc<Sender>>>,
    clock: Option<SharedClock>,
    states: Channels,
    wall: Wall,
}

impl Handle {
    /// All channels, in the order of the configuration.
    #[must_use]
    pub fn look(&self) -> Vec<Look> {
        let states = self.states.look();
        let look = |sender: &Arc<Sender>| Look {
            name: sender.config.name.clone(),
            kind: sender.config.kind.as_str(),
            state: states.get(&sender.config.name).cloned().unwrap_or_default(),
        };
        self.senders.iter().map(look).collect()
    }

    /// What is announced on the wall.
    #[must_use]
    pub const fn wall(&self) -> &Wall {
        &self.wall
    }

    /// Whether there is a channel of this name.
    #[must_use]
    pub fn knows(&self, channel: &str) -> bool {
        self.senders.iter().any(|sender| sender.config.name == channel)
    }

    /// Sends a test message now, past everything that waits.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn test(&self, channel: &str) -> Result<(), Text> {
        let found = self.senders.iter().find(|sender| sender.config.name == channel);
        let names = self.senders.iter().map(|sender| sender.config.name.as_str());
        match (found, &self.clock) {
            (Some(sender), Some(clock)) => try_out(sender, clock).await,
            _ => Err(unknown(channel, names)),
        }
    }
}

async fn try_out(sender: &Sender, clock: &SharedClock) -> Result<(), Text> {
    let message = Message::test(&sender.config.name, clock.now());
    let mut reached = Vec::new();
    let kept = Kept::default();
    let sent = sender.send(&message, &kept, &mut reached);
    let Ok(answer) = tokio::time::timeout(TEST_PATIENCE, sent).await else {
        return Err(Text::new("超时未应答", "no answer in time"));
    };
    match answer {
        Answer::Taken => Ok(()),
        Answer::Refused(why) | Answer::Shut(why) | Answer::Busy(why, _) | Answer::Later(why) => {
            Err(why)
        }
    }
}

fn unknown<'a>(channel: &str, names: impl Iterator<Item = &'a str>) -> Text {
    let names: Vec<&str> = names.collect();
    if let Some(near) = near::nearest(channel, names.iter().copied()) {
        return text!(
            "没有渠道 `{channel}`；是不是想写 `{near}`？",
            "there is no channel `{channel}`; did you mean `{near}`?",
        );
    }
    let names = names.join(", ");
    match names.is_empty() {
        true => text!(
            "没有渠道 `{channel}`；在配置中添加 [[channel]]",
            "there is no channel `{channel}`; add a [[channel]] to the configuration",
        ),
        false => text!(
            "没有渠道 `{channel}`；现有：{names}",
            "there is no channel `{channel}`; there are {names}",
        ),
    }
}

/// Starts all channels.
///
/// # Errors
/// The name of the channel that cannot be used, and why; nothing runs then.
pub fn start(
    config: &Config,
    context: &Context,
    supervisor: &Supervisor,
) -> Result<Handle, (String, NotifyError)> {
    let sender = |config: &ChannelConfig| {
        let sender = Sender::new(config.clone(), &context.surroundings);
        sender.map(Arc::new).map_err(|error| (config.name.clone(), error))
    };
    let senders: Vec<_> = config.channels.iter().map(sender).collect::<Result<_, _>>()?;
    let stop = supervisor.stop_signal();
    for sender in &senders {
        let (sender, context, stop) = (sender.clone(), context.clone(), stop.clone());
        supervisor.spawn(&format!("channel {}", sender.config.name), move || {
            let (sender, context) = (sender.clone(), context.clone());
            Courier { sender, context }.run(stop.clone())
        });
    }
    let clock = Some(context.surroundings.clock.clone());
    let (states, wall) = (context.states.clone(), context.surroundings.wall.clone());
    Ok(Handle { senders: Arc::new(senders), clock, states, wall })
}

/// Sends a test message on a channel of a configuration that is not at work.
///
/// # Errors
/// Why it was not taken.
pub async fn test(
    config: &Config,
    names: Names,
    channel: &str,
    clock: SharedClock,
) -> Result<(), Text> {
    let found = config.channels.iter().find(|known| known.name == channel);
    let all = config.channels.iter().map(|known| known.name.as_str());
    let found = found.ok_or_else(|| unknown(channel, all))?;
    if matches!(found.kind, Kind::Sound) {
        return Err(Text::new(
            "墙上的播报由正在运行的网关提供：先启动网关",
            "the wall is served by the gateway that runs: start it first",
        ));
    }
    let surroundings = Surroundings {
        names: Arc::new(names),
        people: Arc::new(config.people.clone()),
        clock: clock.clone(),
        wall: Wall::default(),
    };
    let sender = Sender::new(found.clone(), &surroundings).map_err(|error| error.text())?;
    try_out(&sender, &clock).await
}
