//! Runs lifecycle stages in a worker process: the same binary with the hidden `worker` command.
//!
//! Parsers and learners can overflow a stack, allocate without end or never return; a child process can be killed at
//! any moment, and whoever started it lives on and says why. Cancelling asks first, then kills. Nothing acknowledged
//! is lost either way, because a stage commits as its last step.

pub mod event;
pub mod process;
pub mod protocol;
pub mod worker;
