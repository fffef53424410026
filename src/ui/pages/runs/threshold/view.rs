//! Draws the threshold tab: a slider, the matrix it leads to with its costs, and the lines over all cuts.

use egui::{DragValue, Frame, Margin, RichText, ScrollArea, Slider, Stroke, Ui, vec2};

use crate::domain::decision::{Confusion2, Cuts, Decisions};
use crate::domain::question::{Answer, Question};
use crate::domain::run::{Run, RunStatus};
use crate::domain::task::Task;
use crate::domain::training::{CalibrationMethod, ThresholdRule};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format::{self, count};
use crate::ui::pages::parts;
use crate::ui::theme::medium;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::charts::{Chart, ChartTable, LineChart, Points, Series, SeriesStyle, line_chart};
use crate::ui::widgets::states;

use super::ThresholdTab;
use super::model::{self, Lines, Rows};

const CELL: f32 = 132.0;
const CHART: f32 = 170.0;

pub fn threshold_ui(ui: &mut Ui, ctx: &UiCtx, tab: &mut ThresholdTab, run: &Run) {
    if run.plan.task != Task::Binary {
        return parts::note(ui, ctx, "A threshold decides between two classes; this run predicts something else");
    }
    if run.status != RunStatus::Completed {
        return parts::note(
            ui,
            ctx,
            &format!("Run {} is {}: it has no probabilities to cut", run.id, run.status.as_str()),
        );
    }
    let question = Question::Decisions { run: run.id };
    match ctx.state.asked.get(&question) {
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            states::answering(ui, ctx, "the probabilities", &question);
        }
        Loadable::Failed(problem) => states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        answer => match answer.value() {
            Some(Answer::Decisions(decisions)) => decisions_ui(ui, ctx, tab, run, decisions),
            _ => states::answering(ui, ctx, "the probabilities", &question),
        },
    }
}

fn decisions_ui(ui: &mut Ui, ctx: &UiCtx, tab: &mut ThresholdTab, run: &Run, decisions: &Decisions) {
    if tab.run != Some(run.id) {
        let value = decisions.threshold.unwrap_or(0.5);
        let costs = tab.costs;
        *tab = ThresholdTab {
            run: Some(run.id),
            cut: value,
            rule: ThresholdRule::Fixed { value },
            costs,
            ..Default::default()
        };
        tab.calibration = decisions.calibration;
    }
    let Some((rows, cuts)) = model::cuts(decisions, tab.rows) else {
        return parts::note(ui, ctx, "This run kept no predictions to choose a threshold on; train it with folds");
    };
    tab.rows = rows;
    ScrollArea::vertical().id_salt("threshold").auto_shrink([false, false]).show(ui, |ui| {
        slider_ui(ui, ctx, tab, decisions, cuts);
        let Some(cut) = cuts.at(tab.cut) else { return };
        let seen = cuts.confusion(cut);
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                ui.set_width(2.0 * CELL + space::XS);
                matrix_ui(ui, ctx, tab, decisions, &seen);
            });
            ui.vertical(|ui| {
                ui.set_width(172.0);
                numbers_ui(ui, ctx, tab, &seen);
                keep_ui(ui, ctx, tab, run, decisions);
            });
            ui.vertical(|ui| {
                let lines = model::lines(cuts, &tab.costs);
                rates_ui(ui, ctx, &lines, tab.cut);
                cost_ui(ui, ctx, &lines, tab.cut);
            });
        });
    });
}

