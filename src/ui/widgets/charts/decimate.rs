//! Fewer points that draw the same picture: the lowest and the highest point of every pixel column.
//!
//! A line of 1,000,000 points costs as much to draw as the chart is wide. The visible window is found by binary
//! search, and blocks with known extremes keep a whole column from being scanned point by point.

/// Points per block of known extremes; a column scans at most two partial blocks.
const BLOCK: usize = 64;
/// Series up to this long are drawn as they are.
pub const SMALL: usize = 4_000;

/// Points ready to be drawn at any zoom. Build it once where the data arrives, not in a frame, when it is long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    xy: Vec<[f64; 2]>,
    /// Index of the lowest and of the highest point of every block; empty for short or unsorted series.
    blocks: Vec<[u32; 2]>,
    sorted: bool,
    bounds: Option<Bounds>,
}

/// The smallest rectangle around all finite points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub min: [f64; 2],
    pub max: [f64; 2],
}

impl Points {
    /// Points that are not finite are left out: a plot could not place them.
    pub fn new(mut xy: Vec<[f64; 2]>) -> Self {
        xy.retain(|p| p[0].is_finite() && p[1].is_finite());
        let sorted = xy.windows(2).all(|w| w[0][0] <= w[1][0]);
        let bounds = bounds_of(&xy);
        let blocks = if sorted && xy.len() > SMALL { block_extremes(&xy) } else { Vec::new() };
        Self { xy, blocks, sorted, bounds }
    }

    pub fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    /// Too long to be drawn whole.
    pub fn is_big(&self) -> bool {
        self.xy.len() > SMALL
    }

    /// What to draw for the window `x_min..=x_max` shown over `columns` pixels. Short or unsorted series come back
    /// whole; of others at most `2 * columns + 2` points, each one of the originals, in their order.
    pub fn visible(&self, x_min: f64, x_max: f64, columns: usize) -> Vec<[f64; 2]> {
        if !self.is_big() || !self.sorted || columns == 0 || x_min.is_nan() || x_max.is_nan() || x_max <= x_min {
            return self.xy.clone();
        }
        // One point beyond either side, so that the line enters and leaves the window.
        let first = self.xy.partition_point(|p| p[0] < x_min).saturating_sub(1);
        let last = (self.xy.partition_point(|p| p[0] <= x_max) + 1).min(self.xy.len());
        if last.saturating_sub(first) <= 2 * columns {
            return self.xy[first..last].to_vec();
        }
        let mut out = Vec::with_capacity(2 * columns + 2);
        out.push(self.xy[first]);
        let (mut from, end) = (first + 1, last - 1);
        let step = (x_max - x_min) / columns as f64;
        for column in 1..=columns {
            let edge = x_min + step * column as f64;
            let to = if column == columns { end } else { from + self.xy[from..end].partition_point(|p| p[0] < edge) };
            self.push_extremes(from, to, &mut out);
            from = to;
        }
        out.push(self.xy[last - 1]);
        out
    }

    /// The lowest and the highest point of `from..to`, in their order.
    fn push_extremes(&self, from: usize, to: usize, out: &mut Vec<[f64; 2]>) {
        if from >= to {
            return;
        }
        let (mut low, mut high) = (from, from);
        let mut look = |i: usize| {
            if self.xy[i][1] < self.xy[low][1] {
                low = i;
            }
            if self.xy[i][1] > self.xy[high][1] {
                high = i;
            }
        };
        let (first_block, end_block) = (from.div_ceil(BLOCK), to / BLOCK);
        if first_block < end_block {
            (from..first_block * BLOCK).for_each(&mut look);
            for block in &self.blocks[first_block..end_block] {
                look(block[0] as usize);
                look(block[1] as usize);
            }
            (end_block * BLOCK..to).for_each(&mut look);
        } else {
            (from..to).for_each(&mut look);
        }
        out.push(self.xy[low.min(high)]);
        if low != high {
            out.push(self.xy[low.max(high)]);
        }
    }
}

