//! The protobuf form of Sparkplug's messages, as far as it is read.

use prost::Message;

use crate::source::mqtt::json::Json;
use crate::source::mqtt::refusal::Refusal;

/// A message of a node or a device.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Payload {
    /// Milliseconds since 1970.
    #[prost(uint64, optional, tag = "1")]
    pub(super) timestamp: Option<u64>,
    #[prost(message, repeated, tag = "2")]
    pub(super) metrics: Vec<Metric>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) seq: Option<u64>,
}

/// One value. Data sets, templates, bytes and properties are left out.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Metric {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) alias: Option<u64>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "4")]
    pub(super) datatype: Option<u32>,
    #[prost(bool, optional, tag = "5")]
    pub(super) is_historical: Option<bool>,
    #[prost(bool, optional, tag = "7")]
    pub(super) is_null: Option<bool>,
    #[prost(oneof = "Held", tags = "10, 11, 12, 13, 14, 15")]
    pub(super) value: Option<Held>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Held {
    #[prost(uint32, tag = "10")]
    Int(u32),
    #[prost(uint64, tag = "11")]
    Long(u64),
    #[prost(float, tag = "12")]
    Float(f32),
    #[prost(double, tag = "13")]
    Double(f64),
    #[prost(bool, tag = "14")]
    Bool(bool),
    #[prost(string, tag = "15")]
    Text(String),
}

/// Codes of the signed types.
const INT8: u32 = 1;
const INT16: u32 = 2;
const INT32: u32 = 3;
const INT64: u32 = 4;

impl Payload {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        Self::decode(bytes).map_err(|_| Refusal::NotSparkplug)
    }
}

impl Metric {
    /// The value, by the data type of the birth where the metric says none. Nothing where it is
    /// null, no number, or of a type that is not read.
    pub(super) fn json(&self, born_as: Option<u32>) -> Option<Json<'static>> {
        if self.is_null == Some(true) {
            return None;
        }
        let datatype = self.datatype.or(born_as).unwrap_or(0);
        match self.value.as_ref()? {
            // Negative numbers stand as their two's complement.
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
            Held::Int(bits) => Some(match datatype {
                INT8 => (*bits as u8 as i8).into(),
                INT16 => (*bits as u16 as i16).into(),
                INT32 => (*bits as i32).into(),
                _ => (*bits).into(),
            }),
            #[allow(clippy::cast_possible_wrap)]
            Held::Long(bits) if datatype == INT64 => Some((*bits as i64).into()),
            Held::Long(bits) => Some((*bits).into()),
            // As it was written: 0.1 and not 0.10000000149.
            Held::Float(float) => {
                let written: Option<f64> = float.to_string().parse().ok();
                Json::number(written?)
            }
            Held::Double(float) => Json::number(*float),
            Held::Bool(yes) => Some((*yes).into()),
            Held::Text(text) => Some(Json::Text(text.clone().into())),
        }
    }
}

/// The command that asks a node to be born again.
pub(crate) fn rebirth(now_ms: i64) -> Vec<u8> {
    let timestamp = u64::try_from(now_ms).ok();
    let metric = Metric {
        name: Some("Node Control/Rebirth".to_owned()),
        timestamp,
        datatype: Some(11),
        value: Some(Held::Bool(true)),
        ..Metric::default()
    };
    Payload { timestamp, metrics: vec![metric], seq: None }.encode_to_vec()
}
