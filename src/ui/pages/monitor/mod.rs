//! Page.
pub mod model;
