//! `groups` and `outliers`: rows that belong together, and rows that are unlike all others.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::report::{Report, table};
use super::{imported, listing, mixed_up, work};
use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{
    CovarianceType, DbscanParams, Explore, ExploreRequest, Explored, Group, Grouping, Groups, KMeansParams, KeepGroups,
    MOST_GROUPS, MixtureParams, Outliers, Typical,
};
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::words::thousands;
use crate::lifecycle::resolve;

#[derive(Debug, Args)]
pub struct GroupsArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D")]
    data: String,
    /// kmeans; gaussian_mixture for groups of different width and direction; dbscan for groups of any shape, with rows
    /// that belong to none
    #[arg(long, value_enum, default_value_t = Method::Kmeans)]
    method: Method,
    /// How many groups (n_clusters, n_components), or auto: 2 to 10 that are best told apart with kmeans, 1 to 10 by the
    /// Bayesian information criterion with gaussian_mixture
    #[arg(long, value_name = "N", visible_aliases = ["n", "n-clusters", "n-components"], value_parser = how_many)]
    groups: Option<HowMany>,
    /// dbscan: how near neighbours are at most, in scaled units; without, where the distances to neighbours bend
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    eps: Option<f64>,
    /// dbscan: rows within eps that make a core row, itself included [default: 5]
    #[arg(long, value_name = "N")]
    min_samples: Option<u32>,
    /// gaussian_mixture: full, tied, diag or spherical [default: full]
    #[arg(long, value_name = "TYPE", value_parser = covariance_type)]
    covariance_type: Option<CovarianceType>,
    /// gaussian_mixture: added to every variance [default: 1e-6]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    reg_covar: Option<f64>,
    /// kmeans and gaussian_mixture: starts tried [default: 3 and 1]
    #[arg(long, value_name = "N")]
    n_init: Option<u32>,
    /// kmeans and gaussian_mixture: passes per start at most [default: 100]
    #[arg(long, value_name = "N")]
    max_iter: Option<u32>,
    /// Keep the groups as this column of a new version
    #[arg(long, value_name = "COLUMN")]
    keep: Option<String>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Method {
    Kmeans,
    GaussianMixture,
    Dbscan,
}

/// `None` for `auto`.
#[derive(Clone, Copy, Debug)]
struct HowMany(Option<u32>);

fn how_many(text: &str) -> Result<HowMany, String> {
    if text == "auto" {
        return Ok(HowMany(None));
    }
    let n = text.parse().ok().filter(|n| (1..=MOST_GROUPS).contains(n));
    n.map(|n| HowMany(Some(n))).ok_or_else(|| format!("auto, or a number from 1 to {MOST_GROUPS}"))
}

fn covariance_type(text: &str) -> Result<CovarianceType, String> {
    let all = CovarianceType::ALL.into_iter();
    all.clone().find(|known| known.name() == text).ok_or_else(|| {
        let names: Vec<&str> = all.map(CovarianceType::name).collect();
        format!("one of {}", names.join(", "))
    })
}

