//! Counts and file names as every sentence of the program writes them.

use std::path::Path;

/// `1,234,567`
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 row`, `12,340 rows`
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// `812 B`, `3.4 MB` (powers of 1,000, as file managers count).
pub fn bytes(n: u64) -> String {
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `2GB`, `500 MB`, `1.5g`, or bytes; powers of 1,000, with `iB` of 1,024.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim().to_lowercase();
    let base: f64 = if unit.ends_with("ib") { 1024.0 } else { 1000.0 };
    let power = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let bytes = number * base.powi(power);
    (bytes >= 1.0 && bytes < 1e18).then_some(bytes as u64)
}

/// The last part of a path; the whole path where it has none.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_separate_thousands() {
        let written = [0, 12, 999, 1000, 12_340, 5_000_000].map(thousands);
        assert_eq!(written, ["0", "12", "999", "1,000", "12,340", "5,000,000"]);
        assert_eq!([0, 1, 2].map(|n| counted(n, "row", "rows")), ["0 rows", "1 row", "2 rows"]);
    }

    #[test]
    fn a_file_is_called_by_the_last_part_of_its_path() {
        assert_eq!(file_name(Path::new("/data/churn 2026.csv")), "churn 2026.csv");
        assert_eq!(file_name(Path::new("/")), "/");
    }

    #[test]
    fn amounts_of_memory_are_read_as_they_are_written() {
        let read = ["2GB", "500 MB", "1.5g", "4096", "2GiB", "x", "3 apples", "0"].map(parse_bytes);
        let expected =
            [Some(2_000_000_000), Some(500_000_000), Some(1_500_000_000), Some(4096), Some(2 << 30), None, None, None];
        assert_eq!(read, expected);
    }
}
