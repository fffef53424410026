//! The training form and what stands around it, ready to draw. Pure.
//!
//! The proposals follow the same plain rules as training itself, on what the schema knows; the backend has the last
//! word and says so in the run's record.

mod choices;
mod form;
mod leader_columns;
mod leaders;
mod live;
mod problems;
mod rules;
mod steps;
pub mod tuning;

pub use choices::{Choice, choices};
pub use form::{ClassBalance, Mode, SplitChoice, ThresholdChoice, TrainForm, train_label};
pub use leader_columns::{LeaderColumn, LeaderSort};
pub use leaders::{LeaderRow, LeaderState, decimals_of, leaderboard, metric_number, score_text, waiting};
pub use live::{Curve, curves, own_job, time_left};
pub use problems::{FormProblem, problems, split_rows};
pub use rules::{ColumnUse, column_uses, feature_count, left_out_by_rule, propose_task, task_words, time_columns};
pub use steps::{STEPS, summary};
