//! hallwatch reads a public-service hall's rooftop inverters, meters and self-service machines over
//! Modbus and MQTT, keeps every reading once and durably, and from that one record feeds InfluxDB,
//! raises alerts and serves the page that facilities staff look at. One process, one data folder,
//! no service beside it. This page is the map; the modules below stand in the order of the flow.
//!
//! ```text
//! field ──> source ──> journal ──┬──> live ──────────┬──> web ──> people
//! (modbus,  (decode,   (durable, ├──> history ──> pv ─┤
//!  mqtt)     refuse)    ordered) │      live ─> service┤
//!                                ├──> alert ──────────┘
//!                                ├──> notify ──> people, by robot, mail, short message
//!                                └──> influx ──> InfluxDB
//! ```
//!
//! - `journal.append(batch).await` is the only door. It returns when the batch is on disk; the MQTT
//!   acknowledgement comes after it. Nothing else flows back up.
//! - Everything downstream is a reader with a cursor. Up to date it is served from memory, behind
//!   it reads from disk, by the same call. A sink's cursor moves on the sink's own answer only.
//! - What rules and people decide are records of the same journal, kept in one transaction with
//!   the engine's state: a kill raises nothing twice and forgets no acknowledgement.
//! - The gateway's own health is a reading of the device `gateway`: same alerts, same page.
//! - `service` looks at the machines as the page does, remembers how they served, and finds what none
//!   of them says; alerts make of that what people are told.
//! - `repair` keeps the work orders: people take the steps, the machine's own data close them.
//! - The journal's ledger counts what was kept of each device and day, and each sink what it delivered,
//!   in the same transactions as the readings and the cursors; `proof` shows it and recounts it.
//! - `past` is the one place that knows where old readings are: in the history here, and before that in
//!   an InfluxDB. It answers InfluxQL over the history too, so that Grafana needs nothing else.
//! - `history` packs what the journal took some minutes ago into columns and is asked by time; the
//!   journal forgets a reading only when it is packed and every sink has passed it.
//! - `daybook` keeps each day of each device in small, made of the past and made again when that
//!   changes; `report` makes the figures of a month of it, with the `energy` ledger's exact amounts.
//! - `books` holds what people read off meters, what they put right, and the months that are closed and
//!   signed: records of the journal that only ever get more.
//! - People's commands go from `web` through a bounded queue to the room that owns the state.
//!
//! A room imports only rooms of lower rank (in brackets); `tests/tidy.rs` holds that.

/// (0) Nouns: device, point, value, reading, record. No I/O.
pub mod model;
/// (0) The wall clock, behind one trait.
pub mod clock;
/// (0) Counters with names: what was refused, kept, delivered.
pub mod tally;
/// (0) Tasks that are watched, started again, and stopped in order.
pub mod supervise;
/// (0) Where the sun is, and what it gives.
pub mod sky;
/// (1) Holidays, make-up days and the service hours of zones.
pub mod calendar;
/// (1) `devices/*.toml` into checked plans: registers and JSON fields to standard points.
pub mod profile;
/// (1) What electricity costs, by date and hour.
pub mod tariff;
/// (1) What energies emit and what they are in standard coal, as data.
pub mod factor;
/// (1) InfluxQL, asked of a store of readings.
pub mod query;
/// (2) The durable, ordered record; cursors; the in-memory tail.
pub mod journal;
/// (2) Counters: true increments, and what happens to them.
pub mod counter;
/// (2) What meters counted, to the last digit, and how that is known.
pub mod energy;
/// (2) The past: packed columns, answers by device and time.
pub mod history;
/// (3) Where data enters: Modbus, MQTT, the gateway itself.
pub mod source;
/// (3) The present: the last value of every point, and how each device is.
pub mod live;
/// (3) Journal to InfluxDB.
pub mod influx;
/// (4) What the roof makes: power now, energy today, what it could make, yields and ratios.
pub mod pv;
/// (4) The past wherever it is kept: here, and before that in an InfluxDB.
pub mod past;
/// (4) What each device did in each day, in small.
pub mod daybook;
/// (4) Was anything lost: what was read, kept and delivered, and when nothing came.
pub mod proof;
/// (4) How well the machines serve: availability, repair, consumables.
pub mod service;
/// (4) A virtual hall behind real sockets, and the demo's broker.
pub mod simulate;
/// (4) Rules as data: conditions over points, siblings, spans of time, sun and service hours.
pub mod rule;
/// (5) The life of an alert, who is told.
pub mod alert;
/// (5) Work orders: from a fault to a repair that the machine's data prove.
pub mod repair;
/// (5) The books: meters that people read, what they put right, months that are closed and signed.
pub mod books;
/// (5) Telling them: robots, mail, short messages and other programs, each with its own cursor.
pub mod notify;
/// (6) Reports: what a month was, with every figure explained.
pub mod report;
/// (7) The page, its API and its live stream.
pub mod web;
/// (8) `hall.toml`: all mistakes at once, or what every room has to know.
pub mod config;
/// (9) Builds the rooms and joins them.
pub mod app;
/// (10) The commands.
pub mod cli;
