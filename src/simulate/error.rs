//! What can keep a virtual hall from standing up.

use std::net::SocketAddr;

/// Why a virtual device, the broker or the whole hall does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// Another program has the address, or it is not ours to take.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A thread or a socket could not be made.
    #[error("cannot start the {what}")]
    Start {
        /// What was to be started.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The broker did not begin to answer.
    #[error("the demo's broker does not answer on {0}")]
    BrokerSilent(SocketAddr),
    /// The hall needs a profile that the catalog does not have.
    #[error("no device profile `{0}`, which the virtual hall is built from")]
    NoProfile(&'static str),
    /// The profile is there, but of another kind than the hall needs.
    #[error("device profile `{0}` does not speak the protocol that the virtual hall expects")]
    Protocol(String),
    /// A SunSpec model that the profile does not list.
    #[error("the SunSpec profile has no model {0}")]
    NoModel(u16),
    /// A chain of models that does not fit into 65,536 registers.
    #[error("the register map does not fit behind address {0}")]
    MapTooLong(u16),
}
