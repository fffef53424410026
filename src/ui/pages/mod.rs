//! One folder per page: `model.rs` prepares (pure), `view.rs` draws.