impl GroupsArgs {
    /// What was asked for; a parameter of another method is refused rather than left unread.
    fn grouping(&self) -> Result<Grouping, Problem> {
        let stray = |flag: &str, goes_with: &str| {
            let method = self.method.to_possible_value().map_or_else(String::new, |m| m.get_name().to_owned());
            let summary = format!("{flag} means nothing to --method {method}");
            Problem::usage(summary, format!("It goes with {goes_with}"))
        };
        let refuse =
            |given: bool, flag: &str, goes_with: &str| if given { Err(stray(flag, goes_with)) } else { Ok(()) };
        if self.method != Method::GaussianMixture {
            refuse(self.covariance_type.is_some(), "--covariance-type", "--method gaussian_mixture")?;
            refuse(self.reg_covar.is_some(), "--reg-covar", "--method gaussian_mixture")?;
        }
        if self.method == Method::Dbscan {
            let others = "--method kmeans or gaussian_mixture";
            refuse(self.groups.is_some_and(|n| n.0.is_some()), "--groups", others)?;
            refuse(self.n_init.is_some(), "--n-init", others)?;
            refuse(self.max_iter.is_some(), "--max-iter", others)?;
        } else {
            refuse(self.eps.is_some(), "--eps", "--method dbscan")?;
            refuse(self.min_samples.is_some(), "--min-samples", "--method dbscan")?;
        }
        let n = self.groups.and_then(|n| n.0);
        let (kmeans, mixture, dbscan) = (KMeansParams::default(), MixtureParams::default(), DbscanParams::default());
        Ok(match self.method {
            Method::Kmeans => Grouping::KMeans(KMeansParams {
                n_clusters: n,
                n_init: self.n_init.unwrap_or(kmeans.n_init),
                max_iter: self.max_iter.unwrap_or(kmeans.max_iter),
            }),
            Method::GaussianMixture => Grouping::GaussianMixture(MixtureParams {
                n_components: n,
                covariance_type: self.covariance_type.unwrap_or_default(),
                reg_covar: self.reg_covar.unwrap_or(mixture.reg_covar),
                n_init: self.n_init.unwrap_or(mixture.n_init),
                max_iter: self.max_iter.unwrap_or(mixture.max_iter),
            }),
            Method::Dbscan => Grouping::Dbscan(DbscanParams {
                eps: self.eps,
                min_samples: self.min_samples.unwrap_or(dbscan.min_samples),
            }),
        })
    }
}

#[derive(Debug, Args)]
pub struct OutliersArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D")]
    data: String,
    /// Rows to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct CommonArgs {
    /// A column that does not take part; repeat for several
    #[arg(long, value_name = "COL")]
    exclude: Vec<String>,
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Write what was found for every row as CSV
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn groups(root: &Path, args: GroupsArgs) -> Result<Report, Problem> {
    let (version, found) = ask(root, &args.data, &args.common, Explore::Groups(args.grouping()?))?;
    let Explored::Groups(found) = found else { return Err(mixed_up()) };
    let names: Vec<String> = found.groups.iter().map(Group::label).collect();
    let lines = found.labels.iter().enumerate().map(|(row, group)| match found.places.get(row) {
        Some([x, y]) => format!("{},{},{x},{y}\n", row + 1, names[*group as usize]),
        None => format!("{},{},,\n", row + 1, names[*group as usize]),
    });
    write(args.common.out.as_deref(), "row,group,x,y\n", lines)?;
    let kept = args.keep.map(|column| {
        let what = Explore::Groups(found.by);
        let groups = asked(&version, &args.common, what);
        match work(root, JobRequest::KeepGroups(KeepGroups { groups, column }))? {
            JobOutcome::Labelled(made) => Ok(made),
            _ => Err(mixed_up()),
        }
    });
    Ok(groups_report(&version, &found, kept.transpose()?.as_ref()))
}

pub fn outliers(root: &Path, args: OutliersArgs) -> Result<Report, Problem> {
    let (version, found) = ask(root, &args.data, &args.common, Explore::Outliers)?;
    let Explored::Outliers(found) = found else { return Err(mixed_up()) };
    let lines = found.scores.iter().enumerate().map(|(row, score)| format!("{},{score}\n", row + 1));
    write(args.common.out.as_deref(), "row,score\n", lines)?;
    Ok(outliers_report(&version, &found, args.top))
}

fn ask(root: &Path, data: &str, common: &CommonArgs, what: Explore) -> Result<(DatasetVersion, Explored), Problem> {
    let data = imported(root, data)?;
    let version = listing(root, |workspace| resolve::resolve(workspace, &data, &Silent))?;
    match work(root, JobRequest::Ask(Question::Explore(asked(&version, common, what))))? {
        JobOutcome::Answered(answer) => match *answer {
            Answer::Explored(found) => Ok((version, *found)),
            _ => Err(mixed_up()),
        },
        _ => Err(mixed_up()),
    }
}

fn asked(version: &DatasetVersion, common: &CommonArgs, what: Explore) -> ExploreRequest {
    ExploreRequest { version: version.id, exclude: common.exclude.clone(), seed: common.seed, what }
}

fn write(out: Option<&Path>, header: &str, lines: impl Iterator<Item = String>) -> Result<(), Problem> {
    let Some(out) = out else { return Ok(()) };
    let text: String = std::iter::once(header.to_owned()).chain(lines).collect();
    std::fs::write(out, text).map_err(|error| {
        Problem::failed(format!("Could not write {}", out.display()), error.to_string(), "Choose another place")
    })
}

