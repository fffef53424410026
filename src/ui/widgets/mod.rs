//! Reusable pieces that know no page.

pub mod badge;
pub mod charts;
pub mod list;
pub mod page;
pub mod states;
