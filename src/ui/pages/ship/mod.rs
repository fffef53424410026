//! Page.
pub mod model;
pub mod markdown;
