//! The columns of the leaderboard, and by which it is sorted.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LeaderColumn {
    Status,
    Model,
    Family,
    Data,
    #[default]
    Score,
    Test,
    Fit,
    Predict,
    Size,
}

impl LeaderColumn {
    pub const ALL: [Self; 9] = [
        Self::Model,
        Self::Score,
        Self::Test,
        Self::Fit,
        Self::Predict,
        Self::Size,
        Self::Family,
        Self::Data,
        Self::Status,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Model => "Model",
            Self::Family => "Family",
            Self::Data => "Data",
            Self::Score => "Score",
            Self::Test => "Test",
            Self::Fit => "Fit",
            Self::Predict => "Predict",
            Self::Size => "Size",
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Self::Score => "Mean over the folds ± standard deviation; without folds, on the test rows",
            Self::Test => "On rows it never saw",
            Self::Fit => "Time to fit on all training rows, binning included",
            Self::Predict => "Time to predict training and test rows",
            Self::Size => "Size of the stored model",
            Self::Family => "A star marks the best of each family of algorithms",
            Self::Data => "The version it was trained on",
            Self::Model => "A star marks the best on this version",
            Self::Status => "How it ended",
        }
    }

    /// Width in points at normal scale.
    pub fn width(self) -> f32 {
        match self {
            Self::Status => 96.0,
            Self::Model => 176.0,
            Self::Family => 122.0,
            Self::Data => 84.0,
            Self::Score => 122.0,
            Self::Test => 62.0,
            Self::Fit | Self::Predict => 62.0,
            Self::Size => 66.0,
        }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Score | Self::Test | Self::Fit | Self::Predict | Self::Size)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LeaderSort {
    pub column: LeaderColumn,
    /// Worst, slowest, largest or last first.
    pub reversed: bool,
}

impl LeaderSort {
    /// A click on a header: best or fastest first, then the other way round.
    pub fn clicked(self, column: LeaderColumn) -> Self {
        Self { column, reversed: self.column == column && !self.reversed }
    }
}
