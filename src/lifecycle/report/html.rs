//! The profile as one page of HTML that needs nothing else: pictures are inline SVG, there is no script, and light or
//! dark follows the reader's system. Whatever comes from data is escaped.

use std::fmt::Write as _;

use crate::domain::dataset::DatasetVersion;
use crate::domain::profile::{ColumnProfile, Histogram, TableProfile};
use crate::domain::relations::{MAX_COLUMNS, Relations, STRONG};
use crate::domain::schema::Storage;
use crate::domain::words::{counted, thousands};

/// Columns with a section of their own; the others stand in the list only.
const DETAILED: usize = 200;
/// Columns of the matrix that is drawn.
const MATRIX: usize = 40;
/// Pairs that are listed.
const PAIRS: usize = 30;
/// Characters of a value or a name that are shown.
const CLIP: usize = 80;

pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--line:#dde1e7;--text:#1b222c;--weak:#5a6472;--bar:#0072b2;--warn:#965b00;--neg:#d55e00}\
@media(prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1c2027;--line:#333a45;--text:#e6eaf0;--weak:#a0a9b6;--bar:#56a8dc;--warn:#e0a84a;--neg:#f0894a}}\
*{box-sizing:border-box}body{margin:0 auto;max-width:1080px;padding:24px;background:var(--bg);color:var(--text);font:14px/1.45 system-ui,sans-serif}\
h1{font-size:22px;margin:0}h2{font-size:17px;margin:28px 0 8px}h3{font-size:15px;margin:0 0 6px;overflow-wrap:anywhere}\
p{margin:4px 0}.weak,caption,th{color:var(--weak);font-weight:normal}.warn{color:var(--warn)}\
section{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:14px 16px;margin:10px 0}\
.parts{display:flex;flex-wrap:wrap;gap:8px 28px}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
td,th{padding:2px 10px 2px 0;text-align:left;overflow-wrap:anywhere}td.n,th.n{text-align:right}.scroll{overflow-x:auto}\
svg{display:block;max-width:100%}rect.b{fill:var(--bar)}rect.n{fill:var(--neg)}text{fill:var(--weak);font-size:11px}\
a{color:inherit}.list{width:100%}.list tr{border-bottom:1px solid var(--line)}";

pub fn document(version: &DatasetVersion, profile: &TableProfile, relations: &Relations) -> String {
    let mut page = String::with_capacity(16_384);
    let title = format!("Profile of {}", version.label());
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p class=\"weak\">{} · {} · source {} · SHA-256 {}</p>\n",
        counted(profile.rows, "row", "rows"),
        counted(profile.columns.len() as u64, "column", "columns"),
        text(&version.source_name),
        text(version.source_hash.short()),
        title = text(&title),
    );
    alerts(&mut page, profile);
    list(&mut page, version, profile);
    page.push_str("<h2>Columns one by one</h2>\n");
    for (i, column) in profile.columns.iter().enumerate().take(DETAILED) {
        section(&mut page, i, column, profile.rows);
    }
    if profile.columns.len() > DETAILED {
        let _ = writeln!(page, "<p class=\"weak\">The first {DETAILED} columns; all stand in the list above</p>");
    }
    related(&mut page, relations);
    page.push_str("</body></html>\n");
    page
}

