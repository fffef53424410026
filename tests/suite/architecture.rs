//! The map stays true: who may import whom, which crate stays in which room, where SQL may stand, what lies at the top.
//!
//! Reads the sources as tokens (comments and strings set apart), so nested `use crate::{a, b::{c, d}}` groups, paths
//! inside expressions, line breaks and `super::super::` all count.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every room of `src/` and the rooms it may use, beside itself.
const ROOMS: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("stats", &[]),
    ("data", &["domain", "stats"]),
    ("ml", &["domain", "stats"]),
    ("bundle", &["domain", "stats"]),
    ("store", &["domain", "stats"]),
    ("lifecycle", &["domain", "stats", "data", "ml", "bundle", "store"]),
    ("jobs", &["domain", "stats", "data", "ml", "bundle", "store", "lifecycle"]),
    ("cli", &["domain", "stats", "data", "ml", "bundle", "store", "lifecycle", "jobs"]),
    ("state", &["domain", "stats", "data", "ml", "bundle", "store", "lifecycle", "jobs"]),
    // Views draw what the state holds ready: no file, SQL or computation is in reach of a frame.
    ("ui", &["domain", "state"]),
    ("app", &["domain", "stats", "data", "ml", "bundle", "store", "lifecycle", "jobs", "state", "ui"]),
    // `src/main.rs` and `src/lib.rs` themselves.
    ("", &["app", "cli", "domain", "jobs", "lifecycle", "state"]),
];

/// Crates that live in some rooms only.
const CRATES: [(&str, &[&str]); 16] = [
    ("polars", &["data"]),
    ("polars_parquet", &["data"]),
    ("linfa", &["ml"]),
    ("ndarray", &["ml"]),
    ("statrs", &["stats"]),
    ("prost", &["bundle"]),
    ("zip", &["bundle", "data"]),
    ("rusqlite", &["store", "data"]),
    ("egui", &["ui", "app"]),
    ("egui_plot", &["ui", "app"]),
    ("eframe", &["app"]),
    ("winit", &["app"]),
    ("rfd", &["app"]),
    ("notify", &["app"]),
    ("anyhow", &["app"]),
    ("clap", &["cli", ""]),
];

/// Rooms that touch nothing outside: every rule in them is tested with literals, and no frame waits.
const PURE: [&str; 5] = ["domain", "stats", "ml", "state", "ui"];
const OUTSIDE: [&str; 5] = ["fs", "net", "process", "thread", "env"];
/// Threads that only share a computation, and give the same bytes however many they are.
const SHARE_WORK: [&str; 3] = ["src/ml/cores.rs", "src/ml/parallel.rs", "src/ml/trees/kernel/team.rs"];
const CLOCKS: [&str; 2] = ["Instant", "SystemTime"];

const SQL: [&str; 8] =
    ["SELECT ", "INSERT INTO", "INSERT OR", "DELETE FROM", "CREATE TABLE", "ALTER TABLE", "DROP TABLE", "PRAGMA "];

/// Reads tables of databases that are no history of ours.
const FOREIGN_SQL: &str = "src/data/read/sqlite.rs";

