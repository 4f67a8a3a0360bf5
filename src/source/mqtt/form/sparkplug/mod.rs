//! Sparkplug B 3.0, as a host that listens: births tell which metrics there are, data follow by
//! name or by alias, deaths tell that a node or a device is gone.
//!
//! Aliases hold from one birth to the next. Births are sent once and not kept by the broker, so
//! after every connection aliases are unknown until the next birth: what was true before may have
//! changed meanwhile, and a value under a wrong name is worse than none. The node can be asked to
//! be born again, where that is allowed.

mod edge;
mod payload;

pub(crate) use edge::Edge;
pub(crate) use payload::rebirth;
