//! Reusable pieces that know no page.

pub mod badge;
pub mod big_table;
pub mod charts;
pub mod histogram;
pub mod list;
pub mod page;
pub mod sparkline;
pub mod states;
pub mod toast;
