//! The one integration binary: linking is slow, so everything that needs the whole crate lives here.

mod architecture;
mod cli;
mod crash;
mod sandbox;
mod store;
