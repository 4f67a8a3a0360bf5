//! A device that says nothing: asleep, not heard yet, or not reachable, and what is in between.

use crate::model::{DeviceKind, LinkFault, LinkState, Text, Timestamp, text};

use super::board::{Board, DeviceLive};
use super::health::{Health, HealthState, Why};
use super::limits::{
    EVENING_ELEVATION_DEG, FADING_ELEVATION_DEG, HOUR_MS, LATE_AFTERNOON_ELEVATION_DEG,
    MORNING_ELEVATION_DEG, NIGHT_HOURS_MAX, STRONG, STRONG_W,
};
use super::peers::{OnLine, Peers, Siblings, Voice};

impl Board {
    pub(super) fn silent(&self, live: &DeviceLive, peers: &Peers) -> Health {
        let mut awake = None;
        if live.device.kind == DeviceKind::Inverter {
            let siblings = peers.siblings(&live.device, Voice::Silent);
            awake = awake_siblings(peers, &siblings);
            if awake.is_none()
                && let Some(asleep) = self.asleep(live, peers, &siblings)
            {
                return asleep;
            }
        }
        self.unreachable(live, peers, awake)
    }

    /// Asleep, or perhaps so; `None` when neither sun nor siblings speak for it.
    fn asleep(&self, live: &DeviceLive, peers: &Peers, siblings: &Siblings<'_>) -> Option<Health> {
        if self.worked_in_the_dark(live) {
            return None;
        }
        let dark = peers.dark();
        if dark && live.last_seen.is_some_and(|seen| self.went_to_sleep(live, seen, peers)) {
            let reason = Text::new(
                "日落后停机休眠，日出后应自动恢复",
                "asleep after sunset, should be back after sunrise",
            );
            return Some(Health::because(HealthState::Asleep, Why::Night, reason));
        }
        if siblings.all_silent()
            && live.last_received.is_some_and(|heard| self.faded(live, heard, peers, siblings))
        {
            let others = siblings.others;
            let reason = text!(
                "光照不足，与同组其余 {others} 台先后停机休眠（阴天、积雪或遮挡）",
                "asleep like its {others} siblings: the light faded for all of them \
                 (cloud, snow or a high horizon)",
            );
            return Some(Health::because(HealthState::Asleep, Why::LikeSiblings, reason));
        }
        // It may have gone to sleep while we were not listening.
        let unheard = live.last_received.is_none_or(|heard| heard < self.listening_since);
        let early = dark
            || siblings.all_silent() && !peers.setting && peers.sun_deg < MORNING_ELEVATION_DEG;
        if unheard && early && self.dark(self.listening_since) {
            let why = fault_of(live)
                .map_or_else(|| Text::new("尚无应答", "no answer yet"), LinkFault::text);
            let Text { zh, en } = why;
            let reason = text!(
                "启动以来未收到数据，可能在夜间休眠。{zh}",
                "not heard since the start, perhaps asleep for the night: {en}",
            );
            return Some(Health::because(HealthState::Waiting, Why::Unheard, reason));
        }
        None
    }

    /// By its last word it worked where no sun was: the site's coordinates or somebody's clock are
    /// wrong, and the sun can excuse nothing.
    fn worked_in_the_dark(&self, live: &DeviceLive) -> bool {
        let limit_w = live.device.rated_power_w.map_or(STRONG_W, |rated_w| rated_w * STRONG);
        live.last_seen.is_some_and(|seen| self.sun_deg(seen) < 0.0)
            && live.number("ac_power_w").is_some_and(|power_w| power_w >= limit_w)
    }

    /// It was last heard this evening, by the sun and its own ramp-down; not at noon, not in the
    /// morning, not yesterday: the sun has not been higher since.
    fn went_to_sleep(&self, live: &DeviceLive, seen: Timestamp, peers: &Peers) -> bool {
        let sun_deg = self.sun_deg(seen);
        let night = peers.now.since_ms(seen) / HOUR_MS <= NIGHT_HOURS_MAX;
        let highest = peers.highest_since(seen).filter(|_| night);
        if highest.is_none_or(|highest| highest > sun_deg.max(EVENING_ELEVATION_DEG)) {
            return false;
        }
        sun_deg < EVENING_ELEVATION_DEG
            || sun_deg < LATE_AFTERNOON_ELEVATION_DEG && live.ramped_down()
    }

