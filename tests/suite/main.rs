//! The one integration binary: linking is slow, so everything that needs the whole crate lives here.

#![allow(clippy::unwrap_used)]

mod architecture;
mod bad_inputs;
mod check_pages;
mod checks;
mod cli;
mod columns;
mod crash;
mod data_pages;
mod keep;
mod pages;
mod sandbox;
mod soft;
mod store;
mod story;
mod train_pages;
mod ui;
mod versions;
