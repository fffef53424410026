//! What every view gets beside its own things.

use std::cell::RefCell;

use crate::state::AppState;
use crate::state::command::Command;

use super::theme::tokens::Tokens;

/// Small on purpose: what one page needs is a parameter of that page, not a field here.
pub struct UiCtx<'a> {
    pub state: &'a AppState,
    pub tokens: &'a Tokens,
    /// Milliseconds since 1970 UTC, for "3 minutes ago".
    pub now_ms: i64,
    outbox: &'a RefCell<Vec<Command>>,
}

impl<'a> UiCtx<'a> {
    pub fn new(state: &'a AppState, tokens: &'a Tokens, now_ms: i64, outbox: &'a RefCell<Vec<Command>>) -> Self {
        Self { state, tokens, now_ms, outbox }
    }

    /// Applied after the frame. A question that two places of a frame ask is asked once.
    pub fn send(&self, command: Command) {
        let mut outbox = self.outbox.borrow_mut();
        if !matches!(command, Command::Ask(_)) || !outbox.contains(&command) {
            outbox.push(command);
        }
    }
}