fn groups_report(version: &DatasetVersion, found: &Groups, kept: Option<&DatasetVersion>) -> Report {
    let mut text = String::new();
    let rows: Vec<Vec<String>> = found
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = found.groups.iter().map(|group| typical(&group.columns[at].is));
            std::iter::once(column.clone()).chain(cells).collect()
        })
        .collect();
    let titles: Vec<String> =
        found.groups.iter().map(|group| format!("{}: {} rows", group.title(), thousands(group.rows))).collect();
    let header: Vec<&str> = std::iter::once("").chain(titles.iter().map(String::as_str)).collect();
    text.push_str(&table(&header, &rows));
    let _ = writeln!(text, "Found by {}", found.by);
    let is_bic = matches!(found.by, Grouping::GaussianMixture(_));
    if found.tried.len() > 1 {
        let scores: Vec<String> = found.tried.iter().map(|(n, score)| format!("{n}: {score:.0}")).collect();
        let what =
            if is_bic { "Bayesian information criterion, smaller is better" } else { "How well groups are told apart" };
        let _ = writeln!(text, "{what}: {}", scores.join(", "));
    }
    tell(&mut text, found.rows, found.learned_rows, &found.warnings);
    if let Some(kept) = kept {
        let _ = writeln!(text, "{}: {}", kept.label(), kept.provenance.note);
    }
    let groups = found.groups.iter().map(|group| {
        let columns = group.columns.iter().map(|c| match &c.is {
            Typical::Mean(mean) => json!({ "column": c.column, "mean": mean }),
            Typical::Date(mean) => json!({ "column": c.column, "mean": mean }),
            Typical::Value { value, share } => json!({ "column": c.column, "value": value, "share": share }),
            Typical::Missing => json!({ "column": c.column }),
        });
        json!({ "group": group.number, "rows": group.rows, "columns": columns.collect::<Vec<_>>() })
    });
    let tried: Vec<_> = found.tried.iter().map(|(n, score)| json!({ "groups": n, "score": score })).collect();
    let (separation, bic) = if is_bic { (Vec::new(), tried) } else { (tried, Vec::new()) };
    let json = json!({
        "dataset": version.label(), "rows": found.rows, "learned_rows": found.learned_rows, "columns": found.columns,
        "groups": groups.collect::<Vec<_>>(), "by": found.by, "kept": kept.map(DatasetVersion::label), "separation": separation, "bic": bic, "shares": found.shares,
        "warnings": found.warnings,
    });
    Report::new(json, text)
}

fn typical(is: &Typical) -> String {
    match is {
        Typical::Mean(mean) => format!("{mean:.4}"),
        Typical::Date(mean) => mean.clone(),
        Typical::Value { value, share } => format!("{value} ({:.0} %)", 100.0 * share),
        Typical::Missing => String::new(),
    }
}

fn outliers_report(version: &DatasetVersion, found: &Outliers, top: usize) -> Report {
    let top = found.top(top);
    let rows: Vec<Vec<String>> =
        top.iter().map(|(row, score)| vec![(row + 1).to_string(), format!("{score:.4}")]).collect();
    let mut text = table(&["row", "score"], &rows);
    let _ = writeln!(
        text,
        "0.5 is like most rows, towards 1 is like no other; `rows {} --first N` shows a row",
        version.label()
    );
    tell(&mut text, found.rows, found.learned_rows, &found.warnings);
    let outliers: Vec<_> = top.iter().map(|(row, score)| json!({ "row": row + 1, "score": score })).collect();
    let json = json!({
        "dataset": version.label(), "rows": found.rows, "learned_rows": found.learned_rows, "columns": found.columns,
        "outliers": outliers, "warnings": found.warnings,
    });
    Report::new(json, text)
}

fn tell(text: &mut String, rows: u64, learned: u64, warnings: &[String]) {
    if learned < rows {
        let _ = writeln!(text, "Learned from a sample of {} of {} rows", thousands(learned), thousands(rows));
    }
    warnings.iter().for_each(|warning| {
        let _ = writeln!(text, "{warning}");
    });
}