const TOP_LEVEL: [&str; 9] =
    ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "assets", "sample-data", "src", "tests"];

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (to, line) in file.rooms_used() {
            let allowed = ROOMS.iter().find(|(room, _)| *room == file.room).map_or(&[][..], |(_, allowed)| *allowed);
            if to != file.room && is_room(&to) && !allowed.contains(&to.as_str()) {
                wrong.push(format!("{}:{line}: {} may not use {to}", file.name, file.described()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the map in src/lib.rs:\n{}", wrong.join("\n"));
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (name, rooms) in CRATES {
            if rooms.contains(&file.room.as_str()) {
                continue;
            }
            for line in file.lines_naming(name) {
                wrong.push(format!("{}:{line}: `{name}` belongs to {}", file.name, rooms.join(" and ")));
            }
        }
    }
    assert!(wrong.is_empty(), "crates outside their rooms:\n{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_neither_files_nor_threads_nor_the_clock() {
    let mut wrong = Vec::new();
    for file in sources().into_iter().filter(|f| PURE.contains(&f.room.as_str())) {
        for (name, line) in file.std_used() {
            let shares_work = name == "thread" && SHARE_WORK.contains(&file.name.as_str());
            if OUTSIDE.contains(&name.as_str()) && !shares_work {
                wrong.push(format!("{}:{line}: `std::{name}`", file.name));
            }
        }
        for (i, token) in file.tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Word) {
            let asks = token.is("now") && i > 0 && file.is(i - 1, "::");
            if asks || CLOCKS.contains(&token.text.as_str()) {
                wrong.push(format!("{}:{}: `{}`; the time comes in as an argument", file.name, token.line, token.text));
            }
        }
    }
    assert!(wrong.is_empty(), "files, threads and clocks belong to other rooms:\n{}", wrong.join("\n"));
}

#[test]
fn sql_stands_only_under_store() {
    let mut wrong = Vec::new();
    for file in sources().into_iter().filter(|f| f.room != "store" && f.name != FOREIGN_SQL) {
        for token in file.tokens.iter().filter(|t| t.kind == Kind::Text) {
            if let Some(word) = SQL.iter().find(|word| token.text.contains(**word)) {
                wrong.push(format!("{}:{}: `{}` in a string", file.name, token.line, word.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "SQL outside src/store:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_on_the_map() {
    let rooms: BTreeSet<String> = sources().into_iter().map(|f| f.room).filter(|room| !room.is_empty()).collect();
    let unknown: Vec<&String> = rooms.iter().filter(|room| !is_room(room)).collect();
    assert!(unknown.is_empty(), "not on the map: {unknown:?}");
}

#[test]
fn main_stays_short() {
    let lines = read(&root().join("src/main.rs")).lines().count();
    assert!(lines < 60, "src/main.rs has {lines} lines; arguments and a hand-over need fewer than 60");
}

#[test]
fn the_top_level_holds_what_the_readme_shows() {
    let present = top_level();
    for name in TOP_LEVEL {
        assert!(present.contains(name), "{name} is missing at the top level");
    }
    let extra: Vec<&String> =
        present.iter().filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str())).collect();
    assert!(extra.is_empty(), "not part of the top level: {extra:?}");
}

#[test]
fn the_reader_sees_through_groups_strings_and_comments() {
    let text = r##"
        // crate::ui is only named here
        use crate::{
            data::table::{Cells, Table}, // crate::app
            store,
            ml::{self, tree::{Node, Leaf}},
        };
        fn a<'a>(x: &'a str) -> char { let s = "crate::cli"; let r = r#"crate::jobs "quoted""#; '"' }
        mod tests { use super::super::lifecycle::ship; fn b() -> crate ::state::X { crate::bundle::zip() } }
    "##;
    let file = Source::new("src/domain/mod.rs", text);
    let used: Vec<String> = file.rooms_used().into_iter().map(|(room, _)| room).collect();
    assert_eq!(used, ["data", "store", "ml", "lifecycle", "state", "bundle"]);
    let file_of_std = Source::new("src/ui/mod.rs", "use std::{fs::{self, File}, io}; fn a() { std::thread::spawn(b) }");
    let used: Vec<String> = file_of_std.std_used().into_iter().map(|(name, _)| name).collect();
    assert_eq!(used, ["fs", "io", "thread"]);
    let texts: Vec<&str> = file.tokens.iter().filter(|t| t.kind == Kind::Text).map(|t| t.text.as_str()).collect();
    assert_eq!(texts, ["crate::cli", "crate::jobs \"quoted\""]);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    /// The inside of a string literal.
    Text,
    /// One other character, or `::`.
    Mark,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    text: String,
    line: usize,
}

impl Token {
    fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }
}

/// One file under `src/`.
struct Source {
    name: String,
    /// The directory or file right under `src/`; empty for `main.rs` and `lib.rs`.
    room: String,
    /// How many `super` lead from the file's own scope to the crate root.
    depth: usize,
    tokens: Vec<Token>,
}

impl Source {
    fn new(name: &str, text: &str) -> Self {
        let below = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
        let parts: Vec<&str> = below.split('/').filter(|part| *part != "mod").collect();
        let is_root = matches!(parts[..], ["main"] | ["lib"]);
        let room = if is_root { String::new() } else { parts[0].to_owned() };
        Self { name: name.to_owned(), room, depth: if is_root { 0 } else { parts.len() }, tokens: tokens(text) }
    }

    fn described(&self) -> &str {
        if self.room.is_empty() { "the crate root" } else { &self.room }
    }

    /// The first segment of every path that starts at the crate root, with its line, in file order.
    fn rooms_used(&self) -> Vec<(String, usize)> {
        let mut used = Vec::new();
        let mut inline_modules: Vec<usize> = Vec::new();
        let mut braces = 0;
        for (i, token) in self.tokens.iter().enumerate() {
            if token.is("{") {
                braces += 1;
                if i >= 2 && self.tokens[i - 2].is("mod") {
                    inline_modules.push(braces);
                }
            } else if token.is("}") {
                if inline_modules.last() == Some(&braces) {
                    inline_modules.pop();
                }
                braces -= 1;
            } else if (token.is("crate") || token.is("modelwright")) && self.is(i + 1, "::") {
                used.extend(self.heads(i + 2));
            } else if token.is("super") && !(i > 0 && self.tokens[i - 1].is("::")) {
                let supers = (0..).take_while(|n| self.is(i + 2 * n, "super") && self.is(i + 2 * n + 1, "::")).count();
                if supers > 0 && supers == self.depth + inline_modules.len() {
                    used.extend(self.heads(i + 2 * supers));
                }
            }
        }
        used
    }

    /// The second segment of every path that starts with `std`, with its line.
    fn std_used(&self) -> Vec<(String, usize)> {
        let starts = (0..self.tokens.len()).filter(|&i| self.tokens[i].is("std") && self.is(i + 1, "::"));
        starts.flat_map(|i| self.heads(i + 2)).collect()
    }

    /// The first segments of the use tree that begins at token `start`: one word, or one per member of a group.
    fn heads(&self, start: usize) -> Vec<(String, usize)> {
        let word = |i: usize| self.tokens.get(i).filter(|t| t.kind == Kind::Word).map(|t| (t.text.clone(), t.line));
        if !self.is(start, "{") {
            return word(start).into_iter().collect();
        }
        let mut found: Vec<_> = word(start + 1).into_iter().collect();
        let mut open = 0;
        for (i, token) in self.tokens.iter().enumerate().skip(start) {
            match token.text.as_str() {
                "{" if token.kind == Kind::Mark => open += 1,
                "}" if token.kind == Kind::Mark => open -= 1,
                "," if token.kind == Kind::Mark && open == 1 => found.extend(word(i + 1)),
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
        found
    }

    /// Lines on which a path begins with the crate `name`.
    fn lines_naming(&self, name: &str) -> Vec<usize> {
        let begins = |i: usize| i == 0 || !self.tokens[i - 1].is("::") || !self.is_word(i.wrapping_sub(2));
        let named = |i: usize| self.tokens[i].is(name) && self.is(i + 1, "::") && begins(i);
        (0..self.tokens.len()).filter(|&i| named(i)).map(|i| self.tokens[i].line).collect()
    }

    fn is(&self, i: usize, text: &str) -> bool {
        self.tokens.get(i).is_some_and(|t| t.is(text))
    }

    fn is_word(&self, i: usize) -> bool {
        self.tokens.get(i).is_some_and(|t| t.kind == Kind::Word)
    }
}

/// Splits Rust source into words, strings and marks; comments, characters and lifetimes vanish.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut found, mut i, mut line) = (Vec::new(), 0, 1);
    while i < chars.len() {
        let start = i;
        let mut token = None;
        match chars[i] {
            '/' if at(i + 1) == '/' => i = end_of(&chars, i, |j| at(j) == '\n'),
            '/' if at(i + 1) == '*' => i = end_of_block_comment(&chars, i),
            '"' => {
                i = end_of_string(&chars, i + 1);
                token = Some((Kind::Text, chars[start + 1..i - 1].iter().collect()));
            }
            'r' if at(i + 1) == '"' || (at(i + 1) == '#' && matches!(at(i + 2), '#' | '"')) => {
                let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
                let first = i + 2 + hashes;
                let closes = |j: usize| at(j) == '"' && (1..=hashes).all(|h| at(j + h) == '#');
                let last = end_of(&chars, first, closes);
                token = Some((Kind::Text, chars[first..last].iter().collect()));
                i = last + 1 + hashes;
            }
            // 'x', '\n', '\u{1F}' are characters; 'a without a closing quote is a lifetime.
            '\'' if at(i + 1) == '\\' => i = end_of(&chars, i + 3, |j| at(j) == '\'') + 1,
            '\'' if at(i + 2) == '\'' => i += 3,
            c if c.is_alphanumeric() || c == '_' => {
                i = end_of(&chars, i, |j| !(at(j).is_alphanumeric() || at(j) == '_'));
                token = Some((Kind::Word, chars[start..i].iter().collect()));
            }
            ':' if at(i + 1) == ':' => {
                i += 2;
                token = Some((Kind::Mark, "::".to_owned()));
            }
            c => {
                i += 1;
                token = (!c.is_whitespace()).then(|| (Kind::Mark, c.to_string()));
            }
        }
        found.extend(token.map(|(kind, text)| Token { kind, text, line }));
        i = i.min(chars.len());
        line += chars[start..i].iter().filter(|c| **c == '\n').count();
    }
    found
}

fn end_of(chars: &[char], from: usize, stop: impl Fn(usize) -> bool) -> usize {
    (from..chars.len()).find(|&j| stop(j)).unwrap_or(chars.len())
}

/// Behind the closing quote of a string whose first character is at `from`.
fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut i = from;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i.min(chars.len() - 1) + 1
}

fn end_of_block_comment(chars: &[char], from: usize) -> usize {
    let (mut open, mut i) = (0, from);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (open, i) = (open + 1, i + 2),
            ('*', Some('/')) => (open, i) = (open - 1, i + 2),
            _ => i += 1,
        }
        if open == 0 {
            break;
        }
    }
    i
}

fn is_room(name: &str) -> bool {
    ROOMS.iter().any(|(room, _)| !room.is_empty() && *room == name)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every Rust file under `src/`, by name.
fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    files.iter().map(|path| Source::new(&name(path), &read(path))).collect()
}

/// What git tracks at the top level; without git, what lies there except build output.
fn top_level() -> BTreeSet<String> {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    if let Ok(listed) = listed
        && listed.status.success()
        && !listed.stdout.is_empty()
    {
        let names = String::from_utf8_lossy(&listed.stdout);
        return names
            .split('\0')
            .filter_map(|n| n.split('/').next())
            .filter(|n| !n.is_empty())
            .map(str::to_owned)
            .collect();
    }
    let entries = std::fs::read_dir(root()).unwrap();
    entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).filter(|n| n != "target").collect()
}
