//! The readings of a hall: inverters with gaps, meters around midnights and changes of the clocks,
//! kiosks that all report at the same moment, and a sensor that reported until now.

use hallwatch::query::Value;

use super::memory::Memory;

/// 2023-11-14 22:13:20 UTC.
const START: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;

/// Numbers that look random and are always the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % bound
    }

    /// In steps of an eighth, so that sums have no rounding.
    fn float(&mut self, below: i64) -> Value {
        Value::Float(self.below(below * 8) as f64 / 8.0)
    }
}

pub(crate) fn fill(now_ms: i64) -> Memory {
    let mut memory = Memory::default();
    let mut dice = Dice(7);
    inverters(&mut memory, &mut dice);
    meters(&mut memory, &mut dice);
    kiosks(&mut memory, &mut dice);
    sensor(&mut memory, &mut dice, now_ms);
    memory
}

fn inverters(memory: &mut Memory, dice: &mut Dice) {
    let zones = ["roof-east", "roof-east", "roof-west", "roof west"];
    for (at, zone) in zones.into_iter().enumerate() {
        let device = format!("INV-{:02}", at + 1);
        let mut tags = vec![
            ("device", device.as_str()),
            ("site", "hall"),
            ("zone", zone),
            ("kind", "inverter"),
        ];
        if at < 3 {
            tags.push(("model", if at == 0 { "sun2000" } else { "sg110" }));
        }
        let mut energy = 1000.0 * (at as f64 + 1.0);
        for step in 0..360 {
            // Each is silent for a while, one quite often.
            if (60 * at..60 * at + 25).contains(&step) || (at == 2 && dice.below(4) == 0) {
                continue;
            }
            energy = if step == 200 { 0.0 } else { energy + dice.below(16) as f64 / 16.0 };
            let ms = START + 10_000 * step as i64 + 137 * at as i64;
            let mut fields = vec![
                ("ac_power_w", dice.float(5000)),
                ("ac_energy_kwh", Value::Float(energy)),
                ("state", Value::Integer(dice.below(5))),
            ];
            if step % 3 != 0 {
                fields.push(("online", Value::Boolean(dice.below(3) > 0)));
            }
            if at != 3 && step % 7 == 0 {
                fields.push(("temperature_c", dice.float(80)));
            }
            memory.put("pv_inverter", &tags, ms, &fields);
        }
    }
}

fn meters(memory: &mut Memory, dice: &mut Dice) {
    // Around midnights in Shanghai, and the two changes of the clocks in Berlin in 2024.
    let spans =
        [(1_704_816_000_000, 17, 4), (1_711_800_000_000, 10, 3), (1_729_900_000_000, 10, 4)];
    for (at, device) in ["M-1", "M-2"].into_iter().enumerate() {
        let tags = [("device", device), ("site", "hall"), ("zone", "cellar"), ("kind", "meter")];
        let mut import = 0;
        for (start, minutes, days) in spans {
            let steps = days * 24 * 60 / minutes;
            for step in 0..steps {
                import += dice.below(9);
                let ms = start + step * minutes * MINUTE + 61 * at as i64;
                let fields = [
                    ("power_w", dice.float(9000)),
                    ("import_wh", Value::Integer(import)),
                    ("ac_power_w", dice.float(100)),
                ];
                memory.put("meter", &tags, ms, &fields);
            }
        }
    }
}

fn kiosks(memory: &mut Memory, dice: &mut Dice) {
    for device in ["K-1", "K-2", "K-3"] {
        let tags = [("device", device), ("site", "hall"), ("zone", "lobby"), ("kind", "kiosk")];
        for step in 0..60 {
            let fields = [
                ("sessions", Value::Integer(step * 7 % 13)),
                ("cpu_percent", dice.float(100)),
                ("online", Value::Boolean(step % 5 > 0)),
            ];
            memory.put("kiosk", &tags, START + 5000 * step, &fields);
        }
    }
}

fn sensor(memory: &mut Memory, dice: &mut Dice, now_ms: i64) {
    let tags = [("device", "ENV-1"), ("site", "hall"), ("zone", "lobby"), ("kind", "env_sensor")];
    let last = now_ms - now_ms.rem_euclid(MINUTE) - MINUTE + 7;
    for step in 0..180 {
        memory.put("env_sensor", &tags, last - step * MINUTE, &[("lux", dice.float(900))]);
    }
}