/// Escaped for text and for attributes in double quotes; control characters become visible, long texts are cut.
pub(super) fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for (i, c) in raw.chars().enumerate() {
        if i == CLIP {
            safe.push('…');
            break;
        }
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters, and those that turn the direction of the text around them.
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

fn alerts(page: &mut String, profile: &TableProfile) {
    let all: Vec<_> =
        profile.columns.iter().enumerate().flat_map(|(i, c)| c.alerts.iter().map(move |a| (i, c, a))).collect();
    if all.is_empty() {
        return;
    }
    page.push_str("<h2>Worth a look</h2>\n<section><table>");
    for (i, column, alert) in all {
        let _ = write!(
            page,
            "<tr><td><a href=\"#c{i}\">{}</a></td><td class=\"warn\">{}</td></tr>",
            text(&column.name),
            text(&alert.text)
        );
    }
    page.push_str("</table></section>\n");
}

fn list(page: &mut String, version: &DatasetVersion, profile: &TableProfile) {
    page.push_str("<h2>Columns</h2>\n<section class=\"scroll\"><table class=\"list\"><tr><th>Column</th><th>Kind</th><th class=\"n\">Missing</th><th class=\"n\">Distinct</th><th>Distribution</th><th class=\"n\">Minimum</th><th class=\"n\">Mean</th><th class=\"n\">Maximum</th></tr>\n");
    for (i, column) in profile.columns.iter().enumerate() {
        let personal = version.schema.column(&column.name).and_then(|c| c.personal);
        let personal = personal.map_or_else(String::new, |p| format!(" <span class=\"warn\">{}</span>", p.title()));
        let _ = write!(
            page,
            "<tr><td><a href=\"#c{i}\">{}</a>{personal}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>",
            text(&column.name),
            column.kind.as_str(),
            percent(column.missing, profile.rows),
            thousands(column.distinct)
        );
        bars(page, &small(column), [120.0, 22.0], &|_| String::new());
        let tell = |x: f64| shown(x, column.storage);
        let mean = |x: f64| if column.is_number() { tell(x) } else { String::new() };
        match &column.numbers {
            Some(n) => {
                let cells = [tell(n.min), mean(n.mean), tell(n.max)];
                let _ = writeln!(page, "</td><td class=\"n\">{}</td></tr>", cells.join("</td><td class=\"n\">"));
            }
            None => page.push_str("</td><td></td><td></td><td></td></tr>\n"),
        }
    }
    page.push_str("</table></section>\n");
}

fn small(column: &ColumnProfile) -> Vec<u64> {
    match &column.histogram {
        Some(histogram) => histogram.counts.clone(),
        None => column.top.iter().map(|(_, n)| *n).take(12).collect(),
    }
}

/// Bars whose heights are relative to the largest; `title` is what pointing at one tells.
fn bars(page: &mut String, counts: &[u64], [width, height]: [f64; 2], title: &dyn Fn(usize) -> String) {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = width / counts.len().max(1) as f64;
    let _ = write!(
        page,
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" aria-hidden=\"true\">"
    );
    for (i, &n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let tall = (height * n as f64 / most).max(1.0);
        let (x, y, wide) = (i as f64 * step, height - tall, (step - 0.8).max(0.6));
        let _ = write!(page, "<rect class=\"b\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{tall:.1}\">");
        let title = title(i);
        if !title.is_empty() {
            let _ = write!(page, "<title>{}</title>", text(&title));
        }
        page.push_str("</rect>");
    }
    page.push_str("</svg>");
}

fn section(page: &mut String, i: usize, column: &ColumnProfile, rows: u64) {
    let _ = write!(
        page,
        "<section id=\"c{i}\"><h3>{}</h3><p class=\"weak\">{} · {} missing ({}) · {} distinct</p>",
        text(&column.name),
        column.kind.as_str(),
        thousands(column.missing),
        percent(column.missing, rows),
        thousands(column.distinct)
    );
    for alert in &column.alerts {
        let _ = write!(page, "<p class=\"warn\">{}</p>", text(&alert.text));
    }
    page.push_str("<div class=\"parts\">");
    if let Some(data) = &column.histogram {
        histogram(page, "Values", data, column.storage);
    }
    if let Some(data) = &column.log_histogram {
        histogram(page, "Values, logarithmic", data, column.storage);
    }
    if let Some(lengths) = &column.lengths {
        if let Some(data) = &lengths.histogram {
            histogram(page, "Characters per cell", data, Storage::Int64);
        }
        let mut lines = vec![
            ("Shortest".to_owned(), thousands(lengths.min)),
            ("Mean".to_owned(), number(lengths.mean)),
            ("Longest".to_owned(), thousands(lengths.max)),
        ];
        lines.extend(lengths.quantiles.iter().map(|(q, x)| (quantile(*q), number(*x))));
        facts(page, "Length", &lines);
    }
    facts(page, "Numbers", &number_lines(column));
    if let Some(dates) = &column.dates {
        let mut lines = vec![
            ("Days with rows".to_owned(), thousands(dates.days)),
            ("Days without".to_owned(), thousands(dates.days_without)),
        ];
        lines.extend(dates.gaps.iter().map(|gap| {
            (format!("No row from {}", day(gap.from_ms)), counted(gap.days().unsigned_abs(), "day", "days"))
        }));
        facts(page, "Days", &lines);
        const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        page.push_str("<figure style=\"margin:0\"><div class=\"weak\">Monday to Sunday</div>");
        bars(page, &dates.weekdays, [150.0, 70.0], &|i| format!("{}: {}", DAYS[i % 7], thousands(dates.weekdays[i])));
        page.push_str("</figure><figure style=\"margin:0\"><div class=\"weak\">0 to 24 o'clock</div>");
        bars(page, &dates.hours, [200.0, 70.0], &|i| format!("{i} o'clock: {}", thousands(dates.hours[i])));
        page.push_str("</figure>");
    }
    if !column.top.is_empty() && column.histogram.is_none() || column.distinct <= 20 {
        let lines: Vec<(String, String)> = column
            .top
            .iter()
            .map(|(value, n)| (value.clone(), format!("{} · {}", thousands(*n), percent(*n, rows))))
            .collect();
        facts(page, "Most frequent", &lines);
    }
    page.push_str("</div></section>\n");
}

fn number_lines(column: &ColumnProfile) -> Vec<(String, String)> {
    let Some(n) = &column.numbers else { return Vec::new() };
    let tell = |x: f64| shown(x, column.storage);
    let mut lines = vec![("Minimum".to_owned(), tell(n.min))];
    lines.extend(n.quantiles.iter().map(|(q, x)| (quantile(*q), tell(*x))));
    lines.push(("Maximum".to_owned(), tell(n.max)));
    if column.is_number() {
        let or_none = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), number);
        lines.push(("Mean".to_owned(), number(n.mean)));
        lines.push(("Standard deviation".to_owned(), or_none(n.std)));
        lines.push(("Skewness".to_owned(), or_none(n.skewness)));
        lines.push(("Excess kurtosis".to_owned(), or_none(n.kurtosis)));
        lines.push(("Zeros".to_owned(), thousands(n.zeros)));
        lines.push(("Negative".to_owned(), thousands(n.negative)));
        if column.infinite > 0 {
            lines.push(("Infinite".to_owned(), thousands(column.infinite)));
        }
    }
    lines
}

