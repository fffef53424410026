//! A limit is dragged over what the column holds, and the count of failing rows follows.

use egui::{Slider, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::profile::ColumnProfile;
use crate::domain::schema::Storage;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;

/// Which end of what may be a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Low,
    High,
}

/// Rests at the end of the range while there is no limit. `name`: of the field that it belongs to.
pub fn slider_ui(ui: &mut Ui, ctx: &UiCtx<'_>, name: &str, text: &mut String, end: End, (min, max): (f64, f64)) {
    let rest = if end == End::High { max } else { min };
    let mut value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite()).unwrap_or(rest);
    let whole = min.fract() == 0.0 && max.fract() == 0.0;
    let (low, high) = (min.min(value), max.max(value));
    let slider = Slider::new(&mut value, low..=high).show_value(false);
    let slider = if whole { slider.integer() } else { slider };
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().slider_width = (ui.available_width() - space::M).max(60.0);
            // The rail, which is as bright as the panel otherwise.
            ui.visuals_mut().widgets.inactive.bg_fill = ctx.tokens.line;
            ui.add(slider)
        })
        .inner;
    name_it(ui, &response, &format!("{name} as a slider"));
    let changed = response.changed();
    if !response.dragged() {
        response.on_hover_text(format!("{} to {}", format::number(min), format::number(max)));
    }
    if changed {
        *text = if whole { format!("{value:.0}") } else { shortened(value, max - min) };
    }
}

/// As many digits as a drag over this range can mean.
fn shortened(value: f64, range: f64) -> String {
    let digits = (3.0 - range.abs().max(f64::MIN_POSITIVE).log10()).ceil().clamp(0.0, 12.0) as usize;
    format!("{value:.digits$}")
}

/// Smallest and largest of a column of numbers.
pub fn range(ctx: &UiCtx<'_>, version: &DatasetVersion, column: Option<&str>) -> Option<(f64, f64)> {
    let column = profile(ctx, version, column)?;
    if column.storage == Storage::DatetimeMs {
        return None;
    }
    let numbers = column.numbers.as_ref()?;
    (numbers.min < numbers.max).then_some((numbers.min, numbers.max))
}

/// Shortest and longest text of a column, in characters.
pub fn lengths(ctx: &UiCtx<'_>, version: &DatasetVersion, column: &str) -> Option<(f64, f64)> {
    let lengths = profile(ctx, version, Some(column))?.lengths.as_ref()?;
    (lengths.min < lengths.max).then_some((lengths.min as f64, lengths.max as f64))
}

fn profile<'a>(ctx: &UiCtx<'a>, version: &DatasetVersion, column: Option<&str>) -> Option<&'a ColumnProfile> {
    ctx.state.profiles.get(&version.id).and_then(Loadable::value)?.column(column?)
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_drag_gives_as_many_digits_as_it_can_mean() {
        assert_eq!((shortened(12.3456, 100.0), shortened(0.012_345_6, 0.1)), ("12.3".to_owned(), "0.0123".to_owned()));
        assert_eq!(shortened(12_345.6, 1e6), "12346");
    }
}
