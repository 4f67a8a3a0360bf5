//! A virtual machine's life on the broker: connect with a last will, tell the state at once when
//! it changes and at every heartbeat, drop off when the script says so, come back.

use std::net::SocketAddr;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::clock::SharedClock;

use super::broker::PAYLOAD_BYTES_MAX;
use super::kiosk::{Kiosk, KioskTrouble};

/// Pause before the next try to connect.
const RETRY: Duration = Duration::from_secs(1);
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// One machine and all it needs to talk.
pub(super) struct Session {
    pub(super) kiosk: Kiosk,
    pub(super) broker: SocketAddr,
    pub(super) clock: SharedClock,
    pub(super) heartbeat: Duration,
    /// Time of the first heartbeat after the start, so that forty machines do not speak at once.
    pub(super) offset: Duration,
    pub(super) troubles: watch::Receiver<Vec<KioskTrouble>>,
}

impl Session {
    /// Runs until it is dropped or the hall has gone.
    pub(super) async fn run(mut self) {
        loop {
            let online = |troubles: &Vec<KioskTrouble>| !troubles.contains(&KioskTrouble::Offline);
            if self.troubles.wait_for(online).await.is_err() {
                return;
            }
            let (client, events) = AsyncClient::new(self.options(), 16);
            // Its end drops the socket without a DISCONNECT, so the broker publishes the will.
            if self.talk(&client, events).await.is_err() {
                return;
            }
        }
    }

    fn options(&self) -> MqttOptions {
        let spec = self.kiosk.spec();
        let mut options =
            MqttOptions::new(spec.id.clone(), self.broker.ip().to_string(), self.broker.port());
        options.set_keep_alive(KEEP_ALIVE);
        // The client sets aside room for as many messages as this, 13 MB if nobody says how many.
        options.set_outgoing_inflight_upper_limit(8);
        options.set_max_packet_size(u32::try_from(PAYLOAD_BYTES_MAX).ok());
        let will = LastWill::new(spec.topic(), spec.will(), QoS::AtLeastOnce, true, None);
        options.set_last_will(will);
        options
    }

    /// Talks until the machine goes offline; an error when nobody holds its strings any more.
    async fn talk(
        &mut self,
        client: &AsyncClient,
        mut events: EventLoop,
    ) -> Result<(), watch::error::RecvError> {
        let mut beat = interval_at(Instant::now() + self.offset, self.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connected = false;
        loop {
            tokio::select! {
                event = events.poll() => match event {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        connected = true;
                        self.tell(client);
                    }
                    Ok(_) => {}
                    Err(_) => {
                        connected = false;
                        tokio::time::sleep(RETRY).await;
                    }
                },
                _ = beat.tick(), if connected => {
                    self.step();
                    self.tell(client);
                }
                changed = self.troubles.changed() => {
                    changed?;
                    if self.troubles.borrow().contains(&KioskTrouble::Offline) {
                        return Ok(());
                    }
                    if self.step() && connected {
                        self.tell(client);
                    }
                }
            }
        }
    }

    fn step(&mut self) -> bool {
        let troubles = self.troubles.borrow_and_update().clone();
        self.kiosk.step(self.clock.now(), &troubles)
    }

    fn tell(&mut self, client: &AsyncClient) {
        let message = self.kiosk.message(self.clock.now());
        let topic = self.kiosk.spec().topic();
        // A full queue means that the broker is away; the next heartbeat tells the state anyway.
        client.try_publish(topic, QoS::AtLeastOnce, true, message).ok();
    }
}
