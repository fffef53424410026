//! Drawing. Views take the state by reference and send commands; they compute nothing that costs.

pub mod ctx;
pub mod format;
pub mod pages;
pub mod theme;
pub mod widgets;