    /// It ramped down with most of its siblings in a light that faded, and there has not been more
    /// light since. Who stopped at full power did not stop for the light.
    fn faded(
        &self,
        live: &DeviceLive,
        heard: Timestamp,
        peers: &Peers,
        siblings: &Siblings<'_>,
    ) -> bool {
        let sun_deg = self.sun_deg(heard);
        let limit_deg = sun_deg.max(MORNING_ELEVATION_DEG);
        live.ramped_down()
            && sun_deg < FADING_ELEVATION_DEG
            && peers.highest_since(heard).is_some_and(|highest| highest <= limit_deg)
            && siblings.faded_with(heard)
    }

    /// Silent when it should not be: which part of the way to look at.
    fn unreachable(&self, live: &DeviceLive, peers: &Peers, awake: Option<Text>) -> Health {
        let fault = fault_of(live);
        let seen = fault.map_or_else(|| Text::new("没有数据", "no data"), LinkFault::text);
        let (line, awake_why) = (peers.on_line(live), awake.is_some());
        let (why, clause) = match line {
            OnLine::AllSilent { devices, at_once } => {
                (Why::LineSilent, Some(line_words(fault, devices, at_once)))
            }
            OnLine::Answer { speaking, others } => {
                let clause = text!(
                    "同一线路其余 {others} 台中 {speaking} 台正常应答，线路是通的，查本机",
                    "the line works, {speaking} of {others} others on it answer: look at this device",
                );
                (Why::AloneSilent, Some(clause))
            }
            OnLine::Alone if awake_why => (Why::SiblingsAwake, None),
            OnLine::Alone => (Why::Silent, None),
        };
        let clauses: Vec<Text> = std::iter::once(seen).chain(clause).chain(awake).collect();
        let join = |pick: fn(&Text) -> &str, stop: &str| {
            clauses.iter().map(pick).collect::<Vec<_>>().join(stop)
        };
        let cause = Text::new(join(|text| &text.zh, "；"), join(|text| &text.en, "; "));
        // Whole, though some of it may lie before this start.
        let heard = live.last_received.unwrap_or(self.listening_since);
        let age = duration(peers.now.since_ms(heard).max(0));
        let reason = Text::new(
            format!("已 {} 无数据。{}", age.zh, cause.zh),
            format!("silent for {}: {}", age.en, cause.en),
        );
        Health::because(HealthState::Offline, why, reason).lasting(cause)
    }
}

/// What the siblings do that a healthy inverter would do too, if they do it.
fn awake_siblings(peers: &Peers, siblings: &Siblings<'_>) -> Option<Text> {
    if siblings.surely_awake() {
        return Some(siblings.making());
    }
    // In the evening inverters tire one after the other; in the morning all wake.
    (siblings.up() && !peers.setting).then(|| {
        let Text { zh, en } = siblings.making();
        text!("同组早已醒来，本机没有醒：{zh}", "it did not wake up with its siblings: {en}",)
    })
}

/// Nobody on the line answers: where the fault is, by what the way there says.
fn line_words(fault: Option<LinkFault>, devices: usize, at_once: bool) -> Text {
    let logger_answers = fault == Some(LinkFault::NoTarget);
    match (logger_answers, at_once) {
        (true, _) => text!(
            "采集器在线，其下 {devices} 台全部无应答：查采集器后的 RS-485 总线和这些设备的供电",
            "the logger answers, none of the {devices} devices behind it does: check the RS-485 \
             bus behind it and their supply",
        ),
        (_, true) => text!(
            "同一线路 {devices} 台同时失联：是线路或采集器的问题，不是设备本身",
            "all {devices} devices of its line fell silent at once: the line or the logger, not the \
             devices",
        ),
        _ => text!(
            "同一线路 {devices} 台全部无应答：先查线路和采集器",
            "all {devices} devices of its line are silent: check the line and the logger first",
        ),
    }
}

fn fault_of(live: &DeviceLive) -> Option<LinkFault> {
    match &live.link {
        Some(LinkState::Down { fault, .. }) => Some(*fault),
        _ => None,
    }
}

/// A duration in words: seconds, minutes or hours.
fn duration(ms: i64) -> Text {
    let seconds = ms / 1000;
    match seconds {
        0..=119 => Text::new(format!("{seconds} 秒"), format!("{seconds} s")),
        120..=7199 => Text::new(format!("{} 分钟", seconds / 60), format!("{} min", seconds / 60)),
        _ => Text::new(format!("{} 小时", seconds / 3600), format!("{} h", seconds / 3600)),
    }
}
