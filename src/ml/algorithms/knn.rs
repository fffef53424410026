//! Nearest neighbours: the training rows themselves are the model.
//!
//! linfa has an index of neighbours but no learner. Rows beyond `max_rows` are drawn by the seed, since each stored row
//! is compared with at every answer.

use linfa::traits::Fit;

use crate::domain::features::Block;
use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Neighbours, StoredColumn, Weighting};
use crate::domain::params::CheckedParams;
use crate::domain::random::Shuffler;
use crate::domain::task::Target;
use crate::domain::words::thousands;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::error::FitError;
use crate::ml::guard;

const NAME: &str = "Nearest neighbours";

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let weighting = if params.word("weights") == "distance" { Weighting::Distance } else { Weighting::Uniform };
    Knn { n_neighbors: params.count("n_neighbors"), weighting, max_rows: params.count("max_rows"), seed, io }.fit(data)
}

/// The learner as linfa knows learners.
pub struct Knn<'a> {
    pub n_neighbors: usize,
    pub weighting: Weighting,
    /// Rows stored at most.
    pub max_rows: usize,
    /// Draws the rows when there are more.
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Knn<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Columns { x, weights } = data.records;
        self.io.progress("Storing rows", Some(0.1))?;
        let mut warnings = Vec::new();
        let mut rows: Vec<usize> = (0..x.n_rows).filter(|&row| weights.is_none_or(|w| w[row] > 0.0)).collect();
        if rows.len() > self.max_rows {
            warnings.push(format!(
                "{NAME} keeps {} of {} rows, drawn by the seed; max_rows keeps more, at the price of slower answers",
                thousands(self.max_rows as u64),
                thousands(rows.len() as u64)
            ));
            Shuffler::new(self.seed).shuffle(&mut rows);
            rows.truncate(self.max_rows);
            rows.sort_unstable();
        }
        if rows.len() < self.n_neighbors {
            warnings.push(format!("{NAME} has only {} rows to ask; n_neighbors was {}", rows.len(), self.n_neighbors));
        }
        let mut columns = Vec::with_capacity(x.blocks.len());
        let mut feature = 0;
        for block in &x.blocks {
            columns.push(match block.take(&rows) {
                Block::Numbers(values) => StoredColumn::Numbers { values },
                Block::Indicators { codes, n_levels } => StoredColumn::Indicators { codes, n_levels },
                Block::Category { .. } => return Err(FitError::Category { feature: guard::feature_name(x, feature) }),
            });
            feature += block.n_features();
        }
        let answers = match data.targets {
            Target::Classes { codes, .. } => rows.iter().map(|&row| f64::from(codes[row])).collect(),
            Target::Values(values) => rows.iter().map(|&row| values[row]).collect(),
        };
        let model = Neighbours {
            n_neighbors: self.n_neighbors.min(rows.len()) as u32,
            weighting: self.weighting,
            columns,
            answers,
            row_weights: weights.map(|weights| rows.iter().map(|&row| weights[row]).collect()),
        };
        Ok(Fitted::new(FittedModel::Knn(model), warnings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::Features;
    use crate::domain::io::Silent;
    use crate::domain::task::{Predictions, Task};
    use crate::ml::algorithms::testing::{Lcg, assert_close, data, mixed, numbers, one_hot, weighted};
    use crate::ml::predict::predict;

    fn learner(n_neighbors: usize, weighting: Weighting) -> Knn<'static> {
        Knn { n_neighbors, weighting, max_rows: 20_000, seed: 0, io: &Silent }
    }

    fn predicted(fitted: &Fitted, task: Task, x: &Features) -> Vec<f64> {
        match predict(&fitted.model, task, if task == Task::Regression { 0 } else { 3 }, x, &Silent).unwrap() {
            Predictions::Classes { probabilities, .. } => probabilities,
            Predictions::Values(values) => values,
        }
    }

    fn classes(n: usize) -> Target {
        let mut source = Lcg(8);
        Target::Classes { codes: (0..n).map(|_| (source.next() * 3.0) as u32).collect(), n_classes: 3 }
    }

    #[test]
    fn equals_scikit_learn() {
        let (x, test) = (mixed(6, 200, 3, 4), mixed(7, 4, 3, 4));
        let uniform = learner(7, Weighting::Uniform).fit(&data(&x, &classes(200))).unwrap();
        assert_close(&predicted(&uniform, Task::Multiclass, &test), &UNIFORM, 1e-12);
        let near = learner(7, Weighting::Distance).fit(&data(&x, &classes(200))).unwrap();
        assert_close(&predicted(&near, Task::Multiclass, &test), &DISTANCE, 1e-9);
        let Target::Classes { codes, .. } = classes(200) else { panic!("classes expected") };
        let values = Target::Values(codes.iter().map(|&code| f64::from(code)).collect());
        let regression = learner(7, Weighting::Distance).fit(&data(&x, &values)).unwrap();
        assert_close(&predicted(&regression, Task::Regression, &test), &REGRESSION, 1e-9);
    }

    #[test]
    fn indicators_are_as_far_as_their_one_hot_columns() {
        let (x, test) = (mixed(6, 3000, 3, 4), mixed(7, 200, 3, 4));
        let y = classes(3000);
        let coded = learner(9, Weighting::Distance).fit(&data(&x, &y)).unwrap();
        let dense = learner(9, Weighting::Distance).fit(&data(&one_hot(&x), &y)).unwrap();
        let (a, b) = (predicted(&coded, Task::Multiclass, &test), predicted(&dense, Task::Multiclass, &one_hot(&test)));
        assert_close(&a, &b, 1e-9);
    }

    #[test]
    fn a_stored_row_answers_for_itself_and_equals_go_in_row_order() {
        let x = numbers(1, vec![1e9, 1e9 + 1.0, 1e9 + 1.0, 1e9 + 3.0]);
        let y = Target::Values(vec![1.0, 2.0, 4.0, 8.0]);
        let near = learner(3, Weighting::Distance).fit(&data(&x, &y)).unwrap();
        assert_eq!(predicted(&near, Task::Regression, &x), [1.0, 3.0, 3.0, 8.0]);
        let one = learner(1, Weighting::Uniform).fit(&data(&x, &y)).unwrap();
        assert_eq!(predicted(&one, Task::Regression, &x), [1.0, 2.0, 2.0, 8.0]);
        let heavy = learner(4, Weighting::Uniform).fit(&weighted(&x, &y, &[0.0, 3.0, 1.0, 0.0])).unwrap();
        assert_eq!(predicted(&heavy, Task::Regression, &x), [2.5; 4]);
    }

    #[test]
    fn rows_beyond_the_cap_are_drawn_and_said() {
        let x = mixed(6, 500, 2, 3);
        let few = Knn { max_rows: 100, ..learner(5, Weighting::Uniform) };
        let fitted = few.fit(&data(&x, &classes(500))).unwrap();
        let FittedModel::Knn(stored) = &fitted.model else { panic!("neighbours expected") };
        assert_eq!(stored.answers.len(), 100);
        assert!(fitted.warnings[0].starts_with("Nearest neighbours keeps 100 of 500 rows"), "{:?}", fitted.warnings);
        assert_eq!(few.fit(&data(&x, &classes(500))).unwrap(), fitted);
    }

    /// `KNeighborsClassifier(7)`
    const UNIFORM: [f64; 12] = [
        0.42857142857142855,
        0.2857142857142857,
        0.2857142857142857,
        0.14285714285714285,
        0.5714285714285714,
        0.2857142857142857,
        0.2857142857142857,
        0.14285714285714285,
        0.5714285714285714,
        0.2857142857142857,
        0.5714285714285714,
        0.14285714285714285,
    ];
    /// `KNeighborsClassifier(7, weights="distance")`
    const DISTANCE: [f64; 12] = [
        0.4104239536989129,
        0.24166865252039868,
        0.34790739378068847,
        0.1587856773871123,
        0.5038807793134463,
        0.33733354329944143,
        0.19424252381317936,
        0.08659768978992059,
        0.7191597863969,
        0.2754314941689183,
        0.6067531253951494,
        0.11781538043593212,
    ];
    /// `KNeighborsRegressor(7, weights="distance")`
    const REGRESSION: [f64; 4] = [0.9374834400817756, 1.1785478659123294, 1.5249172625837206, 0.8423838862670137];
}