/// The cut by hand or by a rule, and the rows it is looked at on.
fn slider_ui(ui: &mut Ui, ctx: &UiCtx, tab: &mut ThresholdTab, decisions: &Decisions, cuts: &Cuts) {
    ui.horizontal_wrapped(|ui| {
        parts::note(ui, ctx, &format!("Called {} from", decisions.positive));
        ui.spacing_mut().slider_width = 200.0;
        let slider = Slider::new(&mut tab.cut, 0.0..=1.0).fixed_decimals(3).step_by(0.001);
        let slider = ui.add(slider).accessible_name("Threshold");
        if slider.on_hover_text("Rows with at least this probability are called positive").changed() {
            tab.rule = ThresholdRule::Fixed { value: tab.cut };
        }
        let rules = [
            ("Best F1", Some(ThresholdRule::F1), "The best balance of precision and recall"),
            ("Best Youden", Some(ThresholdRule::Youden), "The largest sum of sensitivity and specificity"),
            ("Least cost", tab.costs.rule(), "By the costs in the matrix"),
            ("One half", Some(ThresholdRule::Fixed { value: 0.5 }), "The larger probability wins"),
        ];
        for (word, rule, help) in rules {
            let why = "The costs make every wrong answer cheaper than the right one";
            let button = ui.add_enabled(rule.is_some(), egui::Button::new(word).selected(Some(tab.rule) == rule));
            if button.on_hover_text(help).on_disabled_hover_text(why).clicked()
                && let Some(rule) = rule
            {
                tab.rule = rule;
                choose(tab, rule, decisions, cuts);
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        for (rows, word, help) in Rows::ALL {
            let there = match rows {
                Rows::Validation => decisions.validation.is_some(),
                Rows::Test => decisions.test.is_some(),
            };
            let radio = ui.add_enabled(there, egui::RadioButton::new(tab.rows == rows, word));
            if radio.on_hover_text(help).clicked() {
                tab.rows = rows;
            }
        }
        let rows = format::counted(cuts.rows(), "row", "rows");
        parts::note(ui, ctx, &format!("{rows}, {} of them {}", count(cuts.positives), decisions.positive));
        let chosen = if decisions.validation.is_some() { "; rules choose on held-out folds" } else { "" };
        parts::note(ui, ctx, &format!("The cut is {}{chosen}", model::rule_words(tab.rule)));
    });
}

/// A rule always chooses on the rows of the folds, whatever is looked at: the test rows are for telling what it is worth.
fn choose(tab: &mut ThresholdTab, rule: ThresholdRule, decisions: &Decisions, shown: &Cuts) {
    let cut = match rule {
        ThresholdRule::Fixed { value } => Some(value),
        _ => decisions.validation.as_ref().unwrap_or(shown).best(rule).map(|cut| cut.at.min(1.0)),
    };
    tab.cut = cut.unwrap_or(tab.cut);
}

/// Counts, shares and costs of the four kinds of answers.
fn matrix_ui(ui: &mut Ui, ctx: &UiCtx, tab: &mut ThresholdTab, decisions: &Decisions, seen: &Confusion2) {
    let before = tab.costs;
    ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
    let (no, yes) = (&decisions.negative, &decisions.positive);
    ui.horizontal(|ui| {
        cell_ui(ui, ctx, [no, no], "rightly spared", seen.spared, seen.rows(), &mut tab.costs.spared);
        cell_ui(ui, ctx, [no, yes], "false alarm", seen.alarms, seen.rows(), &mut tab.costs.alarm);
    });
    ui.horizontal(|ui| {
        cell_ui(ui, ctx, [yes, no], "missed", seen.misses, seen.rows(), &mut tab.costs.miss);
        cell_ui(ui, ctx, [yes, yes], "found", seen.hits, seen.rows(), &mut tab.costs.hit);
    });
    // A cut that was the cheapest follows the costs.
    if before != tab.costs
        && matches!(tab.rule, ThresholdRule::Cost { .. })
        && let Some(rule) = tab.costs.rule()
        && let Some((_, shown)) = model::cuts(decisions, tab.rows)
    {
        tab.rule = rule;
        choose(tab, rule, decisions, shown);
    }
}

fn cell_ui(ui: &mut Ui, ctx: &UiCtx, [truth, called]: [&str; 2], word: &str, n: u64, all: u64, cost: &mut f64) {
    let share = n as f64 / all.max(1) as f64;
    let right = truth == called;
    let tone = if right { ctx.tokens.ok } else { ctx.tokens.bad };
    let fill = ctx.tokens.tint(tone, 0.06 + 0.3 * share as f32);
    Frame::NONE
        .fill(fill)
        .stroke(Stroke::new(1.0, ctx.tokens.line))
        .corner_radius(space::RADIUS)
        .inner_margin(Margin::same(space::S as i8 - 2))
        .show(ui, |ui| {
            ui.vertical(|ui| {
                ui.set_width(CELL - 2.0 * space::S);
                ui.spacing_mut().item_spacing.y = 1.0;
                let small = |text: String| RichText::new(text).size(size::DATA).color(ctx.tokens.text);
                ui.add(egui::Label::new(small(format!("{truth} called {called}"))).truncate());
                ui.label(RichText::new(count(n)).font(medium(size::TITLE)).color(ctx.tokens.text));
                ui.label(small(format!("{} · {word}", format::percent(share))));
                ui.horizontal(|ui| {
                    ui.label(small("costs".to_owned()));
                    let drag = DragValue::new(cost).speed(0.1).range(-1e9..=1e9);
                    ui.add(drag).accessible_name(format!("Cost of {truth} called {called}"));
                });
            });
        });
}

fn numbers_ui(ui: &mut Ui, ctx: &UiCtx, tab: &ThresholdTab, seen: &Confusion2) {
    ui.spacing_mut().item_spacing.y = 2.0;
    for (name, value, help) in model::numbers(seen, &tab.costs) {
        ui.horizontal(|ui| {
            let name = RichText::new(name).size(size::DATA).color(ctx.tokens.text_weak);
            ui.label(name).on_hover_text(help);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(RichText::new(value).font(medium(size::TEXT)).color(ctx.tokens.text));
            });
        });
    }
}

