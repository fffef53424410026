//! How things look.

pub mod tokens;