impl From<&[[f64; 2]]> for Points {
    fn from(xy: &[[f64; 2]]) -> Self {
        Self::new(xy.to_vec())
    }
}

fn bounds_of(xy: &[[f64; 2]]) -> Option<Bounds> {
    let first = *xy.first()?;
    Some(xy.iter().fold(Bounds { min: first, max: first }, |b, p| Bounds {
        min: [b.min[0].min(p[0]), b.min[1].min(p[1])],
        max: [b.max[0].max(p[0]), b.max[1].max(p[1])],
    }))
}

fn block_extremes(xy: &[[f64; 2]]) -> Vec<[u32; 2]> {
    xy.chunks(BLOCK)
        .enumerate()
        .map(|(block, points)| {
            let (mut low, mut high) = (0, 0);
            for (i, point) in points.iter().enumerate() {
                if point[1] < points[low][1] {
                    low = i;
                }
                if point[1] > points[high][1] {
                    high = i;
                }
            }
            [(block * BLOCK + low) as u32, (block * BLOCK + high) as u32]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize) -> Vec<[f64; 2]> {
        (0..n).map(|i| [i as f64, ((i * 7919) % 1013) as f64 - 500.0]).collect()
    }

    #[test]
    fn short_series_come_back_whole() {
        let points = Points::new(wave(100));
        assert_eq!(points.visible(10.0, 20.0, 5), wave(100));
    }

    #[test]
    fn a_million_points_become_two_per_pixel_column() {
        let points = Points::new(wave(1_000_000));
        let drawn = points.visible(0.0, 1e6, 800);
        assert!(drawn.len() <= 1602, "{}", drawn.len());
        assert!(drawn.windows(2).all(|w| w[0][0] <= w[1][0]));
    }

    #[test]
    fn every_column_keeps_its_lowest_and_highest_point() {
        let all = wave(20_000);
        let points = Points::new(all.clone());
        let drawn = points.visible(0.0, 20_000.0, 50);
        for column in 0..50 {
            let (from, to) = (column as f64 * 400.0, (column + 1) as f64 * 400.0);
            let extremes = |xy: &[[f64; 2]]| {
                let inside = xy.iter().filter(|p| p[0] >= from && p[0] < to).map(|p| p[1]);
                inside.fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)))
            };
            assert_eq!(extremes(&drawn), extremes(&all), "column {column}");
        }
    }

    #[test]
    fn a_spike_of_one_point_survives() {
        let mut all: Vec<[f64; 2]> = (0..500_000).map(|i| [i as f64, 0.0]).collect();
        all[123_457][1] = 9.0;
        let drawn = Points::new(all).visible(0.0, 500_000.0, 300);
        assert!(drawn.contains(&[123_457.0, 9.0]));
    }

    #[test]
    fn zooming_in_shows_the_points_themselves_and_one_beyond_each_side() {
        let points = Points::new(wave(1_000_000));
        let drawn = points.visible(1000.0, 1010.0, 800);
        assert_eq!(drawn, wave(1012)[999..1012].to_vec());
    }

    #[test]
    fn infinite_and_missing_points_are_left_out() {
        let points = Points::new(vec![[0.0, 1.0], [1.0, f64::NAN], [f64::INFINITY, 2.0], [2.0, 3.0]]);
        assert_eq!(points.xy, [[0.0, 1.0], [2.0, 3.0]]);
        assert_eq!(points.bounds(), Some(Bounds { min: [0.0, 1.0], max: [2.0, 3.0] }));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let points = Points::new(Vec::new());
        assert!(points.xy.is_empty());
        assert!(points.visible(0.0, 1.0, 10).is_empty());
        assert_eq!(points.bounds(), None);
    }

    #[test]
    fn unsorted_series_are_drawn_whole() {
        let mut all = wave(5_000);
        all.swap(0, 4_000);
        assert_eq!(Points::new(all.clone()).visible(0.0, 10.0, 10), all);
    }
}
