//! The configuration: one file, `hall.toml`, read into what each room has to know.
//!
//! Whoever writes it is told all mistakes at once, each with its line, its column and what to do,
//! so that one visit to the machine is enough. Secrets are read from files of their own. Nothing
//! is guessed: an unknown key is a mistake, and a value that cannot be right is, too.
//!
//! Architecture invariant: reads files and nothing else; it opens no connection, starts no task
//! and changes nothing. The settings of a room are that room's own type.

mod address;
mod bus;
mod channel;
mod device;
mod discipline;
mod findings;
mod hall;
mod link;
mod load;
mod meter;
mod mqtt;
mod people;
mod person;
mod platform;
mod post;
mod pv;
mod ratio;
mod report;
mod robot;
mod route;
mod secret;
mod section;
mod service;
mod site;
mod syntax;
mod tariff;
mod topics;
mod transport;
mod vendor;

pub use hall::{Hall, parse, read};
pub use people::{InfluxTarget, InfluxVersion, WebSettings};