fn quantile(q: f64) -> String {
    if q == 0.5 { "Median".to_owned() } else { format!("Quantile {q}") }
}

fn facts(page: &mut String, caption: &str, lines: &[(String, String)]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(page, "<table><caption style=\"text-align:left\">{caption}</caption>");
    for (name, value) in lines {
        let _ = write!(page, "<tr><th>{}</th><td class=\"n\">{}</td></tr>", text(name), text(value));
    }
    page.push_str("</table>");
}

fn histogram(page: &mut String, caption: &str, data: &Histogram, storage: Storage) {
    let tell = |i: usize| data.edges.get(i).map_or_else(String::new, |x| shown(*x, storage));
    let whole = |bin: usize| data.whole(bin).map(|x| shown(x, storage));
    let last = data.edges.len().saturating_sub(1);
    let _ = write!(page, "<figure style=\"margin:0\"><div class=\"weak\">{caption}</div>");
    bars(page, &data.counts, [300.0, 110.0], &|i| {
        let place = whole(i).unwrap_or_else(|| format!("{} to {}", tell(i), tell(i + 1)));
        format!("{place}: {}", thousands(data.counts[i]))
    });
    let _ = write!(
        page,
        "<div class=\"weak\" style=\"display:flex;justify-content:space-between;width:300px\"><span>{}</span><span>{}</span></div></figure>",
        text(&whole(0).unwrap_or_else(|| tell(0))),
        text(&last.checked_sub(1).and_then(whole).unwrap_or_else(|| tell(last)))
    );
}

fn related(page: &mut String, relations: &Relations) {
    if relations.columns.len() < 2 {
        return;
    }
    page.push_str("<h2>Relations</h2>\n<section><p class=\"weak\">Two numbers: Pearson's correlation (Spearman's beside it in the list). Two categories: Cramér's V. A number and a category: the correlation ratio η. ");
    if relations.rows_used < relations.rows {
        let _ = write!(
            page,
            "From a sample of {} of {} rows (seed {}). ",
            thousands(relations.rows_used),
            thousands(relations.rows),
            relations.seed
        );
    }
    if !relations.left_out.is_empty() {
        let names: Vec<String> = relations
            .left_out
            .iter()
            .take(MAX_COLUMNS)
            .map(|l| format!("{} ({})", text(&l.name), text(&l.reason)))
            .collect();
        let _ = write!(page, "Without relations: {}.", names.join(", "));
    }
    page.push_str("</p>");
    matrix(page, relations);
    page.push_str("<table><tr><th>Pair</th><th>Measure</th><th class=\"n\">Value</th><th class=\"n\">Spearman</th><th class=\"n\">Rows</th></tr>");
    for (pair, value) in relations.strongest(false, PAIRS) {
        let name = |i: u32| text(&relations.columns[i as usize].name);
        let class = if value.abs() > STRONG { " warn" } else { "" };
        let _ = write!(
            page,
            "<tr><td>{} – {}</td><td>{}</td><td class=\"n{class}\">{value:.3}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            name(pair.x),
            name(pair.y),
            relations.measure(pair, false).title(),
            pair.spearman.map_or_else(String::new, |s| format!("{s:.3}")),
            thousands(pair.rows)
        );
    }
    page.push_str("</table></section>\n");
}

