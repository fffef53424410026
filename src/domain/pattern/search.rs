//! Searching: all ways through the steps at once (Thompson 1968), remembered as the states of an automaton as they
//! turn up, so that a text costs one look-up per ASCII character once its like has been seen.

use std::collections::HashMap;

use super::class::is_word;
use super::parse::Place;
use super::program::{Program, Step};

/// ASCII, then the end of the text.
const SYMBOLS: usize = 129;
const END: usize = 128;
/// States that are kept; half a kilobyte each.
const MAX_STATES: usize = 2000;

const UNKNOWN: u32 = u32::MAX;
const FOUND: u32 = u32::MAX - 1;

/// What stands before a place, as far as places ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Before {
    Nothing,
    LineEnd,
    Word,
    Other,
}

impl Before {
    fn of(c: char) -> Self {
        match c {
            '\n' => Self::LineEnd,
            c if is_word(c) => Self::Word,
            _ => Self::Other,
        }
    }
}

/// Where the search stands: steps not yet followed through, ascending.
type State = (Vec<u32>, Before);

/// A search with its memory.
pub struct Matcher {
    program: Program,
    states: Vec<State>,
    next: Vec<[u32; SYMBOLS]>,
    known: HashMap<State, u32>,
    /// Steps met while following one state through.
    met: Vec<bool>,
}

impl Matcher {
    pub(super) fn new(program: Program) -> Self {
        let n_steps = program.steps.len();
        let mut matcher =
            Self { program, states: Vec::new(), next: Vec::new(), known: HashMap::new(), met: vec![false; n_steps] };
        matcher.number((vec![0], Before::Nothing));
        matcher
    }

    /// Is there a match in the text?
    pub fn is_match(&mut self, text: &str) -> bool {
        let mut at = 0;
        for c in text.chars() {
            let symbol = c as usize;
            at = match self.next.get(at as usize).and_then(|row| row[..END].get(symbol)) {
                Some(&known) if known != UNKNOWN => known,
                _ => self.step(at, Some(c)),
            };
            if at == FOUND {
                return true;
            }
        }
        match self.next[at as usize][END] {
            UNKNOWN => self.step(at, None) == FOUND,
            known => known == FOUND,
        }
    }

    /// The number of a state, a new one at first sight.
    fn number(&mut self, state: State) -> u32 {
        if let Some(&number) = self.known.get(&state) {
            return number;
        }
        let number = self.states.len() as u32;
        self.states.push(state.clone());
        self.next.push([UNKNOWN; SYMBOLS]);
        self.known.insert(state, number);
        number
    }

    fn step(&mut self, at: u32, c: Option<char>) -> u32 {
        let (found, mut steps) = self.follow(at, c);
        if found {
            return self.remember(at, c, FOUND);
        }
        let Some(c) = c else { return self.remember(at, None, at) };
        // A match may also begin after this character.
        steps.push(0);
        steps.sort_unstable();
        steps.dedup();
        let state = (steps, Before::of(c));
        if self.states.len() >= MAX_STATES && !self.known.contains_key(&state) {
            // Too many states to keep: begin again with what is known to be needed.
            self.states.clear();
            self.next.clear();
            self.known.clear();
            self.number((vec![0], Before::Nothing));
            return self.number(state);
        }
        let to = self.number(state);
        self.remember(at, Some(c), to)
    }

    fn remember(&mut self, at: u32, c: Option<char>, to: u32) -> u32 {
        let symbol = c.map_or(END, |c| c as usize);
        // What is not ASCII is worked out each time.
        if symbol < SYMBOLS && (c.is_none() || symbol < END) {
            self.next[at as usize][symbol] = to;
        }
        to
    }

    /// Whether a match ends before `c`, and the steps after taking `c`.
    fn follow(&mut self, at: u32, c: Option<char>) -> (bool, Vec<u32>) {
        let (steps, before) = &self.states[at as usize];
        self.met.fill(false);
        let mut open: Vec<u32> = steps.clone();
        let mut after = Vec::new();
        while let Some(step) = open.pop() {
            if std::mem::replace(&mut self.met[step as usize], true) {
                continue;
            }
            match &self.program.steps[step as usize] {
                Step::Match => return (true, after),
                Step::Go(to) => open.push(*to),
                Step::Both(one, other) => open.extend([*other, *one]),
                Step::At(place) if holds(*place, *before, c) => open.push(step + 1),
                Step::At(_) => {}
                Step::Take(set) => {
                    if c.is_some_and(|c| self.program.sets[*set as usize].has(c)) {
                        after.push(step + 1);
                    }
                }
            }
        }
        (false, after)
    }
}

fn holds(place: Place, before: Before, next: Option<char>) -> bool {
    let edge = || (before == Before::Word) != next.is_some_and(is_word);
    match place {
        Place::Start => before == Before::Nothing,
        Place::End => next.is_none(),
        Place::LineStart => matches!(before, Before::Nothing | Before::LineEnd),
        Place::LineEnd => matches!(next, None | Some('\n')),
        Place::WordEdge => edge(),
        Place::NoWordEdge => !edge(),
    }
}
