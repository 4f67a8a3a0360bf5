//! What is known about each model of device: which registers or JSON fields hold which standard
//! point, and what its fault codes mean. Facts live in `devices/*.toml`; this room checks them
//! and turns them into plans.
//!
//! Architecture invariant: knows no sockets. Data in, checked plans out.

mod catalog;
mod checker;
mod compile;
mod file;
mod marker;
mod mqtt;
mod ratio;
mod reading;
mod register;
mod sunspec;
mod tables;
mod types;

pub use catalog::{Catalog, CatalogError};
pub use compile::compile;
pub use marker::{Marker, Sign};
pub use mqtt::{
    Allowed, FieldRule, Form, JsonType, MessageRule, MqttProfile, Pick, Place, Pointer, Step,
    TimeFormat, TimeRule, Ways, Who,
};
pub use ratio::Ratios;
pub(crate) use reading::read_toml;
pub use register::{
    AddressKind, BusRules, Function, Meaning, NoneWhile, Number, RegisterPoint, ScaleBy, Table,
    WordOrder,
};
pub use sunspec::{
    GroupPlan, INSTANCES_MAX, KnownModel, ModelPlan, SunspecPlan, compile_model, further_instance,
};
pub use types::{Brought, Fault, Profile, Protocol, Service};
