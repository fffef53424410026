//! Learning: algorithms that turn features and a target into plain fitted data, and what is measured about the result.
//!
//! Everything here works on [`Features`](crate::domain::features::Features) and [`Target`](crate::domain::task::Target);
//! tables and recipes are somebody else's. Learners are linfa `Fit` types over our own data shapes; they refuse anything
//! that is not finite and well shaped, stop when asked, and give the same model for the same input and seed.

pub mod algorithms;
pub mod calibrate;
pub mod clusters;
mod convex;
pub mod cores;
pub mod cross_validate;
mod design;
pub mod ensemble;
pub mod error;
pub mod evaluation;
mod guard;
pub mod importance;
mod linalg;
pub mod metrics;
mod network;
pub mod outliers;
mod parallel;
pub mod predict;
pub mod prevalence;
mod softmax;
mod solver;
mod squares;
mod sums;
pub mod threshold;
pub mod trees;
pub mod tune;

pub use error::FitError;
