//! The icons, as strokes on a 16 × 16 grid painted with the egui painter: no icon font, sharp at every scale.

use egui::epaint::CubicBezierShape;
use egui::{
    Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::ui::ctx::UiCtx;

use super::tokens::space;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    Logo,
    Overview,
    Data,
    Checks,
    Train,
    Runs,
    Ship,
    Monitor,
    Activity,
    Settings,
    Search,
    Ok,
    Warning,
    Error,
    Info,
    Close,
    Plus,
    Copy,
    Save,
    Undo,
    Sort,
    SortUp,
    SortDown,
    Filter,
    Folder,
    File,
    Play,
    Stop,
    Help,
    Refresh,
    ChevronDown,
    ChevronRight,
    Eye,
    Hidden,
    Delete,
    Edit,
    More,
    Star,
    Compare,
    Download,
    External,
    Numeric,
    Boolean,
    Categorical,
    Datetime,
    Text,
    Identifier,
}

/// One stroke of an icon; coordinates are sixteenths of its size.
enum Part {
    Line(&'static [[f32; 2]]),
    Closed(&'static [[f32; 2]]),
    Fill(&'static [[f32; 2]]),
    Circle([f32; 2], f32),
    Dot([f32; 2], f32),
    Curve([[f32; 2]; 4]),
    Rect([f32; 4], f32),
}

use Part::{Circle, Closed, Curve, Dot, Fill, Line, Rect as Box};

fn parts(icon: Icon) -> &'static [Part] {
    match icon {
        Icon::Logo => &[Fill(&[[8.0, 1.0], [15.0, 8.0], [8.0, 15.0], [1.0, 8.0]])],
        Icon::Overview => &[
            Line(&[[2.0, 7.5], [8.0, 2.5], [14.0, 7.5]]),
            Line(&[[3.5, 6.5], [3.5, 13.5], [12.5, 13.5], [12.5, 6.5]]),
            Line(&[[6.5, 13.5], [6.5, 9.5], [9.5, 9.5], [9.5, 13.5]]),
        ],
        Icon::Data => &[
            Box([2.0, 2.5, 14.0, 13.5], 1.5),
            Line(&[[2.0, 6.0], [14.0, 6.0]]),
            Line(&[[2.0, 9.75], [14.0, 9.75]]),
            Line(&[[6.5, 6.0], [6.5, 13.5]]),
        ],
        Icon::Checks => &[Box([2.5, 2.5, 13.5, 13.5], 2.0), Line(&[[5.0, 8.2], [7.2, 10.4], [11.0, 5.8]])],
        Icon::Train => &[
            Circle([4.0, 8.0], 1.7),
            Circle([12.0, 4.0], 1.7),
            Circle([12.0, 12.0], 1.7),
            Line(&[[5.6, 7.2], [10.4, 4.8]]),
            Line(&[[5.6, 8.8], [10.4, 11.2]]),
        ],
        Icon::Runs => &[
            Line(&[[2.0, 13.5], [14.0, 13.5]]),
            Line(&[[4.0, 13.5], [4.0, 8.5]]),
            Line(&[[8.0, 13.5], [8.0, 3.0]]),
            Line(&[[12.0, 13.5], [12.0, 6.0]]),
        ],
        Icon::Ship => &[
            Closed(&[[8.0, 1.8], [14.0, 4.8], [14.0, 11.2], [8.0, 14.2], [2.0, 11.2], [2.0, 4.8]]),
            Line(&[[2.0, 4.8], [8.0, 7.8], [14.0, 4.8]]),
            Line(&[[8.0, 7.8], [8.0, 14.2]]),
        ],
        Icon::Monitor => &[Line(&[[1.5, 8.5], [4.5, 8.5], [6.5, 3.5], [9.5, 12.5], [11.5, 8.5], [14.5, 8.5]])],
        Icon::Activity => &[Circle([8.0, 8.0], 6.0), Line(&[[8.0, 4.5], [8.0, 8.0], [10.5, 9.8]])],
        Icon::Settings => &[
            Line(&[[2.0, 4.0], [14.0, 4.0]]),
            Line(&[[2.0, 8.0], [14.0, 8.0]]),
            Line(&[[2.0, 12.0], [14.0, 12.0]]),
            Dot([5.0, 4.0], 1.9),
            Dot([10.5, 8.0], 1.9),
            Dot([6.5, 12.0], 1.9),
        ],
        Icon::Search => &[Circle([7.0, 7.0], 4.5), Line(&[[10.3, 10.3], [14.0, 14.0]])],
        Icon::Ok => &[Circle([8.0, 8.0], 6.0), Line(&[[5.2, 8.2], [7.2, 10.2], [10.8, 5.9]])],
        Icon::Warning => {
            &[Closed(&[[8.0, 2.2], [14.4, 13.4], [1.6, 13.4]]), Line(&[[8.0, 6.2], [8.0, 9.6]]), Dot([8.0, 11.6], 0.9)]
        }
        Icon::Error => &[
            Closed(&[
                [5.4, 1.8],
                [10.6, 1.8],
                [14.2, 5.4],
                [14.2, 10.6],
                [10.6, 14.2],
                [5.4, 14.2],
                [1.8, 10.6],
                [1.8, 5.4],
            ]),
            Line(&[[8.0, 4.8], [8.0, 8.8]]),
            Dot([8.0, 11.0], 0.9),
        ],
        Icon::Info => &[Circle([8.0, 8.0], 6.0), Line(&[[8.0, 7.4], [8.0, 11.2]]), Dot([8.0, 5.0], 0.9)],
        Icon::Close => &[Line(&[[4.0, 4.0], [12.0, 12.0]]), Line(&[[12.0, 4.0], [4.0, 12.0]])],
        Icon::Plus => &[Line(&[[8.0, 3.0], [8.0, 13.0]]), Line(&[[3.0, 8.0], [13.0, 8.0]])],
        Icon::Copy => {
            &[Box([5.5, 5.5, 13.5, 13.5], 1.5), Line(&[[10.5, 5.5], [10.5, 2.5], [2.5, 2.5], [2.5, 10.5], [5.5, 10.5]])]
        }
        Icon::Save | Icon::Download => &[
            Line(&[[8.0, 2.0], [8.0, 10.0]]),
            Line(&[[4.8, 7.0], [8.0, 10.2], [11.2, 7.0]]),
            Line(&[[2.5, 10.5], [2.5, 13.5], [13.5, 13.5], [13.5, 10.5]]),
        ],
        Icon::Undo => &[
            Line(&[[6.0, 3.0], [3.0, 6.0], [6.0, 9.0]]),
            Line(&[[3.0, 6.0], [9.0, 6.0]]),
            Curve([[9.0, 6.0], [14.5, 6.0], [14.5, 13.0], [9.0, 13.0]]),
            Line(&[[9.0, 13.0], [6.0, 13.0]]),
        ],
        Icon::Sort => &[
            Line(&[[5.0, 3.0], [5.0, 13.0]]),
            Line(&[[2.8, 10.8], [5.0, 13.0], [7.2, 10.8]]),
            Line(&[[11.0, 13.0], [11.0, 3.0]]),
            Line(&[[8.8, 5.2], [11.0, 3.0], [13.2, 5.2]]),
        ],
        Icon::SortUp => &[Line(&[[8.0, 13.0], [8.0, 3.0]]), Line(&[[4.5, 6.5], [8.0, 3.0], [11.5, 6.5]])],
        Icon::SortDown => &[Line(&[[8.0, 3.0], [8.0, 13.0]]), Line(&[[4.5, 9.5], [8.0, 13.0], [11.5, 9.5]])],
        Icon::Filter => &[Closed(&[[2.0, 3.0], [14.0, 3.0], [9.5, 8.5], [9.5, 13.5], [6.5, 12.0], [6.5, 8.5]])],
        Icon::Folder => &[Closed(&[[1.8, 3.5], [6.2, 3.5], [7.8, 5.3], [14.2, 5.3], [14.2, 12.8], [1.8, 12.8]])],
        Icon::File => &[
            Closed(&[[3.5, 1.8], [9.3, 1.8], [12.5, 5.0], [12.5, 14.2], [3.5, 14.2]]),
            Line(&[[9.3, 1.8], [9.3, 5.0], [12.5, 5.0]]),
        ],
        Icon::Play => &[Closed(&[[4.5, 2.8], [12.8, 8.0], [4.5, 13.2]])],
        Icon::Stop => &[Box([3.5, 3.5, 12.5, 12.5], 1.5)],
        Icon::Help => &[
            Circle([8.0, 8.0], 6.0),
            Curve([[6.0, 6.6], [6.0, 3.9], [10.0, 3.9], [10.0, 6.5]]),
            Curve([[10.0, 6.5], [10.0, 8.0], [8.0, 7.8], [8.0, 9.4]]),
            Dot([8.0, 11.4], 0.9),
        ],
        Icon::Refresh => &[
            Curve([[12.6, 10.2], [10.4, 14.6], [3.0, 13.6], [3.0, 8.0]]),
            Curve([[3.0, 8.0], [3.0, 2.6], [10.2, 1.4], [12.8, 5.6]]),
            Line(&[[13.2, 2.2], [13.0, 5.8], [9.4, 5.6]]),
        ],
        Icon::ChevronDown => &[Line(&[[4.0, 6.2], [8.0, 10.2], [12.0, 6.2]])],
        Icon::ChevronRight => &[Line(&[[6.2, 4.0], [10.2, 8.0], [6.2, 12.0]])],
        Icon::Eye => &[
            Curve([[1.5, 8.0], [4.5, 2.8], [11.5, 2.8], [14.5, 8.0]]),
            Curve([[1.5, 8.0], [4.5, 13.2], [11.5, 13.2], [14.5, 8.0]]),
            Circle([8.0, 8.0], 1.9),
        ],
        Icon::Hidden => &[
            Curve([[1.5, 8.0], [4.5, 2.8], [11.5, 2.8], [14.5, 8.0]]),
            Curve([[1.5, 8.0], [4.5, 13.2], [11.5, 13.2], [14.5, 8.0]]),
            Line(&[[3.0, 13.0], [13.0, 3.0]]),
        ],
        Icon::Delete => &[
            Line(&[[2.5, 4.2], [13.5, 4.2]]),
            Line(&[[6.0, 4.2], [6.0, 2.2], [10.0, 2.2], [10.0, 4.2]]),
            Line(&[[4.0, 4.2], [4.6, 13.8], [11.4, 13.8], [12.0, 4.2]]),
        ],
        Icon::Edit => &[
            Closed(&[[2.5, 13.5], [3.2, 10.2], [10.8, 2.6], [13.4, 5.2], [5.8, 12.8]]),
            Line(&[[9.2, 4.2], [11.8, 6.8]]),
        ],
        Icon::More => &[Dot([3.5, 8.0], 1.3), Dot([8.0, 8.0], 1.3), Dot([12.5, 8.0], 1.3)],
        Icon::Star => &[Closed(&[
            [8.0, 1.8],
            [9.9, 5.9],
            [14.4, 6.4],
            [11.0, 9.4],
            [12.0, 13.8],
            [8.0, 11.5],
            [4.0, 13.8],
            [5.0, 9.4],
            [1.6, 6.4],
            [6.1, 5.9],
        ])],
        Icon::Compare => &[Box([2.0, 3.0, 6.5, 13.0], 1.0), Box([9.5, 3.0, 14.0, 13.0], 1.0)],
        Icon::External => &[
            Line(&[[7.0, 3.0], [3.0, 3.0], [3.0, 13.0], [13.0, 13.0], [13.0, 9.0]]),
            Line(&[[9.5, 2.5], [13.5, 2.5], [13.5, 6.5]]),
            Line(&[[13.5, 2.5], [7.5, 8.5]]),
        ],
        Icon::Numeric => &[
            Line(&[[6.3, 2.5], [4.8, 13.5]]),
            Line(&[[11.2, 2.5], [9.7, 13.5]]),
            Line(&[[2.8, 6.0], [13.6, 6.0]]),
            Line(&[[2.4, 10.0], [13.2, 10.0]]),
        ],
        Icon::Boolean => &[Box([1.5, 4.5, 14.5, 11.5], 3.5), Dot([11.0, 8.0], 2.0)],
        Icon::Categorical => &[
            Dot([3.5, 4.0], 1.4),
            Dot([3.5, 8.0], 1.4),
            Dot([3.5, 12.0], 1.4),
            Line(&[[6.8, 4.0], [14.0, 4.0]]),
            Line(&[[6.8, 8.0], [14.0, 8.0]]),
            Line(&[[6.8, 12.0], [14.0, 12.0]]),
        ],
        Icon::Datetime => &[
            Box([2.0, 3.2, 14.0, 13.8], 1.5),
            Line(&[[2.0, 6.8], [14.0, 6.8]]),
            Line(&[[5.2, 1.8], [5.2, 4.6]]),
            Line(&[[10.8, 1.8], [10.8, 4.6]]),
        ],
        Icon::Text => &[Line(&[[3.0, 5.0], [3.0, 3.0], [13.0, 3.0], [13.0, 5.0]]), Line(&[[8.0, 3.0], [8.0, 13.2]])],
        Icon::Identifier => &[
            Circle([5.0, 8.0], 2.8),
            Line(&[[7.8, 8.0], [14.2, 8.0], [14.2, 10.8]]),
            Line(&[[11.4, 8.0], [11.4, 10.0]]),
        ],
    }
}

impl Icon {
    pub fn of_kind(kind: crate::domain::schema::ColumnKind) -> Self {
        use crate::domain::schema::ColumnKind as K;
        match kind {
            K::Numeric => Self::Numeric,
            K::Boolean => Self::Boolean,
            K::Categorical => Self::Categorical,
            K::Datetime => Self::Datetime,
            K::Text => Self::Text,
            K::Identifier => Self::Identifier,
        }
    }

    pub fn of_page(page: crate::state::command::Page) -> Self {
        use crate::state::command::Page as P;
        match page {
            P::Overview => Self::Overview,
            P::Data => Self::Data,
            P::Checks => Self::Checks,
            P::Train => Self::Train,
            P::Runs => Self::Runs,
            P::Ship => Self::Ship,
            P::Monitor => Self::Monitor,
            P::Activity => Self::Activity,
            P::Storage => Self::Folder,
            P::Settings => Self::Settings,
        }
    }
}

/// Paints an icon into a square without making a widget of it.
pub fn paint(painter: &Painter, icon: Icon, rect: Rect, color: Color32) {
    let side = rect.width().min(rect.height());
    let origin = rect.center() - Vec2::splat(side / 2.0);
    let unit = side / 16.0;
    let at = |p: &[f32; 2]| origin + vec2(p[0], p[1]) * unit;
    let stroke = Stroke::new((1.35 * unit).max(1.0), color);
    let points = |list: &[[f32; 2]]| list.iter().map(at).collect::<Vec<Pos2>>();
    for part in parts(icon) {
        let shape = match part {
            Line(list) => Shape::line(points(list), stroke),
            Closed(list) => Shape::closed_line(points(list), stroke),
            Fill(list) => Shape::convex_polygon(points(list), color, Stroke::NONE),
            Circle(center, radius) => Shape::circle_stroke(at(center), radius * unit, stroke),
            Dot(center, radius) => Shape::circle_filled(at(center), radius * unit, color),
            Curve(list) => {
                let list = [at(&list[0]), at(&list[1]), at(&list[2]), at(&list[3])];
                CubicBezierShape::from_points_stroke(list, false, Color32::TRANSPARENT, stroke).into()
            }
            Box([x0, y0, x1, y1], radius) => {
                let rect = Rect::from_min_max(at(&[*x0, *y0]), at(&[*x1, *y1]));
                let shape = egui::epaint::RectShape::stroke(rect, radius * unit, stroke, StrokeKind::Middle);
                Shape::Rect(shape)
            }
        };
        painter.add(shape);
    }
}

/// A picture beside words that say the same: hidden from screen readers.
pub fn icon(ui: &mut Ui, icon: Icon, size: f32, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(size), Sense::hover());
    if ui.is_rect_visible(rect) {
        paint(ui.painter(), icon, rect, color);
    }
    response
}

/// A square button with only an icon; `name` is what a screen reader says and the tooltip shows.
pub fn icon_button(ui: &mut Ui, ctx: &UiCtx<'_>, icon: Icon, name: &str) -> Response {
    let side = ui.spacing().interact_size.y;
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, enabled, name));
    if ui.is_rect_visible(rect) {
        let lit = response.hovered() || response.has_focus();
        if lit && enabled {
            ui.painter().rect_filled(rect, space::RADIUS, ctx.tokens.hover);
        }
        focus_ring(ui, ctx, &response);
        let color = if !enabled {
            ctx.tokens.line
        } else if lit {
            ctx.tokens.text
        } else {
            ctx.tokens.text_weak
        };
        let center = rect.center();
        paint(ui.painter(), icon, Rect::from_center_size(pos2(center.x, center.y), Vec2::splat(14.0)), color);
    }
    response.on_hover_text(name)
}

/// The line around whatever has the keyboard.
pub fn focus_ring(ui: &Ui, ctx: &UiCtx<'_>, response: &Response) {
    if response.has_focus() {
        let stroke = Stroke::new(1.5, ctx.tokens.accent);
        ui.painter().rect_stroke(response.rect, space::RADIUS, stroke, StrokeKind::Inside);
    }
}
