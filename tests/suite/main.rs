//! The one integration binary: linking is slow, so everything that needs the whole crate lives here.

// Every function here is a test or serves only tests; clippy knows just the first kind.
#![allow(clippy::unwrap_used)]

mod store;
