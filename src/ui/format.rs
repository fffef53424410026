//! Numbers, times and names as a person reads them. They live with the state, whose messages use them too.

pub use crate::state::format::*;