fn matrix(page: &mut String, relations: &Relations) {
    const CELL: usize = 18;
    const LEFT: usize = 150;
    let n = relations.columns.len().min(MATRIX);
    let (width, height) = (LEFT + n * CELL, n * CELL);
    let _ = write!(
        page,
        "<div class=\"scroll\"><svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Relations of {n} columns\" style=\"max-width:none;margin:10px 0\">"
    );
    for y in 0..n {
        let name: String = relations.columns[y].name.chars().take(22).collect();
        let _ =
            write!(page, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", LEFT - 6, y * CELL + 13, text(&name));
        for x in 0..n {
            let value = if x == y { Some(1.0) } else { relations.pair(x, y).and_then(|p| p.value) };
            let Some(value) = value else { continue };
            let class = if value < 0.0 { "n" } else { "b" };
            let _ = write!(
                page,
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{s}\" height=\"{s}\" opacity=\"{:.2}\"><title>{value:.3}</title></rect>",
                LEFT + x * CELL,
                y * CELL,
                value.abs().max(0.04),
                s = CELL - 1
            );
        }
    }
    page.push_str("</svg></div>");
    if relations.columns.len() > n {
        let _ = write!(page, "<p class=\"weak\">The first {n} of {} columns</p>", relations.columns.len());
    }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn shown(x: f64, storage: Storage) -> String {
    if storage == Storage::DatetimeMs { crate::data::table::format_datetime(x as i64) } else { number(x) }
}

fn day(ms: i64) -> String {
    crate::data::table::format_datetime(ms).chars().take(10).collect()
}

/// Up to six significant digits.
fn number(x: f64) -> String {
    if x == 0.0 || (x.fract() == 0.0 && x.abs() < 1e15) {
        return format!("{x}");
    }
    let magnitude = x.abs().log10().floor() as i32;
    if !(-5..15).contains(&magnitude) {
        return format!("{x:.3e}");
    }
    let decimals = (5 - magnitude).clamp(0, 10) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_become_markup() {
        assert_eq!(text("<script>alert('x')</script>"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        assert_eq!(text("a\"b&c\u{202e}\n"), "a&quot;b&amp;c\\u{202e}\\u{a}");
        assert_eq!(text(&"x".repeat(500)).chars().count(), CLIP + 1);
    }

    #[test]
    fn a_hundred_columns_stay_small_and_hostile_names_harmless() {
        use crate::domain::profile::NumberSummary;
        use crate::domain::relations::{Pair, RelatedColumn, Role};
        use crate::domain::schema::{ColumnKind, Storage};

        let column = |i: usize| {
            let mut c =
                ColumnProfile::new(&format!("<script>alert({i})</script>"), ColumnKind::Numeric, Storage::Float64);
            let edges: Vec<f64> = (0..=30).map(|e| f64::from(e) * 1_234.567_8).collect();
            c.histogram = Some(Histogram { counts: (0..30).map(|n| n * 98_765).collect(), edges });
            c.log_histogram.clone_from(&c.histogram);
            c.top = (0..20).map(|n| (format!("\"onload=\"x{n}"), 1_000_000)).collect();
            c.distinct = 20;
            c.numbers =
                Some(NumberSummary { count: 9, quantiles: vec![(0.5, 1.0 / 3.0); 7], ..NumberSummary::default() });
            c
        };
        let profile = TableProfile { format_version: 2, rows: 1_000_000, columns: (0..100).map(column).collect() };
        let columns = profile.columns.iter().map(|c| RelatedColumn { name: c.name.clone(), role: Role::Number });
        let pairs = (0..100).flat_map(|x| (x + 1..100).map(move |y| (x, y)));
        let relations = Relations {
            format_version: 1,
            rows: 1_000_000,
            rows_used: 200_000,
            seed: 42,
            columns: columns.collect(),
            left_out: vec![],
            pairs: pairs.map(|(x, y)| Pair { x, y, rows: 9, value: Some(-0.95), spearman: Some(0.5) }).collect(),
        };
        let page = document(&version(), &profile, &relations);
        assert!(page.len() < 2_000_000, "{} bytes", page.len());
        assert!(!page.contains("<script") && !page.contains("\"onload=") && page.contains("&lt;script&gt;alert(7)"));
        assert!(page.contains("sample of 200,000 of 1,000,000 rows (seed 42)"));
    }

    fn version() -> DatasetVersion {
        let text = r#"{"id":1,"dataset_id":1,"dataset":"a<b","version":1,"rows":9,"schema":{"columns":[]},
            "source_hash":"0000000000000000000000000000000000000000000000000000000000000000",
            "table_hash":"0000000000000000000000000000000000000000000000000000000000000000",
            "source_name":"<img src=x>.csv","source_bytes":1,"created_at_ms":0,"read":null}"#;
        let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["read"] = serde_json::to_value(crate::data::read::default_options()).unwrap();
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn numbers_have_six_digits() {
        let shown = [0.0, 3.0, 0.123_456_78, 1_234.567_89, -2.5e-9, 1e20].map(number);
        assert_eq!(shown, ["0", "3", "0.123457", "1234.57", "-2.500e-9", "1.000e20"]);
    }
}
