//! What can be typed about training and tuning.

use clap::Args;

use crate::domain::params::{Algorithm, ParamValue, Search, SearchRange};
use crate::domain::recipe::RecipeSpec;
use crate::domain::split::SplitKind;
use crate::domain::training::{CalibrationMethod, ThresholdRule, TuneMethod};

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D", required_unless_present = "resume")]
    pub data: Option<String>,
    /// The column to predict
    #[arg(long, value_name = "COL", required_unless_present = "resume")]
    pub target: Option<String>,
    /// Algorithm to train; repeat for several (default: seven usual ones, which --plan lists)
    #[arg(long = "algorithm", value_name = "A", value_parser = parse_algorithm)]
    pub algorithms: Vec<Algorithm>,
    /// random, stratified, time:COL, or group:COL (default: stratified)
    #[arg(long, value_name = "HOW", value_parser = parse_split)]
    pub split: Option<SplitKind>,
    /// Share of the rows that test
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = parse_share)]
    pub test_share: f64,
    /// Folds of cross-validation on the training rows; 0 for none
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = parse_folds)]
    pub folds: u32,
    /// Deal the folds anew so many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeats: u32,
    /// Train and test on the rows of this run instead of splitting anew
    #[arg(long, value_name = "RUN", conflicts_with = "split")]
    pub split_of: Option<i64>,
    /// A column of numbers that says how much each row counts
    #[arg(long, value_name = "COL")]
    pub weight: Option<String>,
    /// Stop after this time, such as 60s or 5m; what is done by then is kept
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub budget: Option<f64>,
    /// Go on with a request that was stopped: the number of its group
    #[arg(long, value_name = "GROUP")]
    pub resume: Option<i64>,
    /// Correct probabilities by what was right on held-out folds: platt or isotonic
    #[arg(long, value_name = "HOW", value_parser = parse_calibration)]
    pub calibrate: Option<CalibrationMethod>,
    /// Where the second class begins: f1, youden, cost:FP,FN (what a false positive and a false negative cost), or a
    /// probability
    #[arg(long, value_name = "RULE", value_parser = parse_threshold)]
    pub threshold: Option<ThresholdRule>,
    /// Decides split, folds and learning: the same seed gives the same run
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Set a parameter: decision_tree.max_depth=6; repeat for several
    #[arg(long = "param", value_name = "ALGO.KEY=VALUE", value_parser = parse_param)]
    pub params: Vec<(Algorithm, String, ParamValue)>,
    /// Leave a column out; repeat for several
    #[arg(long, value_name = "COL")]
    pub exclude: Vec<String>,
    /// Keep a column that knows the answer and would be left out, for this reason, which is recorded; repeat for several
    #[arg(long, value_name = "COL=REASON", value_parser = parse_kept)]
    pub keep_leaking: Vec<(String, String)>,
    /// A recipe of your own: a JSON file with settings and steps
    #[arg(long, value_name = "FILE", value_parser = parse_recipe)]
    pub recipe: Option<RecipeSpec>,
    /// Combine the runs into one more, weighted by what each said about held-out folds
    #[arg(long)]
    pub ensemble: bool,
    /// Only say what would be trained, and why
    #[arg(long)]
    pub plan: bool,
}

#[derive(Debug, Args)]
pub struct TuneArgs {
    #[command(flatten)]
    pub train: TrainArgs,
    /// tpe, random, or halving (few rows first)
    #[arg(long, value_name = "HOW", default_value = "tpe", value_parser = parse_method)]
    pub method: TuneMethod,
    /// Sets of parameters to try at most
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub trials: u32,
    /// Where to look for a parameter: learning_rate=0.01..0.3:log, or words such as loss=squared,huber; repeat for several
    #[arg(long, value_name = "NAME=RANGE", value_parser = parse_search)]
    pub search: Vec<(String, SearchRange)>,
    /// Let every trial have all folds, however bad the first ones are
    #[arg(long)]
    pub no_pruning: bool,
}

