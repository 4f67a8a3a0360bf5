//! How many reports are taken from the public: the labels hang where everybody can scan them.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::DeviceId;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Reports of one address within an hour.
const BY_CLIENT_MAX: usize = 5;
/// Reports of the whole hall within an hour.
const BY_ALL_MAX: usize = 120;

/// The reports of the last hour; never more than [`BY_ALL_MAX`].
#[derive(Debug, Default)]
pub(in crate::web) struct Gate {
    taken: VecDeque<(Instant, DeviceId, IpAddr)>,
}

impl Gate {
    /// Lets a report in and remembers it, or says how long to wait.
    pub(super) fn admit(
        &mut self,
        device: &DeviceId,
        client: IpAddr,
        now: Instant,
    ) -> Result<(), Duration> {
        let age = |at: Instant| now.saturating_duration_since(at);
        while self.taken.front().is_some_and(|(at, ..)| age(*at) >= HOUR) {
            self.taken.pop_front();
        }
        let last = self.taken.iter().rev().find(|(_, of, _)| of == device);
        if let Some((at, ..)) = last.filter(|(at, ..)| age(*at) < MINUTE) {
            return Err(MINUTE - age(*at));
        }
        let mut by_client = self.taken.iter().filter(|(.., of)| *of == client);
        let full = by_client.clone().count() >= BY_CLIENT_MAX;
        let oldest = match (full, self.taken.len() >= BY_ALL_MAX) {
            (true, _) => by_client.next(),
            (false, true) => self.taken.front(),
            (false, false) => None,
        };
        if let Some((at, ..)) = oldest {
            return Err(HOUR.saturating_sub(age(*at)));
        }
        self.taken.push_back((now, device.clone(), client));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> DeviceId {
        DeviceId::parse(&format!("tm-{n}")).expect("id")
    }

    fn client(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    #[test]
    fn a_device_is_reported_once_a_minute() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        assert_eq!(gate.admit(&id(1), client(1), start), Ok(()));
        let later = start + Duration::from_secs(59);
        assert_eq!(gate.admit(&id(1), client(2), later), Err(Duration::from_secs(1)));
        assert_eq!(gate.admit(&id(2), client(2), later), Ok(()));
        assert_eq!(gate.admit(&id(1), client(2), start + MINUTE), Ok(()));
    }

    #[test]
    fn an_address_reports_five_times_an_hour_and_refused_tries_do_not_count() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        for n in 0..5 {
            assert_eq!(gate.admit(&id(n), client(1), start), Ok(()));
        }
        for n in 5..50 {
            assert_eq!(gate.admit(&id(n), client(1), start), Err(HOUR));
        }
        assert_eq!(gate.admit(&id(5), client(2), start), Ok(()));
        assert_eq!(gate.admit(&id(6), client(1), start + HOUR), Ok(()));
    }

    #[test]
    fn the_hall_takes_120_an_hour_and_remembers_no_more() {
        let (mut gate, start) = (Gate::default(), Instant::now());
        let admitted = (0..255_u8).filter(|n| {
            let client = client(*n / 3);
            gate.admit(&id(usize::from(*n)), client, start).is_ok()
        });
        assert_eq!(admitted.count(), BY_ALL_MAX);
        assert_eq!(gate.taken.len(), BY_ALL_MAX);
        assert_eq!(gate.admit(&id(1000), client(250), start + MINUTE), Err(HOUR - MINUTE));
    }
}
