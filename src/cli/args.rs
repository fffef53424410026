//! What can be typed. The words and flags here are a contract that scripts rely on.

mod training;
mod versions;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use training::{TrainArgs, TuneArgs};
pub use versions::{BranchCommand, DiffArgs, TagCommand};

use super::import::ImportArgs;
use crate::domain::request::RestoreForm;
use crate::domain::schema::ColumnKind;
use crate::domain::words::parse_bytes;

/// The whole life of a tabular machine-learning model, on this computer.
///
/// Without a command the window opens, with the files that are given.
#[derive(Debug, Parser)]
#[command(name = "modelwright", version, subcommand_precedence_over_arg = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// Folder of the workspace (default: the platform's data folder)
    #[arg(long, global = true, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Memory a table may take, such as 2GB; a larger one stays on disk and training takes a sample of its rows
    #[arg(long, global = true, value_name = "SIZE", value_parser = parse_memory)]
    pub memory_budget: Option<u64>,
    /// Go ahead in spite of red gates, for this reason; both are recorded
    #[arg(long = "override", global = true, value_name = "REASON")]
    pub override_gates: Option<String>,
    /// Write the milliseconds of every frame to this file (window only)
    #[arg(long, value_name = "FILE")]
    pub frame_log: Option<PathBuf>,
    /// Files to import into the window
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check or gate said no.
A dataset D is a name, name@version, name@tag, name@branch, or a path to a file, which is imported on the way.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import files, folders or patterns as dataset versions
    Import(Box<ImportArgs>),
    /// List datasets and their versions, with what is said about them and who uses them
    Datasets {
        /// Only those where every word stands somewhere: name, owner, tags, columns, notes …
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// List the versions of a dataset with their origin, branches and tags
    Versions {
        /// A dataset's name
        #[arg(value_name = "DATASET")]
        dataset: String,
    },
    /// Names that lead to a version and move on with imports
    #[command(subcommand)]
    Branch(BranchCommand),
    /// Names that stay on a version
    #[command(subcommand)]
    Tag(TagCommand),
    /// Write a note on a version
    Note {
        /// A version: name or name@version
        #[arg(value_name = "D")]
        data: String,
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// Make what an earlier version holds the newest version
    Revert {
        /// The earlier version: name@version, name@tag or name@branch
        #[arg(value_name = "D")]
        data: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Make a version in which a column has another kind; its cells stay
    SetKind {
        /// A version that a branch leads to: name, name@version or name@branch
        #[arg(value_name = "D")]
        data: String,
        #[arg(value_name = "COLUMN")]
        column: String,
        /// numeric, boolean, categorical, datetime, text or identifier
        #[arg(value_name = "KIND", value_parser = parse_kind)]
        kind: ColumnKind,
    },
    /// Compare two versions: columns, rows by key, cells, distributions
    Diff(DiffArgs),
    /// Write a version to a file: as it was imported, or as Parquet or CSV
    Restore {
        /// A version: name, name@version, name@tag or name@branch
        #[arg(value_name = "D")]
        data: String,
        /// The file to write; the folder, where the version came from one
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// source (byte for byte), parquet, csv (reads back the same) or csv-spreadsheet (no cell is a formula)
        #[arg(long, value_name = "FORM", default_value = "source", value_parser = parse_form)]
        form: RestoreForm,
        /// Replace what is there
        #[arg(long)]
        force: bool,
    },
    /// Show or save the rows that were set aside when a version was imported
    Rejected {
        /// A version: name or name@version
        #[arg(value_name = "D")]
        data: String,
        /// Save all of them as CSV
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Most rows to show
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u64,
        /// Replace what is there
        #[arg(long)]
        force: bool,
    },
    /// Say who owns a dataset, what it is and how sensitive
    Describe(super::keep::DescribeArgs),
    /// Read a dataset's source again; a new version only if it changed
    Refresh {
        /// A dataset's name
        #[arg(value_name = "D")]
        data: String,
    },
    /// Show what the workspace's bytes are spent on; delete with a bin in between
    Storage(super::keep::StorageArgs),
    /// Watch files and folders: what appears or changes becomes a version
    Watch {
        #[command(subcommand)]
        what: super::watch::WatchCommand,
    },
    /// Give rows labels by hand; all of them together become one new version
    Label(super::labels::LabelArgs),
    /// List the labels that were given by hand: row, label, who, when
    Labels {
        /// A dataset: name or name@version
        #[arg(value_name = "D")]
        data: String,
    },
    /// Show what a dataset's columns hold
    Profile {
        /// A dataset: name, name@version, or a path to a file
        #[arg(value_name = "D")]
        data: String,
        /// Write the profile with its relations as one self-contained page
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Write the profile as JSON; `drift --from-profiles` reads it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show how a dataset's columns hang together
    Relations {
        /// A dataset: name, name@version, or a path to a file
        #[arg(value_name = "D")]
        data: String,
        /// Use all rows of a table of more than 200,000 instead of a sample of these
        #[arg(long)]
        all_rows: bool,
    },
    /// Show rows of a dataset: filtered, sorted, some columns
    Rows(RowsArgs),
    /// Find rows that belong together, and say what they are like
    Groups(super::explore::GroupsArgs),
    /// Find rows that are unlike all others
    Outliers(super::explore::OutliersArgs),
    /// Run the validation checks; exit code 3 when they find an error
    Check(Box<super::checks::CheckArgs>),
    /// Compare check runs, and follow a rule from run to run
    #[command(subcommand)]
    Checks(super::checks::ChecksCommand),
    /// What is expected of a dataset: contract, rules, limits of the checks
    #[command(subcommand)]
    Suite(super::suites::SuiteCommand),
    /// What must hold before training, export, scoring, publishing and import
    #[command(subcommand)]
    Gates(super::gates::GatesCommand),
    /// Answer four questions about a version that no check can answer, or show the answers
    SignOff(Box<super::gates::SignOffArgs>),
    /// List rows whose label looks wrong; correct the labels, or set the rows aside
    Suspects(super::suspects::SuspectsArgs),
    /// Set the rows aside that break rules; the rest becomes a version on a branch
    Quarantine(super::gates::QuarantineArgs),
    /// Let main lead to a version, if the gates let it
    Publish {
        /// The version: name@version, name@tag or name@branch
        #[arg(value_name = "D")]
        data: String,
    },
    /// Say which columns tell something about a target, by seven scores
    Rank(super::rank::RankArgs),
    /// Train and compare models
    Train(TrainArgs),
    /// Search for good parameters of one algorithm; every trial is a run
    Tune(TuneArgs),
    /// Train a run again and say whether the same comes out
    Reproduce {
        /// A completed run's number, as `runs` lists it
        #[arg(value_name = "RUN")]
        run: i64,
    },
    /// List runs
    Runs,
    /// Compare runs side by side
    Compare {
        /// Numbers of runs, as `runs` lists them
        #[arg(required = true, num_args = 2.., value_name = "RUN")]
        runs: Vec<i64>,
    },
    /// Show which rows a run trained and tested on (0-based), and what the checks say of them
    Split {
        /// A run's number, as `runs` lists it
        #[arg(value_name = "RUN")]
        run: i64,
    },
    /// Compare two datasets column by column
    Drift {
        /// What it was, usually the training data: name, name@version, or a path to a file
        #[arg(value_name = "REFERENCE")]
        reference: String,
        /// What it is now: another dataset
        #[arg(value_name = "CURRENT")]
        current: String,
        /// Compare the stored profiles only, approximately; a side may be a JSON file of `profile --out`
        #[arg(long)]
        from_profiles: bool,
    },
    /// Export a completed run as a bundle that ONNX Runtime and MLflow can run
    Export {
        /// A completed run's number, as `runs` lists it
        #[arg(value_name = "RUN")]
        run: i64,
        /// The bundle to write, a zip file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Score a file: its columns, then `prediction` and `probability_<class>`
    Score {
        /// A run's number, or a bundle file
        #[arg(value_name = "BUNDLE|RUN")]
        model: String,
        /// A file of any format that can be imported, with the model's columns
        #[arg(value_name = "IN")]
        input: PathBuf,
        /// Parquet when it ends in .parquet, tabs when in .tsv, otherwise CSV
        #[arg(value_name = "OUT")]
        output: PathBuf,
    },
    /// Check every record and object of a workspace, or every file of a bundle
    Verify {
        /// A workspace folder or a bundle file (default: the workspace in use)
        #[arg(value_name = "WORKSPACE|BUNDLE")]
        path: Option<PathBuf>,
    },
    /// Show the workspace's settings, or change one
    Settings {
        /// memory-budget
        #[arg(value_name = "NAME", value_parser = ["memory-budget"])]
        name: Option<String>,
        /// An amount such as 2GB, or `default`: half of the memory that is free
        #[arg(value_name = "VALUE", requires = "name")]
        value: Option<String>,
    },
    /// Take the sample data through the whole life, and leave a workspace that the window opens
    Demo {
        /// Folder for the files and the workspace; --workspace is not used
        #[arg(long, value_name = "DIR", default_value = "modelwright-demo")]
        out: PathBuf,
    },
    /// Runs one job for the program itself
    #[command(hide = true)]
    Worker,
}

#[derive(Debug, Args)]
#[command(after_help = crate::domain::filter::HELP)]
pub struct RowsArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D")]
    pub data: String,
    /// Keep the rows for which this holds: 'age > 40 and plan = "basic"'
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Sort by this column, `:desc` for the largest first; repeat for several
    #[arg(long = "sort", value_name = "COL[:desc]")]
    pub sort: Vec<String>,
    /// Show these columns, in this order (default: all)
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// The first row to show, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub first: u64,
    /// How many rows to show
    #[arg(long, value_name = "M", default_value_t = 20)]
    pub count: u64,
}

fn parse_memory(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| "write an amount such as 500MB or 2GB".to_owned())
}

fn parse_kind(text: &str) -> Result<ColumnKind, String> {
    let known = ColumnKind::ALL.map(ColumnKind::as_str);
    ColumnKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| format!("choose among {}", known.join(", ")))
}

fn parse_form(text: &str) -> Result<RestoreForm, String> {
    RestoreForm::parse(text)
        .filter(|form| *form != RestoreForm::Rejected)
        .ok_or_else(|| "choose source, parquet, csv or csv-spreadsheet".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_after_the_command() {
        for words in [["modelwright", "--json", "runs"], ["modelwright", "runs", "--json"]] {
            let cli = Cli::parse_from(words);
            assert!(cli.json && matches!(cli.command, Some(Command::Runs)), "{words:?}");
        }
    }

    #[test]
    fn words_that_are_no_command_are_files() {
        let cli = Cli::parse_from(["modelwright", "a.csv", "b.parquet"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.files.len(), 2);
    }
}
