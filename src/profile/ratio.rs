//! Meters behind instrument transformers that give secondary values: their profile with the
//! ratios of a place worked into its scales.

use crate::model::{Decimal, standard_point};

use super::register::{Meaning, Number, RegisterPoint, ScaleBy};
use super::types::{Profile, Protocol};

/// What the transformers in front of a meter divide by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratios {
    /// Current transformer: 200 for 1000/5 A.
    pub ct: Decimal,
    /// Voltage transformer: 100 for 10 kV/100 V.
    pub pt: Decimal,
}

impl Ratios {
    /// No transformers, or a meter that knows them.
    pub const NONE: Self = Self { ct: Decimal::whole(1), pt: Decimal::whole(1) };
}

impl Profile {
    /// The same profile giving primary values: currents times the current ratio, voltages times
    /// the voltage ratio, powers and energies times both. `None` where the product has more digits
    /// than a value can hold.
    #[must_use]
    pub fn with_ratios(&self, ratios: Ratios) -> Option<Self> {
        let mut profile = self.clone();
        let Protocol::Registers { tables, .. } = &mut profile.protocol else {
            return Some(profile);
        };
        for point in tables.iter_mut().flat_map(|table| &mut table.points) {
            scale(point, ratios)?;
        }
        Some(profile)
    }
}

fn scale(point: &mut RegisterPoint, ratios: Ratios) -> Option<()> {
    if point.meaning != Meaning::Measure || matches!(point.number, Number::String(_)) {
        return Some(());
    }
    let ratio = match unit(point.name.as_str()) {
        "A" | "a" => ratios.ct,
        "V" | "v" => ratios.pt,
        "W" | "var" | "VA" | "Wh" | "varh" | "w" | "va" | "wh" => ratios.ct.times(ratios.pt)?,
        _ => return Some(()),
    };
    let (ScaleBy::Fixed(fixed) | ScaleBy::Register { fixed, .. }) = &mut point.scale;
    *fixed = fixed.times(ratio)?;
    Some(())
}

/// The unit of a standard point, else the last word of the name.
fn unit(name: &str) -> &str {
    let last = || name.rsplit('_').next().unwrap_or_default();
    standard_point(name).map_or_else(last, |point| point.unit)
}

#[cfg(test)]
mod tests {
    use super::super::compile::tests::compiled;
    use super::*;

    fn factor(profile: &Profile, name: &str) -> f64 {
        let Protocol::Registers { tables, .. } = &profile.protocol else { panic!("registers") };
        let point = tables.iter().flat_map(|t| &t.points).find(|p| p.name.as_str() == name);
        match point.expect("a point").scale {
            ScaleBy::Fixed(fixed) | ScaleBy::Register { fixed, .. } => fixed.to_f64(),
        }
    }

    #[test]
    fn ratios_go_by_the_unit_at_the_end_of_the_name() {
        let profile = compiled(
            "[[table]]\nid = \"more\"\nfunction = \"input\"\nsource = \"s\"\npoint = [\n\
             { name = \"phase_a_current_a\", address = 0, type = \"u16\", scale = 0.01 },\n\
             { name = \"phase_a_voltage_v\", address = 1, type = \"u16\", scale = 0.1 },\n\
             { name = \"energy_import_wh\", address = 2, type = \"u32\", scale = 10 },\n\
             { name = \"power_factor\", address = 4, type = \"i16\", scale = 0.001 },\n\
             { name = \"vendor_total_wh\", address = 5, type = \"u32\", scale = 10 },\n\
             { name = \"serial_number\", address = 7, type = \"string\", words = 4 },\n]\n",
        );
        let ratio = |mantissa, exponent| Decimal { mantissa, exponent };
        let primary = profile.with_ratios(Ratios { ct: ratio(400, -1), pt: ratio(100, 0) });
        let primary = primary.expect("few digits");
        assert_eq!(factor(&primary, "phase_a_current_a"), 0.4);
        assert_eq!(factor(&primary, "phase_a_voltage_v"), 10.0);
        assert_eq!(factor(&primary, "energy_import_wh"), 40_000.0);
        assert_eq!(factor(&primary, "vendor_total_wh"), 40_000.0);
        assert_eq!(factor(&primary, "ac_power_w"), 4_000.0);
        assert_eq!(factor(&primary, "power_factor"), 0.001);
        assert_eq!(factor(&primary, "grid_freq_hz"), 0.01);
        let long = Ratios { ct: ratio(i64::MAX, 0), pt: ratio(i64::MAX, 0) };
        assert!(profile.with_ratios(long).is_none());
    }
}
