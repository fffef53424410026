//! Takes the modules of the text reader from ../../src: those without polars. `data::read` itself is copied with the
//! modules of other formats left out; `formats` is replaced by one that knows no other format.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const DATA: [&str; 8] = ["builder", "dates", "error", "infer", "kinds", "numbers", "personal", "table"];
/// Left out of `data::read`; the last is replaced.
const OTHER_FORMATS: [&str; 14] = [
    "columnar", "excel", "files", "fit", "foreign", "gauge", "ipc", "json", "preview", "rows", "sqlite", "values", "parquet", "formats",
];

fn main() {
    let src = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../src").canonicalize().unwrap();
    println!("cargo:rerun-if-changed={}", src.display());
    let out = env::var("OUT_DIR").unwrap();
    let module = |public: &str, path: &Path, name: &str| format!("#[path = {:?}]\n{public}mod {name};\n", path.join(name).with_extension("rs"));

    let folder = src.join("data/read");
    let mut read = String::new();
    for line in fs::read_to_string(folder.join("mod.rs")).unwrap().lines() {
        if line.starts_with("#[cfg(test)]") {
            break;
        }
        let declared = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
        match declared {
            Some("formats") => read.push_str("#[path = \"OUT/formats.rs\"]\nmod formats;\n"),
            Some(name) if OTHER_FORMATS.contains(&name) => {}
            Some(name) => read.push_str(&module("pub ", &folder, name)),
            // `//!` may stand at the head of a file only, which this no longer is.
            None if line.starts_with("//!") => {}
            None => writeln!(read, "{line}").unwrap(),
        }
    }
    if !read.contains("mod formats;") {
        read.push_str("mod foreign { use super::*; pub fn survey(_: &Source, _: &dyn JobIo) -> Result<Survey, LoadError> { unreachable!() } pub fn convert(_: &Source, _: &Survey, _: &dyn JobIo, _: &mut Sink) -> Result<(), LoadError> { unreachable!() } }");
    }
    fs::write(Path::new(&out).join("read.rs"), read.replace("OUT/", &format!("{out}/"))).unwrap();
    fs::copy("src/no_other_formats.rs", Path::new(&out).join("formats.rs")).unwrap();

    let mut modules = format!("#[path = {:?}]\npub mod domain;\npub mod data {{\n", src.join("domain/mod.rs"));
    let optional = ["verdict"].into_iter().filter(|name| src.join("data").join(name).with_extension("rs").exists());
    for name in DATA.into_iter().chain(optional) {
        modules.push_str(&module("pub ", &src.join("data"), name));
    }
    writeln!(modules, "#[path = \"{out}/read.rs\"]\npub mod read;\n}}").unwrap();
    fs::write(Path::new(&out).join("modules.rs"), modules).unwrap();
}
