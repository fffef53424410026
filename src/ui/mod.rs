//! Drawing. Views take the state by reference and send commands; they compute nothing that costs.

pub mod ctx;
pub mod format;
pub mod keys;
pub mod pages;
pub mod palette;
pub mod shell;
pub mod theme;
pub mod widgets;
