//! The one integration binary: linking is slow, so everything that needs the whole crate lives here.

mod pages;
mod soft;
mod story;
mod ui;
