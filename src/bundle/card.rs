//! The model card: what a stranger must know about a model before using it, as Markdown.
//!
//! Facts come from the run; what only people can say is marked as still to be written, never invented. Every name is
//! escaped: a column called `<script>` or `a | b`, or one with a text-direction override, shows as exactly that.

use std::fmt::Write as _;

use chrono::DateTime;

use crate::domain::evaluation::ImportanceBy;
use crate::domain::metric::Metric;
use crate::domain::run::{Environment, RunMetrics};
use crate::domain::split_check::SplitCheck;
use crate::domain::task::Task;
use crate::domain::words::thousands;

/// Longest name shown in full.
const MOST_CHARS: usize = 200;
/// Features named in the importance table.
const MOST_IMPORTANT: usize = 20;

/// Everything the card says.
#[derive(Clone, Debug)]
pub struct CardFacts {
    /// "Churn: logistic regression, run 12".
    pub title: String,
    pub task: Task,
    pub target: String,
    /// Class names in the model's order; empty for regression.
    pub classes: Vec<String>,
    /// Name for people.
    pub algorithm: String,
    pub parameters: Vec<(String, String)>,
    /// `churn@2`
    pub dataset: String,
    /// SHA-256 of the source file.
    pub dataset_hash: String,
    pub rows: u64,
    pub train_rows: u64,
    pub test_rows: u64,
    /// How rows were split: "stratified, 20 % test".
    pub split: String,
    /// What the checks said of the rows on its two sides; `None` when nobody asked them.
    pub split_check: Option<SplitCheck>,
    pub seed: u64,
    pub metrics: RunMetrics,
    /// The columns the model takes.
    pub features: Vec<String>,
    /// Columns left out, each with the reason.
    pub excluded: Vec<(String, String)>,
    /// Feature → share, largest first.
    pub importance: Vec<(String, f64)>,
    /// What the shares are of.
    pub importance_by: ImportanceBy,
    /// Of the ONNX graph, about.
    pub onnx_bytes: u64,
    pub environment: Environment,
    pub warnings: Vec<String>,
    pub created_at_ms: i64,
}

/// The card in Markdown (CommonMark and GitHub tables), without any HTML.
pub fn model_card(facts: &CardFacts) -> String {
    let mut card = format!("# {}\n\n", escape(&facts.title));
    overview(&mut card, facts);
    human_section(&mut card, "Intended use", "Who should use it, for which decision, and what it must not be used for");
    training(&mut card, facts);
    evaluation(&mut card, facts);
    columns(&mut card, facts);
    warnings(&mut card, facts);
    human_section(&mut card, "Limits", "Rows it was not made for, known mistakes, when it must be trained again");
    human_section(
        &mut card,
        "Ethical considerations",
        "People affected, groups it may treat worse, how they can object, who answers for it",
    );
    environment(&mut card, facts);
    card
}

fn overview(card: &mut String, facts: &CardFacts) {
    let task = match facts.task {
        Task::Binary => "Binary classification",
        Task::Multiclass => "Multiclass classification",
        Task::Regression => "Regression",
    };
    let created = DateTime::from_timestamp_millis(facts.created_at_ms).unwrap_or_default();
    let mut rows = vec![
        ("Task", task.to_owned()),
        ("Predicts", escape(&facts.target)),
        ("Algorithm", escape(&facts.algorithm)),
        ("Trained on", format!("{}, {} rows", escape(&facts.dataset), thousands(facts.rows))),
        ("Size", format!("about {} as ONNX", bytes(facts.onnx_bytes))),
        ("Created", created.format("%Y-%m-%d %H:%M UTC").to_string()),
    ];
    if !facts.classes.is_empty() {
        let mut classes: Vec<String> = facts.classes.iter().take(50).map(|c| escape(c)).collect();
        if facts.classes.len() > classes.len() {
            classes.push(format!("… {} in all", facts.classes.len()));
        }
        rows.insert(2, ("Classes", classes.join(", ")));
    }
    if facts.task == Task::Binary && facts.classes.len() == 2 {
        rows.insert(3, ("Positive class", escape(&facts.classes[1])));
    }
    card.push_str("## Model overview\n\n");
    table(card, ["", ""], rows.into_iter().map(|(name, value)| [name.to_owned(), value]));
}

