//! Days, gaps between them, weekdays and hours, all of UTC.

use super::keys;
use super::numbers::Numbers;
use crate::domain::profile::{DateGap, DateSummary};

const DAY_MS: i64 = 86_400_000;
const GAPS: usize = 5;

/// `None` without values.
pub fn summary(moments: &Numbers<'_>) -> Option<DateSummary> {
    let (first, last) = moments.range()?;
    let mut summary = DateSummary {
        first_ms: keys::int(first),
        last_ms: keys::int(last),
        weekdays: vec![0; 7],
        hours: vec![0; 24],
        ..DateSummary::default()
    };
    let mut previous: Option<i64> = None;
    moments.runs(|key, count| {
        let ms = keys::int(key);
        let day = ms.div_euclid(DAY_MS);
        summary.hours[(ms.rem_euclid(DAY_MS) / 3_600_000) as usize] += count;
        // 1970-01-01 was a Thursday.
        summary.weekdays[(day + 3).rem_euclid(7) as usize] += count;
        if previous != Some(day) {
            summary.days += 1;
            let without = previous.map_or(0, |previous| day - previous - 1);
            if let (1.., Some(previous)) = (without, previous) {
                summary.days_without += without as u64;
                keep(&mut summary.gaps, DateGap { from_ms: (previous + 1) * DAY_MS, to_ms: day * DAY_MS });
            }
            previous = Some(day);
        }
    });
    Some(summary)
}

/// Gaps arrive by date: the earlier of equally long ones stays.
fn keep(gaps: &mut Vec<DateGap>, gap: DateGap) {
    let place = gaps.partition_point(|g| g.days() >= gap.days());
    if place < GAPS {
        gaps.insert(place, gap);
        gaps.truncate(GAPS);
    }
}
