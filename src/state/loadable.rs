//! Something that is fetched in the background.

/// Views draw all four looks.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Loadable<T> {
    #[default]
    Idle,
    /// With what was there before, so that nothing jumps.
    Loading {
        previous: Option<T>,
    },
    Ready(T),
    Failed(crate::domain::problem::Problem),
}

impl<T> Loadable<T> {
    /// The value to draw: the current one, or the previous one while a new one loads.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Ready(value) | Self::Loading { previous: Some(value) } => Some(value),
            _ => None,
        }
    }

    pub fn is_loading(&self) -> bool {
        matches!(self, Self::Loading { .. })
    }

    /// Turns into `Loading`, keeping what is there.
    pub fn start_loading(&mut self) {
        let previous = match std::mem::take(self) {
            Self::Ready(value) => Some(value),
            Self::Loading { previous } => previous,
            _ => None,
        };
        *self = Self::Loading { previous };
    }
}
