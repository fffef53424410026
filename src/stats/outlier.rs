//! Local outlier probabilities (LoOP; Kriegel, Kröger, Schubert & Zimek 2009).

/// Error function, Abramowitz & Stegun 7.1.26: within 1.5e-7, far more than a score needs.
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let poly =
        t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (1.0 - poly * (-x * x).exp()).copysign(x)
}

/// For each point the probability (0 to 1) that it lies outside the density of its neighbours. `neighbours[i]` are the
/// nearest other points of `i` with their distances; `extent` (λ, usually 3) is the number of deviations that counts as
/// far. Points without neighbours, and a sample whose points all coincide, have probability 0.
pub fn local_outlier_probabilities(neighbours: &[Vec<(u32, f32)>], extent: f64) -> Vec<f64> {
    // σ(o, S): the root mean squared distance to the neighbours. λ cancels in PLOF and counts in nPLOF.
    let spread: Vec<f64> = neighbours
        .iter()
        .map(|near| {
            let squares: f64 = near.iter().map(|(_, d)| f64::from(*d) * f64::from(*d)).sum();
            (squares / near.len().max(1) as f64).sqrt()
        })
        .collect();
    let plof: Vec<f64> = neighbours
        .iter()
        .zip(&spread)
        .map(|(near, own)| {
            let expected = near.iter().map(|(at, _)| spread[*at as usize]).sum::<f64>() / near.len().max(1) as f64;
            if expected > 0.0 { own / expected - 1.0 } else { 0.0 }
        })
        .collect();
    let n_plof = extent * (plof.iter().map(|p| p * p).sum::<f64>() / plof.len().max(1) as f64).sqrt();
    let probability = |p: &f64| if n_plof > 0.0 { erf(p / (n_plof * std::f64::consts::SQRT_2)).max(0.0) } else { 0.0 };
    plof.iter().map(probability).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All other points of a line, nearest first.
    fn neighbours(points: &[f32], k: usize) -> Vec<Vec<(u32, f32)>> {
        let of = |i: usize| {
            let mut near: Vec<(u32, f32)> =
                (0..points.len()).filter(|j| *j != i).map(|j| (j as u32, (points[i] - points[j]).abs())).collect();
            near.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            near.truncate(k);
            near
        };
        (0..points.len()).map(of).collect()
    }

    #[test]
    fn the_error_function_is_close_to_its_table() {
        for (x, y) in [(0.0, 0.0), (0.5, 0.520_499_877_8), (1.0, 0.842_700_792_9), (-2.0, -0.995_322_265_0)] {
            assert!((erf(x) - y).abs() < 2e-7);
        }
    }

    #[test]
    fn a_point_apart_is_probably_outside() {
        let mut points: Vec<f32> = (0..100).map(|i| i as f32 * 0.01).collect();
        points.push(3.0);
        let p = local_outlier_probabilities(&neighbours(&points, 5), 3.0);
        assert!(p[100] > 0.99);
        assert!(p[..100].iter().all(|p| *p < 0.3));
    }

    #[test]
    fn coinciding_points_are_no_outliers() {
        assert_eq!(local_outlier_probabilities(&neighbours(&[1.0; 20], 5), 3.0), vec![0.0; 20]);
        assert_eq!(local_outlier_probabilities(&[vec![], vec![]], 3.0), vec![0.0; 2]);
    }
}