fn training(card: &mut String, facts: &CardFacts) {
    card.push_str("## Training\n\n");
    let rows = [
        ("Dataset", escape(&facts.dataset)),
        ("SHA-256 of the source", format!("`{}`", escape_code(&facts.dataset_hash))),
        ("Split", escape(&facts.split)),
        ("Rows trained on", thousands(facts.train_rows)),
        ("Rows tested on", thousands(facts.test_rows)),
        ("Seed", facts.seed.to_string()),
    ];
    table(card, ["", ""], rows.into_iter().map(|(name, value)| [name.to_owned(), value]));
    if !facts.parameters.is_empty() {
        card.push_str("Parameters:\n\n");
        let rows = facts.parameters.iter().map(|(name, value)| [escape(name), escape(value)]);
        table(card, ["Parameter", "Value"], rows);
    }
    if let Some(check) = &facts.split_check {
        let _ = writeln!(card, "{}, {}.\n", check.summary(), check.extent());
        for finding in check.alarms() {
            let _ = writeln!(card, "- {}: {}", finding.severity.as_str(), escape(&finding.message));
        }
        if !check.alarms().is_empty() {
            card.push('\n');
        }
    }
}

fn evaluation(card: &mut String, facts: &CardFacts) {
    card.push_str("## Evaluation\n\n");
    let m = &facts.metrics;
    let rows: Vec<[String; 4]> = Metric::for_task(facts.task)
        .iter()
        .filter(|metric| [&m.train, &m.test, &m.cv].iter().any(|set| set.contains_key(metric.key())))
        .map(|metric| {
            let key = metric.key();
            let number = |set: &crate::domain::metric::MetricSet| set.get(key).map(|&x| short(x));
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
            let cv = number(&m.cv).map(|mean| match number(&m.cv_std) {
                Some(std) => format!("{mean} ± {std}"),
                None => mean,
            });
            let name = if metric.higher_is_better() { "higher is better" } else { "lower is better" };
            [format!("{} ({name})", metric.title()), or_dash(number(&m.test)), or_dash(cv), or_dash(number(&m.train))]
        })
        .collect();
    if rows.is_empty() {
        card.push_str("No metric was measured.\n\n");
        return;
    }
    table(card, ["Metric", "Test", "Cross-validation", "Train"], rows.into_iter());
    card.push_str("The test rows took no part in training; metrics are defined as in scikit-learn.\n\n");
}

fn columns(card: &mut String, facts: &CardFacts) {
    card.push_str("## Columns\n\n");
    let _ = writeln!(card, "The model takes {} columns:\n", facts.features.len());
    for feature in &facts.features {
        let _ = writeln!(card, "- {}", escape(feature));
    }
    card.push('\n');
    if !facts.excluded.is_empty() {
        card.push_str("Left out:\n\n");
        let rows = facts.excluded.iter().map(|(name, reason)| [escape(name), escape(reason)]);
        table(card, ["Column", "Reason"], rows);
    }
    if !facts.importance.is_empty() {
        let _ = writeln!(card, "{}:\n", facts.importance_by.describe());
        let rows = facts.importance.iter().take(MOST_IMPORTANT);
        table(card, ["Feature", "Share"], rows.map(|(name, share)| [escape(name), format!("{:.1} %", share * 100.0)]));
    }
}

fn warnings(card: &mut String, facts: &CardFacts) {
    if facts.warnings.is_empty() {
        return;
    }
    card.push_str("## Warnings\n\n");
    for warning in &facts.warnings {
        let _ = writeln!(card, "- {}", escape(warning));
    }
    card.push('\n');
}

fn human_section(card: &mut String, title: &str, what: &str) {
    let _ = writeln!(card, "## {title}\n\n> **To be filled in by a person.** {what}.\n");
}

fn environment(card: &mut String, facts: &CardFacts) {
    let env = &facts.environment;
    card.push_str("## Environment\n\n");
    let mut rows = vec![
        ["Modelwright".to_owned(), escape(&env.app_version)],
        ["System".to_owned(), escape(&env.os)],
        ["Processor".to_owned(), format!("{}, {} threads", escape(&env.cpu), env.threads)],
    ];
    rows.extend(env.libraries.iter().map(|(name, version)| [escape(name), escape(version)]));
    table(card, ["", ""], rows.into_iter());
}

fn bytes(bytes: u64) -> String {
    match bytes as f64 / 1024.0 {
        kib if kib < 1024.0 => format!("{kib:.0} KiB"),
        kib => format!("{:.1} MiB", kib / 1024.0),
    }
}