/// A model never changes: another decision is another run.
fn keep_ui(ui: &mut Ui, ctx: &UiCtx, tab: &mut ThresholdTab, run: &Run, decisions: &Decisions) {
    ui.add_space(space::XS);
    let options =
        [(CalibrationMethod::Platt, "Platt".to_owned()), (CalibrationMethod::Isotonic, "isotonic".to_owned())];
    ui.horizontal(|ui| {
        parts::note(ui, ctx, "Calibration");
        let none = Some("none");
        if let Some(method) = parts::pick(ui, "Calibration", &options, tab.calibration.as_ref(), none, 110.0) {
            tab.calibration = method;
        }
    });
    let same_cut = matches!(tab.rule, ThresholdRule::Fixed { value } if value == decisions.threshold.unwrap_or(0.5));
    let why_not = if run.plan.folds == 0 {
        Some("It was trained without folds, and a decision is learned on them")
    } else if run.plan.algorithm == crate::domain::params::Algorithm::Ensemble {
        Some("An ensemble is made of other runs; decide on those")
    } else if same_cut && tab.calibration == decisions.calibration {
        Some("The run decides this way already")
    } else {
        None
    };
    let help =
        "Trains the same model with this cut and calibration as a run of its own, which can be compared and exported";
    let button = ui.add_enabled(why_not.is_none(), egui::Button::new("Keep as a new run")).on_hover_text(help);
    if button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
        ctx.send(Command::Train(model::decide_again(run, tab.rule, tab.calibration)));
    }
}

fn rates_ui(ui: &mut Ui, ctx: &UiCtx, lines: &Lines, cut: f64) {
    let [precision, recall, f1] = [&lines.precision, &lines.recall, &lines.f1].map(|line| Points::new(line.clone()));
    let here = Points::new(vec![[cut.min(1.0), 0.0], [cut.min(1.0), 1.0]]);
    let series =
        |name, at: usize, points| Series { name, color: ctx.tokens.series[at], points, style: SeriesStyle::Solid };
    let series = [
        series("Precision", 0, &precision),
        series("Recall", 1, &recall),
        series("F1", 2, &f1),
        Series { name: "Cut", color: ctx.tokens.text_weak, points: &here, style: SeriesStyle::Dashed },
    ];
    let table = || {
        let mut table = ChartTable::new(["threshold", "what", "value"]);
        for (what, line) in [("precision", &lines.precision), ("recall", &lines.recall), ("f1", &lines.f1)] {
            table.rows.extend(line.iter().map(|p| vec![p[0].to_string(), what.to_owned(), p[1].to_string()]));
        }
        table
    };
    let summary = format!("Precision, recall and F1 by threshold; the cut is at {}", format::number(cut));
    let chart = Chart { id: "rates", title: "By threshold", summary: &summary, height: CHART, table: &table };
    let unit = Some([0.0, 1.0]);
    line_chart(
        ui,
        ctx,
        &LineChart { chart, x_label: "Threshold", y_label: "", series: &series, x_range: unit, y_range: unit },
    );
}

fn cost_ui(ui: &mut Ui, ctx: &UiCtx, lines: &Lines, cut: f64) {
    let cost = Points::new(lines.cost.clone());
    let Some(bounds) = cost.bounds() else { return };
    let here = Points::new(vec![[cut.min(1.0), bounds.min[1]], [cut.min(1.0), bounds.max[1]]]);
    let series = [
        Series { name: "Cost per row", color: ctx.tokens.series[3], points: &cost, style: SeriesStyle::Solid },
        Series { name: "Cut", color: ctx.tokens.text_weak, points: &here, style: SeriesStyle::Dashed },
    ];
    let table = || {
        let mut table = ChartTable::new(["threshold", "cost per row"]);
        table.rows.extend(lines.cost.iter().map(|p| vec![p[0].to_string(), p[1].to_string()]));
        table
    };
    let summary = format!("Cost per row by threshold; the cut is at {}", format::number(cut));
    let chart =
        Chart { id: "costs", title: "Cost by threshold", summary: &summary, height: CHART * 0.8, table: &table };
    let x_range = Some([0.0, 1.0]);
    line_chart(
        ui,
        ctx,
        &LineChart { chart, x_label: "Threshold", y_label: "Cost", series: &series, x_range, y_range: None },
    );
}
