//! The text filter above the table, with what is wrong with it at the place.

use egui::text::{LayoutJob, TextFormat};
use egui::{FontId, Key, Modifiers, RichText, Stroke, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::filter::{self, FilterProblem};
use crate::domain::table::TableQuery;
use crate::state::command::Command;
use crate::state::format;
use crate::state::table::TableState;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{Icon, icon_button};
use crate::ui::theme::tokens::size;

#[derive(Clone, Debug, Default)]
pub struct FilterLine {
    text: String,
    /// What the text was when it was last taken from, or given to, the query.
    known: Option<String>,
    problem: Option<FilterProblem>,
}

/// Enter filters; an empty line shows all rows.
pub fn filter_line(ui: &mut Ui, ctx: &UiCtx<'_>, line: &mut FilterLine, version: &DatasetVersion, table: &TableState) {
    let query = table.pending.as_ref().unwrap_or(&table.query);
    // The query may change elsewhere: cleared filters, rows shown by a finding.
    let refused = table.refused.is_some();
    if line.known != query.expression && !refused {
        line.text = query.expression.clone().unwrap_or_default();
        line.known.clone_from(&query.expression);
        line.problem = None;
    }
    let has_text = !line.text.is_empty();
    if has_text && icon_button(ui, ctx, Icon::Close, "Clear the text filter").clicked() {
        line.text.clear();
        apply(ctx, line, version, query);
    }
    let example = example(version);
    let edit = TextEdit::singleline(&mut line.text).hint_text(format!("Filter rows: {example}"));
    // The button that comes with the first letter must not make this another field.
    let edit = ui.add(edit.id_salt("filter rows").desired_width(f32::INFINITY).font(FontId::proportional(size::DATA)));
    name_it(ui, &edit, "Filter rows");
    if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND | Modifiers::SHIFT, Key::L)) {
        edit.request_focus();
    }
    if edit.changed() {
        line.problem = None;
    }
    if edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
        apply(ctx, line, version, query);
        // For the next try.
        edit.request_focus();
    }
    edit.on_hover_text(filter::HELP);
}

fn apply(ctx: &UiCtx<'_>, line: &mut FilterLine, version: &DatasetVersion, query: &TableQuery) {
    let text = line.text.trim();
    let expression = (!text.is_empty()).then(|| text.to_owned());
    line.problem = expression.as_deref().and_then(|text| filter::parse(text).err());
    if line.problem.is_none() {
        line.known.clone_from(&expression);
        let query = TableQuery { expression, ..query.clone() };
        ctx.send(Command::SetTableQuery { version: version.id, query });
    }
}

/// A filter that would work on this table.
fn example(version: &DatasetVersion) -> String {
    use crate::domain::schema::ColumnKind as K;
    let of = |kinds: &[K]| version.schema.columns.iter().find(|c| kinds.contains(&c.kind));
    let words = [
        of(&[K::Numeric]).map(|c| c.name.as_str()).map(|name| part(name, "> 40")),
        of(&[K::Categorical, K::Text]).map(|c| c.name.as_str()).map(|name| part(name, "is present")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { "column = value".to_owned() } else { words.join(" and ") }
}

fn part(name: &str, rest: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { format!("{name} {rest}") } else { format!("`{name}` {rest}") }
}

impl FilterLine {
    /// What is wrong: the text with the wrong place underlined, or what the data said.
    pub fn problem_ui(&self, ui: &mut Ui, ctx: &UiCtx<'_>, table: &TableState) {
        let tokens = ctx.tokens;
        if let Some(problem) = &self.problem {
            // The place counts in the text without the spaces around it.
            let text = self.text.trim();
            let (start, end) = (problem.place.start.min(text.len()), problem.place.end.min(text.len()));
            let plain = TextFormat::simple(FontId::proportional(size::DATA), tokens.text_weak);
            let wrong = TextFormat { underline: Stroke::new(1.5, tokens.bad), color: tokens.bad, ..plain.clone() };
            let mut job = LayoutJob::default();
            job.append(&text[..start], 0.0, plain.clone());
            job.append(if start == end { " ▲" } else { &text[start..end] }, 0.0, wrong);
            job.append(&text[end..], 0.0, plain);
            ui.horizontal(|ui| {
                ui.label(RichText::new(sentence(problem)).size(size::DATA).color(tokens.bad));
                ui.label(job);
            });
        } else if let Some((_, problem)) = &table.refused {
            ui.label(
                RichText::new(format::capital(&format::sentence(&problem.summary))).size(size::DATA).color(tokens.bad),
            );
        }
    }
}

fn sentence(problem: &FilterProblem) -> String {
    format!("Expected {}, found {}:", problem.expected, problem.found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_it_are_quoted_in_the_example() {
        assert_eq!(part("age", "> 40"), "age > 40");
        assert_eq!(part("monthly charge", "> 40"), "`monthly charge` > 40");
    }
}