fn table<const N: usize>(card: &mut String, head: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let _ = writeln!(card, "| {} |", head.join(" | "));
    let _ = writeln!(card, "|{}", " --- |".repeat(N));
    for row in rows {
        let _ = writeln!(card, "| {} |", row.join(" | "));
    }
    card.push('\n');
}

/// Four significant digits and no more zeros than needed; very large and small numbers in powers of ten.
fn short(x: f64) -> String {
    if x == 0.0 || !(1e-4..1e7).contains(&x.abs()) {
        return if x == 0.0 { "0".to_owned() } else { format!("{x:.3e}") };
    }
    let digits = (3 - x.abs().log10().floor() as i32).clamp(0, 8) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Markdown that shows `text` as it is, on one line. Control and text-direction characters become `U+202E`.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        if i == MOST_CHARS {
            safe.push('…');
            break;
        }
        match c {
            c if is_hidden(c) => {
                let _ = write!(safe, "U+{:04X}", u32::from(c));
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '&' | '!' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe.replace("://", "\\://") // no link out of a name
}

/// For a code span, where nothing could be escaped: letters and digits only.
fn escape_code(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric()).take(MOST_CHARS).collect()
}

/// Characters that change how their neighbours look, or that nobody sees.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn facts() -> CardFacts {
        CardFacts {
            title: "Churn: logistic regression".into(),
            task: Task::Binary,
            target: "churned".into(),
            classes: vec!["no".into(), "yes".into()],
            algorithm: "Logistic regression".into(),
            parameters: vec![("c".into(), "1".into())],
            dataset: "churn@2".into(),
            dataset_hash: "ab".repeat(32),
            rows: 20_000,
            train_rows: 16_000,
            test_rows: 4_000,
            split: "stratified, 20 % test".into(),
            split_check: None,
            seed: 42,
            metrics: RunMetrics {
                test: BTreeMap::from([("roc_auc".to_owned(), 0.912_345), ("log_loss".to_owned(), 0.25)]),
                cv: BTreeMap::from([("roc_auc".to_owned(), 0.9)]),
                cv_std: BTreeMap::from([("roc_auc".to_owned(), 0.0123)]),
                ..RunMetrics::default()
            },
            features: vec!["age".into(), "plan".into()],
            excluded: vec![("id".into(), "looks like an identifier".into())],
            importance: vec![("plan=basic".into(), 0.625)],
            importance_by: ImportanceBy::Permutation,
            onnx_bytes: 86_000_000,
            environment: Environment {
                app_version: "0.1.0".into(),
                os: "Linux".into(),
                cpu: "some cpu".into(),
                threads: 2,
                libraries: BTreeMap::new(),
                locale: String::new(),
            },
            warnings: vec!["the solver stopped early".into()],
            created_at_ms: 1_795_176_000_000,
        }
    }

    #[test]
    fn says_what_was_measured_and_what_people_must_add() {
        let card = model_card(&facts());
        for expected in [
            "# Churn: logistic regression\n",
            "| Positive class | yes |",
            "| ROC AUC (higher is better) | 0.9123 | 0.9 ± 0.0123 | – |",
            "| Trained on | churn@2, 20,000 rows |",
            "Share of the loss that shuffling the column adds, on test rows:\n\n| Feature | Share |",
            "| plan=basic | 62.5 % |",
            "| Size | about 82.0 MiB as ONNX |",
            "## Intended use\n\n> **To be filled in by a person.**",
            "- the solver stopped early",
        ] {
            assert!(card.contains(expected), "{expected}\n{card}");
        }
    }

    #[test]
    fn markup_in_names_is_shown_not_obeyed() {
        let mut facts = facts();
        facts.features = vec!["<script>alert(1)</script>".into(), "a | b".into(), "x\u{202e}y\n# z".into()];
        let card = model_card(&facts);
        assert!(card.contains("- \\<script\\>alert(1)\\</script\\>"));
        assert!(card.contains("- a \\| b"));
        assert!(card.contains("- xU+202EyU+000A\\# z"));
    }

    #[test]
    fn numbers_keep_four_digits() {
        for (x, text) in [(0.0, "0"), (0.5, "0.5"), (1_234.56, "1235"), (0.012_345, "0.01235"), (1e12, "1.000e12")] {
            assert_eq!(short(x), text);
        }
    }
}
