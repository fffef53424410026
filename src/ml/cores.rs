//! How many cores a fit may take when several run side by side.
//!
//! Kept per thread, because the learners' signatures are linfa's. No result depends on it.

use std::cell::Cell;

thread_local! {
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// What `work` fits and predicts on this thread takes at most `cores` threads (at least one).
pub fn with<T>(cores: usize, work: impl FnOnce() -> T) -> T {
    struct Back(Option<usize>);
    impl Drop for Back {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }
    let _back = Back(LEFT.replace(Some(cores.max(1))));
    work()
}

/// The limit on this thread, if any.
pub fn left() -> Option<usize> {
    LEFT.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_ends_with_the_work_even_when_it_panics() {
        assert_eq!(with(3, || (left(), with(0, left))), (Some(3), Some(1)));
        assert!(std::panic::catch_unwind(|| with(2, || panic!("on purpose"))).is_err());
        assert_eq!(left(), None);
    }
}