fn parse_search(text: &str) -> Result<(String, SearchRange), String> {
    let wrong = || "write learning_rate=0.01..0.3, with :log for orders of magnitude, or loss=squared,huber".to_owned();
    let (name, range) = text.split_once('=').ok_or_else(wrong)?;
    let Some((low, high)) = range.split_once("..") else {
        return Ok((name.to_owned(), SearchRange::OneOf(range.split(',').map(str::to_owned).collect())));
    };
    let (high, log) = high.strip_suffix(":log").map_or((high, false), |high| (high, true));
    let low = low.parse().map_err(|_| wrong())?;
    let high = high.parse().map_err(|_| wrong())?;
    Ok((name.to_owned(), SearchRange::Between(Search { low, high, log })))
}

fn parse_method(text: &str) -> Result<TuneMethod, String> {
    TuneMethod::parse(text).ok_or_else(|| "choose tpe, random or halving".to_owned())
}

fn parse_calibration(text: &str) -> Result<CalibrationMethod, String> {
    CalibrationMethod::parse(text).ok_or_else(|| "choose platt or isotonic".to_owned())
}

fn parse_threshold(text: &str) -> Result<ThresholdRule, String> {
    let wrong = || "choose f1, youden, cost:FP,FN such as cost:1,5, or a probability such as 0.3".to_owned();
    match text {
        "f1" => return Ok(ThresholdRule::F1),
        "youden" => return Ok(ThresholdRule::Youden),
        _ => {}
    }
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).ok_or_else(wrong);
    match text.strip_prefix("cost:") {
        Some(costs) => {
            let (positive, negative) = costs.split_once(',').ok_or_else(wrong)?;
            Ok(ThresholdRule::Cost { false_positive: number(positive)?, false_negative: number(negative)? })
        }
        None => Ok(ThresholdRule::Fixed { value: number(text)? }),
    }
}

/// `60`, `60s`, `5m`, `1h`; in seconds.
fn parse_seconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let factor = match unit {
        "h" => 3600.0,
        "m" => 60.0,
        _ => 1.0,
    };
    let seconds = number.trim().parse::<f64>().ok().map(|n| n * factor).filter(|n| n.is_finite() && *n > 0.0);
    seconds.ok_or_else(|| "write a time such as 60s, 5m or 1h".to_owned())
}

fn parse_recipe(path: &str) -> Result<RecipeSpec, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    RecipeSpec::from_json(&text).map_err(|problem| format!("it is no recipe: {problem}"))
}

fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Algorithm::ALL.iter().map(|a| a.as_str()).collect();
        format!("choose among {}", known.join(", "))
    })
}

fn parse_split(text: &str) -> Result<SplitKind, String> {
    match text {
        "random" => Ok(SplitKind::Random),
        "stratified" => Ok(SplitKind::Stratified),
        _ => match text.strip_prefix("time:") {
            Some(column) if !column.is_empty() => Ok(SplitKind::Time { column: column.to_owned() }),
            _ => match text.strip_prefix("group:") {
                Some(column) if !column.is_empty() => Ok(SplitKind::Group { column: column.to_owned() }),
                _ => Err("choose random, stratified, time:COL or group:COL".to_owned()),
            },
        },
    }
}

fn parse_kept(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, reason)) if !column.is_empty() && !reason.trim().is_empty() => {
            Ok((column.to_owned(), reason.trim().to_owned()))
        }
        _ => Err("write COL=REASON: keeping such a column needs a reason".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err("must lie between 0 and 1".to_owned()) }
}

fn parse_folds(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(1) => Err("one fold is none: use 0, or 2 and more".to_owned()),
        Ok(n) if n <= 100 => Ok(n),
        _ => Err("0, or 2 to 100".to_owned()),
    }
}

/// Whether the algorithm takes such a value is checked with all the others.
fn parse_param(text: &str) -> Result<(Algorithm, String, ParamValue), String> {
    let (name, value) = text.split_once('=').ok_or("write algorithm.name=value")?;
    let (algorithm, key) = name.split_once('.').ok_or("write algorithm.name=value")?;
    Ok((parse_algorithm(algorithm)?, key.to_owned(), ParamValue::parse(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_names_algorithm_key_and_value() {
        assert_eq!(parse_param("logistic.c=0.5").unwrap(), (Algorithm::Logistic, "c".to_owned(), 0.5.into()));
        assert_eq!(
            parse_param("knn.weights=distance").unwrap(),
            (Algorithm::Knn, "weights".to_owned(), "distance".into())
        );
        assert!(parse_param("c=0.5").is_err());
        assert!(parse_param("logistic.c").is_err());
    }
}
