//! Modelwright: the whole life of a tabular machine-learning model on your own computer.
//!
//! One crate, one binary. A window and a set of commands are two faces of the same stages: import, check, train,
//! compare, ship, score, watch for drift, verify. Everything that happened is recorded in a workspace, a folder with a
//! SQLite history and files named by their content.
//!
//! # The map
//!
//! The modules in reading order; each may use only what stands to its left (`tests/suite/architecture.rs` reads the
//! sources and keeps it so):
//!
//! ```text
//! {domain, stats} ← {data, ml, bundle, store} ← lifecycle ← {cli, jobs ← state ← ui ← app} ← main
//! ```
//!
//! 1. [`domain`]: the product's words as plain types. Start with `schema`, `dataset`, `run`, `recipe`, `model`, then
//!    `request`: what can be asked, and what comes back.
//! 2. [`lifecycle`]: one file per stage. `ingest` and `train` show how the four rooms below meet.
//!    `resolve` says what a dataset's name means, `edit` holds the small changes with their undo, `answer` what a page
//!    asks, `budget` what a table may take in memory.
//! 3. The four rooms that never meet elsewhere: [`data`] (polars: tables, profiles, checks, drift, splits, recipes),
//!    [`ml`] (linfa: learners and metrics), [`bundle`] (ONNX, MLflow, the archive), [`store`] (SQLite, object files).
//!    They hand each other `domain` types through `lifecycle`. [`stats`] is numbers over slices and knows no product word.
//!    In `data`: `read` turns files into columns (`sniff` and `formats` guess, `delimited` and its neighbours stream into a
//!    `TableSink`, `infer` and `verdict` decide types), `parquet_write` stores them, `columns` gives them back whole or
//!    from disk, `view` sorts, filters and finds, `profile`, `relations` and `diff` work column by column.
//! 4. [`jobs`]: runs a stage in a worker process. [`cli`]: the commands.
//! 5. [`state`]: the window without a window. [`ui`]: draws it. [`app`]: eframe, threads, dialogs, files.
//!
//! # What always holds
//!
//! - **Acknowledged means durable.** Objects are written, flushed and renamed before a row names them; a row and its
//!   activity entry are committed in one transaction, with `synchronous=FULL`, before anyone is told. A stage commits as
//!   its last step (training: each run as it ends), so killing it at any moment loses only what was under way, and that
//!   shows as `interrupted`, never as finished.
//! - **Snapshot first.** A file is copied and hashed, and only the copy is parsed. The user's file is never changed. What
//!   was imported can be written back byte for byte.
//! - **Guesses are said.** How a file was read is stored with its version, types are decided by all cells, a choice among
//!   several readings is a warning. A row that cannot be read refuses the file or is set aside and kept, never dropped.
//! - **No table has to fit into memory** (`lifecycle::budget`): import streams, and what works on all rows takes one
//!   column or row group at a time. Where a result comes from a sample, it carries size and seed of it.
//! - **A version never changes, and nothing needed goes.** Going back makes a new version. Deleting moves to a bin inside
//!   the workspace, and is refused while a record needs the object.
//! - **Nothing is believed.** Objects are hashed again before use, records carry digests, a bundle from elsewhere is
//!   checked to the last byte before it scores a row, and a bundle of ours is read back and scored before it gets its name.
//! - **Heavy work happens in a child process**: the same binary with the hidden `worker` command, under a memory limit.
//!   It may be killed; cancelling asks first, then kills. Window and commands survive it and say why it died.
//! - **A fitted recipe and a fitted model are data**, numbers and names, never code: what is stored, exported and scored
//!   is the same thing. Recipes are fitted on training rows only, in each fold anew.
//! - **Same input and seed, same result**, on every machine: seeds are arguments, random orders are our own
//!   (`domain::random`), lists are sorted before they are handed out.
//! - **Commands in, effects out.** Menus, keys, the palette, drops and buttons all send a `state::command::Command`;
//!   `AppState::apply` changes the state and returns `Effect`s; `app` carries them out on named threads and returns
//!   `Message`s. `ui` reads the state and sends commands: no file, SQL, computation or waiting is in reach of a frame, and
//!   nothing is drawn while nothing changes.
//! - **Shapes are versioned.** The history by numbered migrations, documents by a `format_version`. A file from a newer
//!   program is refused and left as it is.
//!
//! # Where to add
//!
//! - **An algorithm:** its name and parameters in `domain::params` (window and command line follow by themselves), one
//!   file in `ml::algorithms` with the same `fit` as its neighbours, an arm in `ml::algorithms::fit`. If the fitted form
//!   is new: a variant of `domain::model::FittedModel`, `ml::predict`, `bundle::onnx::export` and the operators that
//!   `bundle::onnx` reads back. Then hold it against scikit-learn in its tests.
//! - **A check:** a function in the fitting file of `data::checks` and a line in its `RULES`. The code is for ever.
//! - **A drift rule:** `data::drift::column`, with its statistic in `stats`.
//! - **A file format:** a variant of `domain::dataset::SourceFormat`, its marks in `data::read::formats::guess`, and a
//!   reader that gives rows (as `data::read::json`) or columns (as `data::read::ipc`). Then bad files of it in
//!   `tests/suite/bad_inputs`, and good ones in `tests/read_oracle`.
//! - **Something a page wants to know:** a variant of `domain::question::Question` and of `Answer`, an arm in
//!   `lifecycle::answer`; the page sends `Command::Ask` and draws `state::asked`.
//! - **A small change of the records:** a variant of `domain::edit::Edit`, an arm in `lifecycle::edit` that says what was
//!   done and how it is undone.
//! - **A page:** a folder in `ui::pages` (`model.rs` prepares and is tested, `view.rs` draws), a variant of
//!   `state::command::Page`, a line in `ui::shell`.
//! - **Something a user can ask for in the window:** a variant of `Command`, an arm in `AppState::apply`, a function in
//!   `state::handlers`; with a name and a shortcut, a line in `state::actions`. If the world must act: an `Effect` and
//!   its arm in `app::effects`.
//! - **A headless command:** `cli::args`, `cli::execute`, and in `cli::report` the JSON that scripts will rely on.
//! - **A stage:** request and outcome in `domain::request`, a file in `lifecycle`, an arm in `lifecycle::perform`. It
//!   takes the workspace, the request and a `JobIo`, and commits last.
//! - **A change of the history's shape:** `store/migrations/000N_….sql` and a line in `store::migrations::STEPS`, with the
//!   former version as a fixture in `tests/fixtures`. A shipped migration is never edited.

pub mod domain;

pub mod stats;

pub mod bundle;
pub mod data;
pub mod ml;
pub mod store;

pub mod lifecycle;

pub mod cli;
pub mod jobs;

pub mod state;

pub mod ui;

pub mod app;
