//! The shape of a file in `devices/`, as people write it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFile {
    pub(super) zh: String,
    pub(super) en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileFile {
    pub(super) id: Spanned<String>,
    pub(super) kind: Option<Spanned<String>>,
    pub(super) vendor: String,
    pub(super) name: TextFile,
    #[serde(default)]
    pub(super) models: Vec<String>,
    /// Firmware or variant that the facts are for.
    #[serde(default)]
    pub(super) variant: String,
    pub(super) source: String,
    #[serde(default = "ten")]
    pub(super) interval_s: u32,
    /// Currents, voltages, powers and energies are those behind the transformers.
    pub(super) secondary: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) caveat: Vec<CaveatFile>,
    pub(super) bus: Option<BusFile>,
    #[serde(default)]
    pub(super) table: Vec<TableFile>,
    pub(super) sunspec: Option<Spanned<SunspecFile>>,
    pub(super) mqtt: Option<Spanned<MqttFile>>,
    /// Id of a profile whose messages are this one's, too.
    pub(super) extends: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) service: Vec<ServiceFile>,
    #[serde(default)]
    pub(super) marker: Vec<MarkerFile>,
    #[serde(default)]
    pub(super) fault: Vec<FaultFile>,
    /// Read by the room of the rules.
    #[serde(default)]
    pub(super) rule: Vec<IgnoredAny>,
}

/// Something that a machine does for visitors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceFile {
    pub(super) zh: String,
    pub(super) en: String,
    /// The parts without which it cannot be done.
    pub(super) needs: Vec<Spanned<String>>,
}

