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

/// What is left of a job of which `fraction` (0 to 1) took `elapsed_seconds`, in words: `3 min left`. `None` while too
/// little is known, and for less than some seconds.
pub fn time_left(fraction: f64, elapsed_seconds: f64) -> Option<String> {
    if !(0.02..1.0).contains(&fraction) || elapsed_seconds < 3.0 {
        return None;
    }
    let left = elapsed_seconds * (1.0 - fraction) / fraction;
    let (n, unit) = match left {
        s if s < 5.0 => return None,
        // Steps coarse enough not to flicker.
        s if s < 55.0 => ((s / 5.0).round() as u64 * 5, "s"),
        s if s < 5400.0 => ((s / 60.0).ceil() as u64, "min"),
        s => ((s / 3600.0).round() as u64, "h"),
    };
    Some(format!("{n} {unit} left"))
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
    (1.0..1e18).contains(&bytes).then_some(bytes as u64)
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

    #[test]
    fn time_left_is_told_once_it_is_known() {
        let told = [(0.01, 60.0), (0.5, 1.0), (0.5, 4.0), (0.5, 40.0), (0.25, 60.0), (0.1, 3600.0), (1.0, 60.0)];
        let told = told.map(|(fraction, elapsed)| time_left(fraction, elapsed).unwrap_or_default());
        assert_eq!(told, ["", "", "", "40 s left", "3 min left", "9 h left", ""]);
    }
}
