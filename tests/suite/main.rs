//! The one integration binary: linking is slow, so everything that needs the whole crate lives here.

mod pages;
