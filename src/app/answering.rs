//! Questions that are being answered: which handle cancels which. A question may be cancelled before its worker exists, and
//! asked again before the cancelled one has ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::question::Question;

/// One asking; two askings of the same question are two tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

pub struct Answering<H> {
    inner: Mutex<Inner<H>>,
}

struct Inner<H> {
    last: u64,
    asked: Vec<Asked<H>>,
}

struct Asked<H> {
    ticket: Ticket,
    question: Question,
    /// A thread works on it.
    taken: bool,
    cancelled: bool,
    handle: Option<H>,
}

impl<H> Default for Answering<H> {
    fn default() -> Self {
        Self { inner: Mutex::new(Inner { last: 0, asked: Vec::new() }) }
    }
}

impl<H: Clone> Answering<H> {
    /// It will be asked; from now on it can be cancelled.
    pub fn expect(&self, question: &Question) {
        self.lock().add(question, false);
    }

    /// The oldest asking of this question that no thread works on; a new one for who did not say what to expect. The
    /// flag says that it was cancelled already.
    pub fn take(&self, question: &Question) -> (Ticket, bool) {
        let mut inner = self.lock();
        if let Some(asked) = inner.asked.iter_mut().find(|a| !a.taken && a.question == *question) {
            asked.taken = true;
            return (asked.ticket, asked.cancelled);
        }
        (inner.add(question, true), false)
    }

    /// Its worker runs. Returns whether it was cancelled meanwhile.
    pub fn started(&self, ticket: Ticket, handle: H) -> bool {
        let mut inner = self.lock();
        let Some(asked) = inner.asked.iter_mut().find(|a| a.ticket == ticket) else { return false };
        asked.handle = Some(handle);
        asked.cancelled
    }

    pub fn ended(&self, ticket: Ticket) {
        self.lock().asked.retain(|asked| asked.ticket != ticket);
    }

    /// Cancels the asking of this question that was not cancelled before; the handle of its worker if that runs.
    pub fn cancel(&self, question: &Question) -> Option<H> {
        let mut inner = self.lock();
        let asked = inner.asked.iter_mut().find(|a| !a.cancelled && a.question == *question)?;
        asked.cancelled = true;
        asked.handle.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner<H>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<H> Inner<H> {
    fn add(&mut self, question: &Question, taken: bool) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.asked.push(Asked { ticket, question: question.clone(), taken, cancelled: false, handle: None });
        ticket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_cancelled_before_its_worker_exists() {
        let answering: Answering<&str> = Answering::default();
        let question = Question::Storage;
        answering.expect(&question);
        assert_eq!(answering.cancel(&question), None);
        // Asked again at once: only the first is cancelled.
        answering.expect(&question);
        let (first, gone) = answering.take(&question);
        let (second, wanted) = answering.take(&question);
        assert_eq!((gone, wanted), (true, false));
        answering.ended(first);
        assert!(!answering.started(second, "worker"));
        assert_eq!((answering.cancel(&question), answering.cancel(&question)), (Some("worker"), None));
        answering.ended(second);
        assert!(answering.lock().asked.is_empty());
    }

    #[test]
    fn a_worker_that_starts_after_the_cancel_is_ended() {
        let answering: Answering<&str> = Answering::default();
        answering.expect(&Question::Storage);
        let (ticket, cancelled) = answering.take(&Question::Storage);
        assert_eq!((cancelled, answering.cancel(&Question::Storage)), (false, None));
        assert!(answering.started(ticket, "worker"));
    }
}
