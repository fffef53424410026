//! Arguments and logging, then the window or one headless command.

use std::process::ExitCode;

use modelwright::app::{self, AppOptions};
use modelwright::cli::{self, args};
use modelwright::jobs::worker;

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MODELWRIGHT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let cli = cli::parse();
    match cli.command {
        Some(args::Command::Worker) => worker::main(),
        Some(_) => cli::run(cli),
        None => {
            let options = AppOptions {
                workspace: cli.workspace,
                files: cli.files,
                frame_log: cli.frame_log,
                memory_budget: cli.memory_budget,
            };
            match app::run(options) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error:#}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}
