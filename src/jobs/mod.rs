//! Runs lifecycle stages in a worker process.

pub mod event;
