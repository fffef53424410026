//! What commands and messages do, one file per area. Each takes the state, changes it, and returns effects.

pub mod answers;
pub mod checking;
pub mod edit;
pub mod import;
pub mod look;
pub mod navigate;
pub mod questions;
pub mod work;
pub mod workspace;

use crate::domain::ids::{RunId, VersionId};

use super::AppState;
use super::effect::Effect;
use super::loadable::Loadable;

/// Fetches a profile once; failed ones are tried again.
pub(super) fn load_profile(state: &mut AppState, id: VersionId) -> Vec<Effect> {
    let profile = state.profiles.entry(id).or_default();
    if matches!(profile, Loadable::Idle | Loadable::Failed(_)) {
        profile.start_loading();
        return vec![Effect::LoadProfile(id)];
    }
    Vec::new()
}

/// Fetches what a run's plots need once; failed ones are tried again.
fn load_run(state: &mut AppState, id: RunId) -> Vec<Effect> {
    let detail = state.run_details.entry(id).or_default();
    if matches!(detail, Loadable::Idle | Loadable::Failed(_)) {
        detail.start_loading();
        return vec![Effect::LoadRunDetail(id)];
    }
    Vec::new()
}
