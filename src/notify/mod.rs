//! Tells people: every channel reads what was decided, and sees it through to the last answer.
//!
//! A channel is a reader of the journal with a cursor of its own: the journal is its durable queue,
//! so what it has not delivered survives every crash, and a channel that hangs delays no other. The
//! alert room has decided who is told; a channel decides only when (not more often than people or
//! the service bear) and in which form. What it was given and what it made of it move on together:
//! cursor, state and the record of the delivery are one transaction.
//!
//! Architecture invariant: a cursor moves only past what the other side has said it took, or what
//! was given up and recorded as such.

mod alertmanager;
mod answer;
mod clip;
mod compose;
mod config;
mod courier;
mod digest;
mod email;
mod error;
mod handle;
mod hook;
mod http;
mod kept;
mod message;
mod mqtt;
mod names;
mod pace;
mod people;
mod receipt;
mod robot;
mod sender;
mod sms;
mod template;
mod wall;

pub use config::{
    ChannelConfig, Config, DINGTALK, Email, Encryption, FEISHU, Hook, Kind, Language, Method, Mqtt,
    Net, Secret, Sms, WECOM,
};
pub use email::{Enclosure, is_address, send_letter};
pub use error::NotifyError;
pub use handle::{Context, Handle, Look, Surroundings, start, test};
pub use names::Names;
pub use people::{People, Person, Rota, Turn};
pub use wall::{Announcement, Wall};
