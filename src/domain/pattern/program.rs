//! From a tree to steps.

use super::PatternProblem;
use super::class::Set;
use super::parse::{Node, Place};

/// More steps would make each search slow and large.
const MAX_STEPS: usize = 20_000;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A character of this set, then the next step.
    Take(u32),
    /// Go on at both.
    Both(u32, u32),
    /// Only here, then the next step.
    At(Place),
    Go(u32),
    Match,
}

/// Begins at step 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub steps: Vec<Step>,
    pub sets: Vec<Set>,
}

impl Program {
    pub fn of(node: &Node) -> Result<Self, PatternProblem> {
        let mut program = Self::default();
        program.add(node)?;
        program.push(Step::Match)?;
        Ok(program)
    }

    fn here(&self) -> u32 {
        self.steps.len() as u32
    }

    fn push(&mut self, step: Step) -> Result<usize, PatternProblem> {
        if self.steps.len() >= MAX_STEPS {
            let what = format!("it grows to more than {MAX_STEPS} steps; repeat less");
            return Err(PatternProblem { character: 1, what });
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn add(&mut self, node: &Node) -> Result<(), PatternProblem> {
        match node {
            Node::Set(set) => {
                let known = self.sets.iter().rposition(|known| known == set);
                let set = known.unwrap_or_else(|| {
                    self.sets.push(set.clone());
                    self.sets.len() - 1
                });
                self.push(Step::Take(set as u32))?;
            }
            Node::At(place) => {
                self.push(Step::At(*place))?;
            }
            Node::All(parts) => parts.iter().try_for_each(|part| self.add(part))?,
            Node::Any(parts) => {
                let mut ends = Vec::new();
                for (i, part) in parts.iter().enumerate() {
                    if i + 1 == parts.len() {
                        self.add(part)?;
                    } else {
                        let fork = self.push(Step::Match)?;
                        self.add(part)?;
                        ends.push(self.push(Step::Match)?);
                        self.steps[fork] = Step::Both(fork as u32 + 1, self.here());
                    }
                }
                let end = self.here();
                ends.into_iter().for_each(|at| self.steps[at] = Step::Go(end));
            }
            Node::Repeat(inner, least, most) => self.repeat(inner, *least, *most)?,
        }
        Ok(())
    }

    fn repeat(&mut self, inner: &Node, least: u32, most: Option<u32>) -> Result<(), PatternProblem> {
        let start = self.steps.len();
        for _ in 0..least {
            self.add(inner)?;
            if self.steps.len() == start {
                // Nothing many times is nothing: `(((){1000}){1000}){1000}` shall not be counted out.
                return Ok(());
            }
        }
        match most {
            None => {
                let fork = self.push(Step::Match)?;
                self.add(inner)?;
                self.push(Step::Go(fork as u32))?;
                self.steps[fork] = Step::Both(fork as u32 + 1, self.here());
            }
            Some(most) => {
                let mut forks = Vec::new();
                for _ in least..most {
                    forks.push(self.push(Step::Match)?);
                    self.add(inner)?;
                }
                let end = self.here();
                forks.into_iter().for_each(|at| self.steps[at] = Step::Both(at as u32 + 1, end));
            }
        }
        Ok(())
    }
}
