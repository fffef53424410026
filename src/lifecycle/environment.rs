//! Where a run happened.

use std::collections::BTreeMap;

use crate::domain::run::Environment;

/// The crates the numbers depend on; their versions are read from the lock file this program was built with.
const LIBRARIES: [&str; 3] = ["linfa", "ndarray", "polars"];
const LOCK_FILE: &str = include_str!("../../Cargo.lock");

pub fn capture() -> Environment {
    let mut system = sysinfo::System::new();
    system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    let cpu = system.cpus().first().map_or_else(|| std::env::consts::ARCH.to_owned(), |c| c.brand().trim().to_owned());
    Environment {
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        os: sysinfo::System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned()),
        cpu,
        threads: std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
        libraries: libraries(),
        locale: locale(),
    }
}

/// As the system's variables name it; empty where they do not.
fn locale() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    ["LC_ALL", "LC_NUMERIC", "LANG"].into_iter().find_map(set).unwrap_or_default()
}

fn libraries() -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let mut name = None;
    for line in LOCK_FILE.lines() {
        if let Some(quoted) = line.strip_prefix("name = ") {
            name = LIBRARIES.into_iter().find(|l| quoted.trim_matches('"') == *l);
        } else if let (Some(library), Some(quoted)) = (name, line.strip_prefix("version = ")) {
            versions.insert(library.to_owned(), quoted.trim_matches('"').to_owned());
            name = None;
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_library_is_in_the_lock_file() {
        assert_eq!(libraries().len(), LIBRARIES.len());
    }
}
