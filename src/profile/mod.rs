//! What is known about each model of device: which registers or JSON fields hold which standard
//! point, and what its fault codes mean. Facts live in `devices/*.toml`; this room checks them
//! and turns them into plans.
//!
//! Architecture invariant: knows no sockets. Data in, checked plans out.

mod catalog;
mod checker;
mod compile;
mod file;
mod json;
mod marker;
mod ratio;
mod reading;
mod register;
mod sunspec;
mod types;

pub use catalog::{Catalog, CatalogError};
pub use compile::compile;
pub use json::{FieldRule, JsonType, MqttProfile, TimeFormat, TimeRule};
pub use marker::{Marker, Sign};
pub use ratio::Ratios;
pub use register::{
    AddressKind, BusRules, Function, Meaning, NoneWhile, Number, RegisterPoint, ScaleBy, Table,
    WordOrder,
};
pub use sunspec::{
    GroupPlan, INSTANCES_MAX, KnownModel, ModelPlan, SunspecPlan, compile_model, further_instance,
};
pub use types::{Fault, Profile, Protocol};
