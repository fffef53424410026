//! A workspace in a temporary folder and the real program run in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

pub struct Sandbox {
    pub dir: tempfile::TempDir,
}

/// What a command left behind.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The one JSON document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| {
            panic!("standard output is not one JSON document ({e}):\n{}\nstandard error:\n{}", self.stdout, self.stderr)
        })
    }

    /// The JSON of a command that had to succeed.
    pub fn ok(self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.json()
    }
}

impl Sandbox {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn workspace(&self) -> PathBuf {
        self.path("workspace")
    }

    /// Writes a file into the sandbox.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.workspace(), args)
    }

    fn command_in(&self, workspace: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modelwright"));
        command.arg("--workspace").arg(workspace).args(args).current_dir(self.dir.path());
        command.env("MODELWRIGHT_HOME", self.path("home")).stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// `--json` in another workspace.
    pub fn json_in(&self, workspace: &Path, args: &[&str]) -> Ran {
        Ran::of(self.command_in(workspace, args).arg("--json"))
    }

    /// The same with `--json`.
    pub fn json(&self, args: &[&str]) -> Ran {
        let mut all = args.to_vec();
        all.push("--json");
        self.run(&all)
    }

    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// Customers whose churn depends on tenure, charge and plan; some cells are missing. The same text for the same seed.
pub fn customers(rows: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut text = String::from("customer_id,tenure,charge,plan,region,paperless,score,churned\n");
    for row in 0..rows {
        let tenure = (uniform() * 72.0).floor();
        let charge = 20.0 + uniform() * 100.0;
        let plan = ["basic", "plus", "max"][(uniform() * 3.0) as usize];
        let region = ["north", "south", "east", "west", "Łódź"][(uniform() * 5.0) as usize];
        let paperless = if uniform() < 0.6 { "true" } else { "false" };
        let score = if uniform() < 0.1 { String::new() } else { format!("{:.2}", uniform() * 10.0) };
        let z = 1.0 - tenure / 20.0 + (charge - 70.0) / 25.0 + if plan == "basic" { 0.8 } else { -0.4 };
        let churned = if uniform() < 1.0 / (1.0 + (-z).exp()) { "yes" } else { "no" };
        let charge = if uniform() < 0.05 { String::new() } else { format!("{charge:.2}") };
        let region = if uniform() < 0.03 { "" } else { region };
        text.push_str(&format!("C{row:06},{tenure},{charge},{plan},{region},{paperless},{score},{churned}\n"));
    }
    text
}
