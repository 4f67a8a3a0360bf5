//! Questions of a scan to the units behind one door: paced, counted, patient with the busy.

use std::sync::Arc;
use std::time::Duration;

use crate::profile::{BusRules, Function};
use crate::source::modbus::config::Transport;
use crate::source::modbus::decode::RegisterImage;
use crate::source::modbus::error::ReadError;
use crate::source::modbus::learn::{READS_PER_CYCLE_MAX, halve};
use crate::source::modbus::monitor::LineMonitor;
use crate::source::modbus::plan::Block;
use crate::source::modbus::sunspec::Registers;
use crate::source::modbus::wire::{Identification, Wire};

use super::pace::Pace;

/// Modbus exceptions that pass: acknowledge (wait) and busy.
const BUSY: [u8; 2] = [5, 6];
/// How long a busy device is left in peace, and how often.
const BUSY_REST: Duration = Duration::from_millis(700);
const BUSY_TRIES: usize = 3;

/// Asks behind one door.
pub(in crate::source::modbus) struct Asker {
    pace: Arc<Pace>,
    wire: Wire,
    pub(super) rules: BusRules,
}

impl Asker {
    pub(in crate::source::modbus) fn new(
        pace: Arc<Pace>,
        answer_ms: u32,
        transport: Transport,
    ) -> Self {
        let monitor = LineMonitor::new("scan", transport.as_str());
        let wire = Wire::new(transport, Arc::new(monitor));
        let rules = BusRules {
            port: 0,
            unit: 0,
            registers_per_read_max: 64,
            read_through_max: 0,
            window_registers: 0,
            gap_ms: 10,
            pause_after_connect_ms: 0,
            timeout_ms: answer_ms,
            connections_max: 1,
            close_after_cycle: false,
        };
        Self { pace, wire, rules }
    }

    /// Some devices are deaf for a while after the connection is made, and slow.
    pub(super) fn be_patient(&mut self, pause: Duration, times: u32) {
        self.wire.drop_connection();
        self.rules.pause_after_connect_ms = u32::try_from(pause.as_millis()).unwrap_or(u32::MAX);
        self.rules.timeout_ms = self.rules.timeout_ms.saturating_mul(times);
    }

    /// The rules of a profile, with the patience of the scan.
    pub(super) fn rules_of(&self, bus: &BusRules) -> BusRules {
        BusRules {
            timeout_ms: self.rules.timeout_ms,
            pause_after_connect_ms: self.rules.pause_after_connect_ms,
            gap_ms: bus.gap_ms.max(self.rules.gap_ms),
            ..bus.clone()
        }
    }

    pub(in crate::source::modbus) async fn read(
        &mut self,
        unit: u8,
        function: Function,
        start: u16,
        count: u16,
    ) -> Result<Vec<u16>, ReadError> {
        let rules = self.rules.clone();
        self.read_by(&rules, unit, function, start, count).await
    }

    pub(super) async fn read_by(
        &mut self,
        rules: &BusRules,
        unit: u8,
        function: Function,
        start: u16,
        count: u16,
    ) -> Result<Vec<u16>, ReadError> {
        let mut tries = 0;
        loop {
            self.pace.turn().await;
            match self.wire.read(unit, function, start, count, rules).await {
                Err(ReadError::Exception(code)) if BUSY.contains(&code) && tries < BUSY_TRIES => {
                    tries += 1;
                    tokio::time::sleep(BUSY_REST).await;
                }
                answer => return answer,
            }
        }
    }

    /// Reads what can be read of a block that was refused as a whole.
    pub(super) async fn halve(
        &mut self,
        rules: &BusRules,
        unit: u8,
        block: &Block,
        exception: u8,
    ) -> Vec<(Block, RegisterImage)> {
        let mut budget = READS_PER_CYCLE_MAX;
        let halving = halve(&mut self.wire, unit, block, exception, rules, &mut budget).await;
        // The pace counts afterwards what was asked in one go.
        for _ in &halving.read {
            self.pace.turn().await;
        }
        halving.read
    }

    pub(super) async fn identify(&mut self, unit: u8) -> Result<Identification, ReadError> {
        self.pace.turn().await;
        let rules = self.rules.clone();
        self.wire.identify(unit, &rules).await
    }

    /// The holding registers of one unit, for walks.
    pub(super) const fn holding(&mut self, unit: u8) -> Holding<'_> {
        Holding { asker: self, unit }
    }
}

/// The holding registers of one unit.
pub(super) struct Holding<'a> {
    asker: &'a mut Asker,
    unit: u8,
}

impl Registers for Holding<'_> {
    async fn read(&mut self, start: u16, count: u16) -> Result<Vec<u16>, ReadError> {
        self.asker.read(self.unit, Function::Holding, start, count).await
    }
}
