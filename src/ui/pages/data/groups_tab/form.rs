//! What to look for, by which method, with which parameters: scikit-learn's words and defaults.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use egui::{Button, DragValue, ScrollArea, Ui, vec2};

use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{
    CovarianceType, DbscanParams, Explore, ExploreRequest, Grouping, KMeansParams, MOST_GROUPS, MixtureParams,
};
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::theme::tokens::space;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    #[default]
    Groups,
    Unusual,
}

impl What {
    pub fn explained(self) -> &'static str {
        match self {
            Self::Groups => "Rows that belong together, over scaled columns, without a target",
            Self::Unusual => "Rows unlike all others, by an isolation forest",
        }
    }

    pub fn empty(self) -> &'static str {
        match self {
            Self::Groups => "Groups are shown here as sizes, a picture and what their rows are like",
            Self::Unusual => "The most unusual rows are listed here with their score",
        }
    }

    pub fn stored(self) -> &'static str {
        match self {
            Self::Groups => "Nothing is stored until groups are kept as a column",
            Self::Unusual => "Nothing is stored",
        }
    }

    pub fn loading(self) -> &'static str {
        match self {
            Self::Groups => "the groups",
            Self::Unusual => "the scores",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Groups => "Find groups",
            Self::Unusual => "Find unusual rows",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    #[default]
    KMeans,
    GaussianMixture,
    Dbscan,
}

impl Method {
    const ALL: [(Self, &'static str); 3] =
        [(Self::KMeans, "k-means"), (Self::GaussianMixture, "Gaussian mixture"), (Self::Dbscan, "DBSCAN")];

    fn explained(self) -> &'static str {
        match self {
            Self::KMeans => "Round groups of like size around their means; every row belongs to one",
            Self::GaussianMixture => "Groups of different width and direction; every row belongs to one",
            Self::Dbscan => "Groups of any shape where rows lie dense; others belong to no group",
        }
    }
}

/// The form as it stands; each method keeps its own parameters.
#[derive(Clone, Debug)]
pub struct Draft {
    pub what: What,
    pub method: Method,
    pub kmeans: KMeansParams,
    pub mixture: MixtureParams,
    pub dbscan: DbscanParams,
    pub exclude: BTreeSet<String>,
    pub seed: u64,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            what: What::Groups,
            method: Method::KMeans,
            kmeans: KMeansParams::default(),
            mixture: MixtureParams::default(),
            dbscan: DbscanParams::default(),
            exclude: BTreeSet::new(),
            seed: 42,
        }
    }
}

impl Draft {
    pub fn request(&self, version: &DatasetVersion) -> ExploreRequest {
        let what = match (self.what, self.method) {
            (What::Unusual, _) => Explore::Outliers,
            (What::Groups, Method::KMeans) => Explore::Groups(Grouping::KMeans(self.kmeans)),
            (What::Groups, Method::GaussianMixture) => Explore::Groups(Grouping::GaussianMixture(self.mixture)),
            (What::Groups, Method::Dbscan) => Explore::Groups(Grouping::Dbscan(self.dbscan)),
        };
        // Another version may lack a column that was left out of this one.
        let exclude = self.exclude.iter().filter(|name| version.schema.column(name).is_some()).cloned().collect();
        ExploreRequest { version: version.id, exclude, seed: self.seed, what }
    }
}

/// Answers what is asked for when the button was pressed.
pub fn form_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    draft: &mut Draft,
    version: &DatasetVersion,
    asked: Option<&ExploreRequest>,
) -> Option<ExploreRequest> {
    if draft.what == What::Groups {
        ui.horizontal_wrapped(|ui| {
            for (method, name) in Method::ALL {
                ui.radio_value(&mut draft.method, method, name).on_hover_text(method.explained());
            }
        });
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        let density = draft.what == What::Groups && draft.method == Method::Dbscan;
        if draft.what == What::Groups {
            match draft.method {
                Method::KMeans => kmeans_ui(ui, ctx, &mut draft.kmeans),
                Method::GaussianMixture => mixture_ui(ui, ctx, &mut draft.mixture),
                Method::Dbscan => dbscan_ui(ui, ctx, &mut draft.dbscan),
            }
        }
        // DBSCAN draws nothing.
        if !density {
            let help = "The same seed finds the same again";
            number(ui, ctx, ("Seed", help), &mut draft.seed, 0..=u64::from(u32::MAX), 1.0);
        }
    });
    let new = asked != Some(&draft.request(version));
    let button = ui.add_enabled(new, Button::new(draft.what.button()).min_size(vec2(0.0, space::ROW)));
    let pressed = button.on_disabled_hover_text("The answer is below, or on its way").clicked();
    columns_ui(ui, draft, version);
    pressed.then(|| draft.request(version))
}

fn kmeans_ui(ui: &mut Ui, ctx: &UiCtx<'_>, params: &mut KMeansParams) {
    how_many(ui, ctx, "n_clusters", &mut params.n_clusters, "As many as are best told apart, 2 to 10");
    number(ui, ctx, ("n_init", "Starts; the tightest groups win"), &mut params.n_init, 1..=100, 0.05);
    number(ui, ctx, ("max_iter", "Passes per start at most"), &mut params.max_iter, 1..=10_000, 1.0);
}