/// A register by which the family is recognised.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkerFile {
    pub(super) function: Spanned<String>,
    pub(super) address: Spanned<u32>,
    #[serde(rename = "type")]
    pub(super) number: Spanned<String>,
    /// Registers of a string.
    pub(super) words: Option<Spanned<u16>>,
    pub(super) word_order: Option<Spanned<String>>,
    pub(super) scale: Option<Spanned<f64>>,
    pub(super) starts_with: Option<Spanned<Vec<String>>>,
    pub(super) one_of: Option<Spanned<Vec<i64>>>,
    pub(super) min: Option<Spanned<f64>>,
    pub(super) max: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) certain: bool,
    /// Notes for the reader of the file.
    #[serde(default)]
    #[allow(dead_code)]
    pub(super) note: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaveatFile {
    pub(super) zh: String,
    pub(super) en: String,
    /// Where it was seen.
    #[serde(default)]
    #[allow(dead_code)]
    pub(super) source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultFile {
    pub(super) code: Spanned<String>,
    pub(super) severity: Spanned<String>,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) advice: Option<TextFile>,
    #[serde(default)]
    #[allow(dead_code)]
    pub(super) source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BusFile {
    pub(super) port: u16,
    pub(super) unit: u8,
    pub(super) registers_per_read_max: Option<Spanned<u16>>,
    pub(super) read_through_max: u16,
    pub(super) window_registers: u16,
    pub(super) gap_ms: u32,
    pub(super) pause_after_connect_ms: u32,
    pub(super) timeout_ms: u32,
    pub(super) connections_max: u16,
    pub(super) close_after_cycle: bool,
    pub(super) word_order: Option<Spanned<String>>,
}

impl Default for BusFile {
    fn default() -> Self {
        Self {
            port: 502,
            unit: 1,
            registers_per_read_max: None,
            read_through_max: 0,
            window_registers: 0,
            gap_ms: 0,
            pause_after_connect_ms: 0,
            timeout_ms: 3000,
            connections_max: 1,
            close_after_cycle: false,
            word_order: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableFile {
    pub(super) id: String,
    pub(super) function: Spanned<String>,
    pub(super) source: String,
    #[serde(default = "one")]
    pub(super) every: u32,
    #[serde(default)]
    pub(super) optional: bool,
    /// First and last register of each stretch that the device refuses.
    #[serde(default)]
    pub(super) holes: Vec<[Spanned<u32>; 2]>,
    pub(super) point: Vec<PointFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PointFile {
    pub(super) name: Spanned<String>,
    /// The vendor's own register name.
    #[serde(default)]
    pub(super) vendor: String,
    pub(super) address: Spanned<u32>,
    #[serde(rename = "type")]
    pub(super) number: Spanned<String>,
    /// Registers of a string.
    pub(super) words: Option<Spanned<u16>>,
    /// Overrides the word order of the bus.
    pub(super) word_order: Option<Spanned<String>>,
    pub(super) scale: Option<Spanned<f64>>,
    /// Address of an i16 register that holds the power of ten.
    pub(super) scale_factor_address: Option<Spanned<u32>>,
    /// Raw patterns; a negative number stands for its two's complement, -1 for all ones.
    #[serde(default)]
    pub(super) not_available: Vec<i64>,
    /// Vendor number -> word of the point's vocabulary.
    pub(super) values: Option<Spanned<BTreeMap<String, String>>>,
    /// Bit number -> fault code.
    pub(super) bits: Option<Spanned<BTreeMap<String, String>>>,
    /// Vendor number -> fault code.
    pub(super) codes: Option<Spanned<BTreeMap<String, String>>>,
    pub(super) none_while: Option<NoneWhileFile>,
    /// Notes for the reader of the file.
    #[serde(default)]
    #[allow(dead_code)]
    pub(super) note: String,
}

/// A register that says whether a point counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoneWhileFile {
    pub(super) address: Spanned<u32>,
    /// Words of that register while the point has no value, or no fault.
    pub(super) values: Vec<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SunspecFile {
    #[serde(default = "bases")]
    pub(super) bases: Vec<u16>,
    /// Models whose points are taken; others on the device are listed and left.
    pub(super) models: Vec<u16>,
    /// How the common model names the makers this profile is for; none means any.
    #[serde(default)]
    pub(super) manufacturers: Vec<String>,
    /// Where this maker departs from the standard.
    #[serde(default, rename = "override")]
    pub(super) overrides: Vec<OverrideFile>,
}

/// A point of a model that a maker scales in its own way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideFile {
    pub(super) model: u16,
    pub(super) point: Spanned<String>,
    pub(super) scale: Spanned<f64>,
}

/// `devices/sunspec/model_<id>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelFile {
    pub(super) model: u16,
    pub(super) name: String,
    #[allow(dead_code)]
    pub(super) label: String,
    /// What the standard says of the length register, the repeating part left out.
    pub(super) length: Option<u16>,
    /// The shortest that is whole, too: the last register is often left out.
    pub(super) length_min: Option<u16>,
    /// More may follow that is not described here: curves of settings.
    #[serde(default)]
    pub(super) open_ended: bool,
    /// Read in every n-th cycle: nameplates change rarely.
    #[serde(default = "one")]
    pub(super) every: u32,
    #[allow(dead_code)]
    pub(super) source: String,
    #[serde(default)]
    pub(super) point: Vec<ModelPointFile>,
    pub(super) group: Option<ModelGroupFile>,
    #[serde(default)]
    pub(super) fault: Vec<FaultFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelGroupFile {
    /// Begins the fault codes of an instance: `mppt` in `mppt-3-ground-fault`.
    pub(super) id: Spanned<String>,
    /// Begins the texts of its faults; holds `{n}`.
    pub(super) label: TextFile,
    /// Offset of the first instance from the model's id register.
    pub(super) first_offset: Spanned<u16>,
    /// Registers of one instance; as many instances as the model's length holds.
    pub(super) words: Spanned<u16>,
    pub(super) point: Vec<ModelPointFile>,
}

/// A point of a SunSpec model. Points that hallwatch does not take are not listed, except those
/// that others use as scale factors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelPointFile {
    /// SunSpec's own name.
    pub(super) id: Spanned<String>,
    /// Registers from the model's id register (from the instance's start in a group).
    pub(super) offset: Spanned<u16>,
    /// SunSpec's own type: uint16, int32, acc32, enum16, bitfield32, sunssf, string, float32 ...
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    /// Registers of a string.
    pub(super) words: Option<u16>,
    /// Name of the scale-factor point, in the model's fixed part or in the same group.
    pub(super) sf: Option<Spanned<String>>,
    /// Standard point; in a group it holds `{n}`, the number of the instance from 1.
    pub(super) point: Option<Spanned<String>>,
    /// Name of the point in the first instance of a group, where that one is the device's own.
    pub(super) first: Option<Spanned<String>>,
    /// Change of unit into the standard point's, e.g. 0.01 for a percentage.
    pub(super) scale: Option<Spanned<f64>>,
    pub(super) values: Option<Spanned<BTreeMap<String, String>>>,
    pub(super) bits: Option<Spanned<BTreeMap<String, String>>>,
}

/// `[mqtt]`. The first kind of message may stand here itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MqttFile {
    pub(super) topic: Option<Spanned<String>>,
    pub(super) form: Option<Spanned<String>>,
    /// Expected time between two messages, seconds.
    pub(super) heartbeat_s: u32,
    pub(super) time: Option<MqttTimeFile>,
    pub(super) message_id: Option<Spanned<String>>,
    pub(super) claimed_id: Option<Spanned<String>>,
    pub(super) offline: Option<MqttOfflineFile>,
    #[serde(default)]
    pub(super) field: Vec<MqttFieldFile>,
    /// Further kinds of messages.
    #[serde(default)]
    pub(super) message: Vec<MqttMessageFile>,
}

impl MqttFile {
    /// The kind of message that stands in `[mqtt]` itself.
    pub(super) fn first(&self) -> Option<MqttMessageFile> {
        self.topic.as_ref()?;
        Some(MqttMessageFile {
            topic: self.topic.clone(),
            form: self.form.clone(),
            time: self.time.clone(),
            message_id: self.message_id.clone(),
            claimed_id: self.claimed_id.clone(),
            offline: self.offline.clone(),
            field: self.field.clone(),
        })
    }
}

/// One kind of message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MqttMessageFile {
    /// Topic of the device; `{zone}`, `{kind}`, `{id}` and `{mqtt_id}` are the device's own.
    pub(super) topic: Option<Spanned<String>>,
    /// json, text, homie, sparkplug or home_assistant.
    pub(super) form: Option<Spanned<String>>,
    pub(super) time: Option<MqttTimeFile>,
    /// Pointer of a number or text that is new in each message.
    pub(super) message_id: Option<Spanned<String>>,
    /// Pointer of the device's own id; another id than the topic's is refused.
    pub(super) claimed_id: Option<Spanned<String>>,
    /// A payload that means "I am gone" (the last will).
    pub(super) offline: Option<MqttOfflineFile>,
    #[serde(default)]
    pub(super) field: Vec<MqttFieldFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MqttTimeFile {
    pub(super) pointer: Spanned<String>,
    /// rfc3339, unix_s, unix_ms or a pattern with `%`.
    pub(super) format: Spanned<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MqttOfflineFile {
    pub(super) pointer: Spanned<String>,
    pub(super) values: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MqttFieldFile {
    pub(super) pointer: Spanned<String>,
    pub(super) point: Spanned<String>,
    /// number, word, flags, bool, text, days_left or faults.
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    pub(super) scale: Option<Spanned<f64>>,
    /// Added after the scale.
    pub(super) offset: Option<f64>,
    /// Vendor word or number -> word of the vocabulary; words of the vocabulary need no entry.
    pub(super) values: Option<Spanned<BTreeMap<String, String>>>,
    /// Word while none of the flags of `values` is set.
    pub(super) otherwise: Option<Spanned<String>>,
    /// Words that are not listed say nothing, instead of being wrong.
    pub(super) ignore_others: Option<Spanned<bool>>,
    /// Vendor word or number -> fault code, for type `faults` (an array of codes).
    pub(super) codes: Option<Spanned<BTreeMap<String, String>>>,
    /// How a time is written.
    pub(super) format: Option<Spanned<String>>,
    /// first, min or max, where the pointer leads to several values.
    pub(super) pick: Option<Spanned<String>>,
    /// Values that mean "none", as text.
    #[serde(default)]
    pub(super) not_available: Vec<String>,
}

const fn one() -> u32 {
    1
}

const fn ten() -> u32 {
    10
}

fn bases() -> Vec<u16> {
    vec![40_000, 0, 50_000]
}
