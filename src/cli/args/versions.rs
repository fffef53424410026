//! What can be typed about versions: branches, tags, comparing.

use clap::{Args, Subcommand};

use crate::domain::diff::EXAMPLES;

#[derive(Debug, Subcommand)]
pub enum BranchCommand {
    /// List branches and the versions they lead to
    List {
        #[arg(value_name = "DATASET")]
        dataset: Option<String>,
    },
    /// Make a branch that leads to a version
    Add {
        /// The version: name or name@version
        #[arg(value_name = "D")]
        data: String,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Let a branch lead to another version
    Move {
        /// The version: name or name@version
        #[arg(value_name = "D")]
        data: String,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give a branch another name
    Rename {
        #[arg(value_name = "DATASET")]
        dataset: String,
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(value_name = "NEW")]
        new: String,
    },
    /// Remove a branch; its versions stay
    Remove {
        #[arg(value_name = "DATASET")]
        dataset: String,
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum TagCommand {
    /// List tags and their versions
    List {
        #[arg(value_name = "DATASET")]
        dataset: Option<String>,
    },
    /// Give a version a name
    Add {
        /// The version: name or name@version
        #[arg(value_name = "D")]
        data: String,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take a name off; the version stays
    Remove {
        #[arg(value_name = "DATASET")]
        dataset: String,
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// What it was: name, name@version, name@tag, name@branch, or a path to a file
    #[arg(value_name = "D1")]
    pub left: String,
    /// What it is: a version of the same dataset or of another
    #[arg(value_name = "D2")]
    pub right: String,
    /// Columns that tell rows apart, separated by commas (default: a column that is unique on both sides)
    #[arg(long, value_name = "COL", value_delimiter = ',')]
    pub key: Vec<String>,
    /// Most examples of each: removed, added, changed
    #[arg(long, value_name = "N", default_value_t = EXAMPLES)]
    pub limit: u32,
    /// List only changed rows in which this column changed
    #[arg(long, value_name = "COL")]
    pub column: Option<String>,
}
