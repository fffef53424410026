//! Which algorithms are ticked unless somebody chooses otherwise, and why the others are not.

use crate::domain::params::Algorithm;
use crate::domain::task::Task;
use crate::ui::format::count;

/// From so many rows on, what grows faster than the table is named as slow.
const LARGE: u64 = 20_000;

/// An algorithm on offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub algorithm: Algorithm,
    /// Ticked by default.
    pub usual: bool,
    /// Why it is not; empty for the usual ones.
    pub why_not: String,
}

/// Everything that fits the task: the usual ones first.
pub fn choices(task: Task, rows: u64) -> Vec<Choice> {
    let usual = Algorithm::usual(task);
    let mut all: Vec<Choice> =
        usual.iter().map(|a| Choice { algorithm: *a, usual: true, why_not: String::new() }).collect();
    let rest = Algorithm::for_task(task).into_iter().filter(|a| !usual.contains(a));
    all.extend(rest.map(|algorithm| Choice { algorithm, usual: false, why_not: why_not(algorithm, rows) }));
    all
}

fn why_not(algorithm: Algorithm, rows: u64) -> String {
    let large = rows >= LARGE;
    match algorithm {
        Algorithm::Knn if large => {
            format!("slow here: every answer compares with up to 20,000 of {} rows", count(rows))
        }
        Algorithm::Svm if large => format!("slow here: many passes over {} rows", count(rows)),
        Algorithm::Mlp if large => format!("slow here: up to 200 passes over {} rows", count(rows)),
        Algorithm::Knn => "rarely best on tables, and a large model: it keeps the rows".to_owned(),
        Algorithm::Svm => "much like the other linear models, and slower".to_owned(),
        Algorithm::Mlp => "needs its parameters tuned to be worth its time".to_owned(),
        Algorithm::Lasso | Algorithm::ElasticNet => "close to ridge; for leaving columns out".to_owned(),
        Algorithm::Glm => "for counts and positive amounts: choose its family first".to_owned(),
        Algorithm::Pls => "for many columns that resemble each other".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_task_has_seven_usual_algorithms_that_fit_it() {
        for task in [Task::Binary, Task::Multiclass, Task::Regression] {
            let usual = Algorithm::usual(task);
            assert_eq!(usual.len(), 7);
            assert!(usual.iter().all(|a| a.fits(task)), "{task:?}");
            let all = choices(task, 1000);
            assert_eq!(all.len(), Algorithm::for_task(task).len());
            assert!(all.iter().all(|c| c.usual == c.why_not.is_empty()), "{all:?}");
        }
    }

    #[test]
    fn slow_ones_say_so_on_large_tables() {
        let why =
            |rows| choices(Task::Binary, rows).into_iter().find(|c| c.algorithm == Algorithm::Knn).unwrap().why_not;
        assert!(why(100_000).contains("up to 20,000 of 100,000 rows"));
        assert!(!why(1000).contains("slow"));
    }
}
