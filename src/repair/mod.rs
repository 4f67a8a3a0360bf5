//! Work orders: from a fault that somebody saw to a repair that the machine's own data prove.
//!
//! An [`Order`] is opened by a person, from an alert or by a visitor who scanned the label on the
//! machine. People say who goes, what was found and when it is done; the program closes it when the
//! machine has served again after that, and opens it again when the fault comes back before. How
//! long it took is told in the service hours of the machine's zone, which is what contracts count.
//!
//! Every change is an event of the journal and is kept with the open orders and the place in the
//! alerts in one transaction; a person is answered when that is on disk.
//!
//! Architecture invariant: the book of orders is pure: a change is worked out first, kept, and only
//! then made. Nothing that is not on disk is shown to anybody.

mod book;
mod clocks;
mod error;
mod figures;
mod form;
mod handle;
mod label;
mod past;
mod proving;
mod task;
mod types;
mod vendor;

#[cfg(test)]
mod book_tests;
#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod figures_tests;
#[cfg(test)]
mod proving_tests;

pub use clocks::{Clocks, Late, Overdue, clocks};
pub use error::RepairError;
pub use figures::{Figures, Group, Machine, Repeat, figures};
pub use handle::{Handle, NewOrder, Reported, Wanted};
pub use label::{Labels, LabelsError};
pub use past::figures_of;
pub use task::{Config, Repairs};
pub use types::{
    Assignee, Closed, Contract, Order, Origin, Part, STEPS_MAX, State, Step, TROUBLES, Who,
};
pub use vendor::Vendor;
