//! The Activity page: what happened, who did it?

mod model;
mod view;

use crate::domain::activity::ObjectKind;
use crate::domain::ids::EventId;
use crate::ui::theme::icons::Icon;

pub use view::activity_ui;

/// The filters and what is selected.
#[derive(Debug, Default)]
pub struct ActivityPage {
    filter: model::Filter,
    selected: Option<EventId>,
}

pub fn icon_of(kind: ObjectKind) -> Icon {
    match kind {
        ObjectKind::Workspace => Icon::Folder,
        ObjectKind::Dataset => Icon::Data,
        ObjectKind::CheckRun => Icon::Checks,
        ObjectKind::Run => Icon::Train,
        ObjectKind::Bundle => Icon::Ship,
        ObjectKind::DriftReport => Icon::Monitor,
        ObjectKind::Scoring => Icon::Play,
    }
}
