//! The books: what people read off meters and put right, and which periods are closed.
//!
//! ```text
//! person ──> Books ──> event of the journal ──> Book ──> reports
//! ```
//!
//! Nothing in them is ever changed: an [`Entry`] is taken back by another record that says who and why,
//! and a period that was closed is closed again as a further revision. A [`Seal`] holds the figures as
//! they were signed, with a hash over them, so that whoever has them can show that they are the same.
//!
//! Architecture invariant: what is not on disk is shown to nobody; every record names a person.

mod book;
mod entry;
mod error;
mod handle;
mod seal;

pub use book::Book;
pub use entry::{Entry, Taken, What};
pub use error::BooksError;
pub use handle::Books;
pub use seal::{Role, Seal, Sealed, Signature, hash_of};
