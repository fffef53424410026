//! How many cores a fit may take when several run side by side.
//!
//! Kept per thread, because the learners' signatures are linfa's. No result depends on it.

use std::cell::Cell;
use std::thread;

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

/// How many threads work on this thread may take: the limit, or as many as the machine runs at once.
pub fn n_threads() -> usize {
    LEFT.get().unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_ends_with_the_work_even_when_it_panics() {
        assert_eq!(with(3, || (n_threads(), with(0, n_threads))), (3, 1));
        assert!(std::panic::catch_unwind(|| with(2, || panic!("on purpose"))).is_err());
        assert_eq!(LEFT.get(), None);
    }
}
