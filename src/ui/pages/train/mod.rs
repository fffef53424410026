//! Train: what to predict, and with what?

use crate::domain::ids::{GroupId, VersionId};
use crate::domain::params::Algorithm;
use crate::ui::ctx::UiCtx;

mod board;
mod inspector;
pub mod model;
mod steps;
mod view;

pub use board::learning_chart;
pub use view::train_ui;

/// What only this page needs to remember.
#[derive(Debug)]
pub struct TrainPage {
    /// The form and the version it was made for; another version gets a new proposal.
    form: Option<(VersionId, model::TrainForm)>,
    /// The step that is open where there is no room for all, 1 to 4.
    step: u8,
    column_filter: String,
    recipe: steps::recipe::RecipeEditor,
    rank: steps::rank::RankView,
    /// Whose parameters are shown.
    algorithm: Option<Algorithm>,
    lower: Lower,
    sort: model::LeaderSort,
    /// The search whose plots are shown; the newest when `None`.
    search: Option<GroupId>,
    /// The parameter of the scatter plot.
    scatter: Option<&'static str>,
}

impl Default for TrainPage {
    fn default() -> Self {
        Self {
            form: None,
            step: 1,
            column_filter: String::new(),
            recipe: Default::default(),
            rank: Default::default(),
            algorithm: None,
            lower: Lower::default(),
            sort: Default::default(),
            search: None,
            scatter: None,
        }
    }
}

/// What stands below the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Lower {
    #[default]
    Leaderboard,
    Curves,
    Tuning,
}

impl Lower {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Leaderboard, "Leaderboard"), (Self::Curves, "Learning curves"), (Self::Tuning, "Tuning")];
}

/// The data that the page is about.
struct About<'a> {
    history: &'a crate::domain::history::History,
    version: &'a crate::domain::dataset::DatasetVersion,
    /// What the backend proposes, once it has looked at the values.
    plan: Option<&'a crate::domain::training::TrainingProposal>,
    problems: &'a [model::FormProblem],
}

/// The problems of one step, where it can be put right.
fn problems_ui(ui: &mut egui::Ui, ctx: &UiCtx, about: &About, step: u8) {
    use crate::ui::pages::parts;
    let here = || about.problems.iter().filter(|p| p.step == step);
    parts::comes_and_goes(ui, here().next().is_some(), |ui| {
        for problem in here() {
            parts::alert(ui, ctx, crate::ui::widgets::badge::Tone::Bad, &problem.message);
        }
    });
}