fn mixture_ui(ui: &mut Ui, ctx: &UiCtx<'_>, params: &mut MixtureParams) {
    let auto = "The number from 1 to 10 with the smallest Bayesian information criterion";
    how_many(ui, ctx, "n_components", &mut params.n_components, auto);
    parts::field(ui, ctx, "covariance_type", |ui| {
        let options = CovarianceType::ALL.map(|kind| (kind, kind.name().to_owned()));
        let chosen = Some(&params.covariance_type);
        if let Some(Some(kind)) = parts::pick(ui, "covariance_type", &options, chosen, None, 100.0) {
            params.covariance_type = kind;
        }
    });
    let help = "Added to every variance, so that no group shrinks to a point";
    number(ui, ctx, ("reg_covar", help), &mut params.reg_covar, 0.0..=1e6, 1e-6);
    number(ui, ctx, ("n_init", "Starts; the likeliest mixture wins"), &mut params.n_init, 1..=100, 0.05);
    number(ui, ctx, ("max_iter", "Passes per start at most"), &mut params.max_iter, 1..=10_000, 1.0);
}

fn dbscan_ui(ui: &mut Ui, ctx: &UiCtx<'_>, params: &mut DbscanParams) {
    parts::field(ui, ctx, "eps", |ui| {
        ui.horizontal(|ui| {
            let help = "Where the distances to neighbours bend";
            auto_box(ui, "eps", &mut params.eps, 0.5, help);
            if let Some(eps) = &mut params.eps {
                let drag = DragValue::new(eps).range(1e-9..=1e9).speed(0.01);
                ui.add_sized(vec2(76.0, space::ROW), drag)
                    .on_hover_text("How near neighbours are at most, in scaled units")
                    .accessible_name("eps");
            }
        });
    });
    let help = "Rows within eps that make a row the core of a group, itself included";
    number(ui, ctx, ("min_samples", help), &mut params.min_samples, 1..=1_000_000, 0.1);
}

fn how_many(ui: &mut Ui, ctx: &UiCtx<'_>, label: &str, value: &mut Option<u32>, auto: &str) {
    parts::field(ui, ctx, label, |ui| {
        ui.horizontal(|ui| {
            auto_box(ui, label, value, 3, auto);
            if let Some(n) = value {
                let drag = DragValue::new(n).range(1..=MOST_GROUPS).speed(0.05);
                ui.add_sized(vec2(56.0, space::ROW), drag).accessible_name(label);
            }
        });
    });
}

/// Ticked while nothing is said.
fn auto_box<T>(ui: &mut Ui, label: &str, value: &mut Option<T>, said: T, help: &str) {
    let mut auto = value.is_none();
    let ticked = ui.checkbox(&mut auto, "auto").on_hover_text(help).accessible_name(format!("{label} auto"));
    if ticked.changed() {
        *value = if auto { None } else { Some(said) };
    }
}

fn number<N: egui::emath::Numeric>(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    (label, help): (&str, &str),
    value: &mut N,
    range: RangeInclusive<N>,
    speed: f64,
) {
    parts::field(ui, ctx, label, |ui| {
        let decimals = if N::INTEGRAL { 0 } else { 9 };
        let drag = DragValue::new(value).range(range).speed(speed).max_decimals(decimals);
        ui.add_sized(vec2(76.0, space::ROW), drag).on_hover_text(help).accessible_name(label);
    });
}

fn columns_ui(ui: &mut Ui, draft: &mut Draft, version: &DatasetVersion) {
    let all = version.schema.columns.len();
    let left_out = version.schema.names().filter(|name| draft.exclude.contains(*name)).count();
    let title = match left_out {
        0 => "All columns that tell rows apart take part".to_owned(),
        n => format!("{n} of {all} columns are left out"),
    };
    ui.collapsing(title, |ui| {
        ScrollArea::vertical().id_salt("columns of groups").max_height(120.0).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for name in version.schema.names() {
                    let mut takes_part = !draft.exclude.contains(name);
                    if ui.checkbox(&mut takes_part, name).changed() {
                        if takes_part {
                            draft.exclude.remove(name);
                        } else {
                            draft.exclude.insert(name.to_owned());
                        }
                    }
                }
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::fixture;

    #[test]
    fn a_request_says_what_the_form_shows() {
        let version = fixture::version(1, "churn", 1);
        let mut draft = Draft { method: Method::Dbscan, ..Draft::default() };
        draft.exclude.extend(["no such column".to_owned(), version.schema.columns[0].name.clone()]);
        let request = draft.request(&version);
        assert_eq!(request.what, Explore::Groups(Grouping::Dbscan(DbscanParams { eps: None, min_samples: 5 })));
        assert_eq!(request.exclude, [version.schema.columns[0].name.clone()]);
        draft.what = What::Unusual;
        assert_eq!(draft.request(&version).what, Explore::Outliers);
    }
}
