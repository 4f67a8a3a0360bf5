//! Sends the readings of the journal to InfluxDB, in order, each at least once.
//!
//! A [`Sink`] reads the journal from its own cursor, writes line protocol to `/write` of
//! version 1, `/api/v2/write` of version 2 or `/api/v3/write_lp` of version 3, and moves the cursor
//! only when the server has said that it stored the lines. A line that is sent again overwrites
//! itself, because series and time are the same. A line that the server refuses for good is named
//! by the server or looked for by halving the body, set aside as an event of the journal in the
//! same transaction as the cursor, and counted; people can have it sent again.
//!
//! What comes in and what piled up go side by side, so that the present is on time while days catch
//! up. What is no longer in the journal comes from the history, by itself or because somebody asks.
//!
//! Soon after local midnight it sends what each counter counted in the day and in the month.
//!
//! Architecture invariant: nothing that is in the journal is left out here without being counted
//! and named; when in doubt whether the lines or the server are at fault, the lines wait.

pub mod account;
mod answer;
mod batch;
mod client;
mod config;
mod courier;
mod error;
mod lanes;
mod letter;
mod line;
mod order;
mod pace;
mod past;
mod recall;
mod report;
mod run;
mod setup;
mod shared;
mod sink;
mod status;
mod totals;
mod trial;

pub use config::{Config, Limits, Secret, Version};
pub use error::InfluxError;
pub use lanes::{Cause, Totals};
pub use letter::{Kept, Letter};
pub use line::{Encoder, Form, field_of, form_of, measurement_of, tags_of_device};
pub use order::OrderError;
pub use recall::{Numbers, Recall};
pub use sink::{Context, Sink, owed};
pub use status::{JobStatus, SinkState, SinkStatus, Trouble};
