//! From text to a tree.

use super::PatternProblem;
use super::class::{Item, Kind, PROPERTIES, Set};

/// Groups inside each other; more are a mistake, and would cost stack.
const MAX_DEPTH: usize = 64;
/// As many characters are a pattern at most.
const MAX_LENGTH: usize = 10_000;
const MAX_REPEATS: u32 = 1000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Set(Set),
    At(Place),
    All(Vec<Node>),
    Any(Vec<Node>),
    /// So many times, or without an upper end.
    Repeat(Box<Node>, u32, Option<u32>),
}

/// A place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Start,
    End,
    LineStart,
    LineEnd,
    WordEdge,
    NoWordEdge,
}

pub(super) fn like(text: &str) -> Node {
    let mut parts = vec![Node::At(Place::Start)];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Node::Repeat(Box::new(Node::Set(Set::dot(true))), 0, None),
            '_' => Node::Set(Set::dot(true)),
            '\\' => Node::Set(Set::one(chars.next().unwrap_or('\\'), false)),
            c => Node::Set(Set::one(c, false)),
        });
    }
    parts.push(Node::At(Place::End));
    Node::All(parts)
}

pub(super) fn regex(text: &str) -> Result<Node, PatternProblem> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > MAX_LENGTH {
        return Err(PatternProblem { character: MAX_LENGTH, what: format!("longer than {MAX_LENGTH} characters") });
    }
    let mut parser = Parser { chars, at: 0, depth: 0, flags: Flags::default() };
    let node = parser.any()?;
    if parser.at < parser.chars.len() {
        return parser.wrong("a `)` without its `(`; write `\\)` for the character");
    }
    Ok(node)
}

#[derive(Clone, Copy, Default)]
struct Flags {
    any_case: bool,
    dot_takes_line_ends: bool,
    lines: bool,
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    flags: Flags,
}

type Parsed<T> = Result<T, PatternProblem>;

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn eats(&mut self, c: char) -> bool {
        let here = self.peek() == Some(c);
        self.at += usize::from(here);
        here
    }

    fn wrong<T>(&self, what: &str) -> Parsed<T> {
        Err(PatternProblem { character: self.at.min(self.chars.len()) + 1, what: what.to_owned() })
    }

    fn any(&mut self) -> Parsed<Node> {
        if self.depth == MAX_DEPTH {
            return self.wrong("more than 64 groups inside each other");
        }
        self.depth += 1;
        let mut parts = vec![self.all()?];
        while self.eats('|') {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(if parts.len() == 1 { parts.remove(0) } else { Node::Any(parts) })
    }

    fn all(&mut self) -> Parsed<Node> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let Some(one) = self.one()? else { continue };
            let repeated = self.repeats(one)?;
            parts.push(repeated);
        }
        Ok(Node::All(parts))
    }

    /// A character, class, place or group; `None` for flags alone.
    fn one(&mut self) -> Parsed<Option<Node>> {
        let Flags { any_case, dot_takes_line_ends, lines } = self.flags;
        let Some(c) = self.peek() else { return Ok(None) };
        match c {
            '*' | '+' | '?' | '{' => {
                return self.wrong(&format!("`{c}` repeats nothing; write `\\{c}` for the character"));
            }
            '(' => {
                self.at += 1;
                return self.group();
            }
            '[' => {
                self.at += 1;
                return Ok(Some(Node::Set(self.class(0)?)));
            }
            '\\' => {
                self.at += 1;
                return Ok(Some(self.escaped()?));
            }
            _ => self.at += 1,
        }
        Ok(Some(match c {
            '.' => Node::Set(Set::dot(dot_takes_line_ends)),
            '^' => Node::At(if lines { Place::LineStart } else { Place::Start }),
            '$' => Node::At(if lines { Place::LineEnd } else { Place::End }),
            c => Node::Set(Set::one(c, any_case)),
        }))
    }

    /// After `(`.
    fn group(&mut self) -> Parsed<Option<Node>> {
        let outside = self.flags;
        if self.eats('?') {
            if self.eats('P') && self.peek() != Some('<') {
                return self.wrong("expected a name in `<…>`");
            }
            if self.eats('<') {
                if matches!(self.peek(), Some('=' | '!')) {
                    return self.wrong("look-behind is not supported");
                }
                while let Some(c) = self.take() {
                    if c == '>' {
                        break;
                    }
                }
            } else if matches!(self.peek(), Some('=' | '!')) {
                return self.wrong("look-ahead is not supported");
            } else if !self.flag_letters()? {
                // `(?i)`: to the end of the group around it.
                return Ok(None);
            }
        }
        let inside = self.any()?;
        if !self.eats(')') {
            return self.wrong("expected `)`");
        }
        self.flags = outside;
        Ok(Some(inside))
    }

    /// `i`, `-s` …, then `:` (true: a group follows) or `)`.
    fn flag_letters(&mut self) -> Parsed<bool> {
        let mut on = true;
        loop {
            match self.take() {
                Some('-') => on = false,
                Some('i') => self.flags.any_case = on,
                Some('s') => self.flags.dot_takes_line_ends = on,
                Some('m') => self.flags.lines = on,
                // Greed and Unicode change nothing about whether there is a match.
                Some('U' | 'u') => {}
                Some(':') => return Ok(true),
                Some(')') => return Ok(false),
                _ => {
                    self.at -= usize::from(self.at > 0);
                    return self.wrong("expected one of the flags i, s, m, or `:`");
                }
            }
        }
    }

    fn repeats(&mut self, mut node: Node) -> Parsed<Node> {
        loop {
            let (least, most) = match self.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => match self.counts()? {
                    Some(counts) => counts,
                    None => {
                        return self.wrong("expected a number as in {2}, {2,} or {2,5}; write `\\{` for the character");
                    }
                },
                _ => return Ok(node),
            };
            self.at += 1;
            self.eats('?');
            node = Node::Repeat(Box::new(node), least, most);
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`: stops at the `}`.
    fn counts(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        self.at += 1;
        let Some(least) = self.number()? else { return Ok(None) };
        let most = if self.eats(',') { self.number()? } else { Some(least) };
        if self.peek() != Some('}') {
            return Ok(None);
        }
        if most.is_some_and(|most| most < least) {
            return self.wrong("the smaller number of repeats comes first");
        }
        Ok(Some((least, most)))
    }

    fn number(&mut self) -> Parsed<Option<u32>> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        if start == self.at {
            return Ok(None);
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        match digits.parse() {
            Ok(n) if n <= MAX_REPEATS => Ok(Some(n)),
            _ => self.wrong(&format!("at most {MAX_REPEATS} repeats")),
        }
    }

    /// After `\`, outside a class.
    fn escaped(&mut self) -> Parsed<Node> {
        let place = match self.peek() {
            Some('b') => Some(Place::WordEdge),
            Some('B') => Some(Place::NoWordEdge),
            Some('A') => Some(Place::Start),
            Some('z') => Some(Place::End),
            _ => None,
        };
        if let Some(place) = place {
            self.at += 1;
            return Ok(Node::At(place));
        }
        Ok(Node::Set(match self.escape()? {
            Item::Range(c, _) => Set::one(c, self.flags.any_case),
            item => Set { items: vec![item], ..Set::default() },
        }))
    }

    /// After `\`, in or outside a class: a character or a class of its own.
    fn escape(&mut self) -> Parsed<Item> {
        let Some(c) = self.take() else { return self.wrong("`\\` at the end; write `\\\\` for the character") };
        let one = |c| Ok(Item::Range(c, c));
        match c {
            'd' => Ok(Item::Kinds(&[Kind::Digit], true)),
            'D' => Ok(Item::Kinds(&[Kind::Digit], false)),
            'w' => Ok(Item::Kinds(&[Kind::Word], true)),
            'W' => Ok(Item::Kinds(&[Kind::Word], false)),
            's' => Ok(Item::Kinds(&[Kind::Space], true)),
            'S' => Ok(Item::Kinds(&[Kind::Space], false)),
            'n' => one('\n'),
            't' => one('\t'),
            'r' => one('\r'),
            'f' => one('\u{c}'),
            'v' => one('\u{b}'),
            'a' => one('\u{7}'),
            'x' | 'u' | 'U' => self.code(c),
            'p' | 'P' => self.property(c == 'p'),
            '0'..='9' => self.wrong("back references are not supported"),
            c if c.is_ascii_alphabetic() || !c.is_ascii() && c.is_alphabetic() => {
                self.at -= 1;
                self.wrong(&format!("`\\{c}` means nothing; write `{c}` for the character"))
            }
            c => one(c),
        }
    }

    /// `\x41`, `\u0041`, `\U00000041`, `\x{41}`.
    fn code(&mut self, letter: char) -> Parsed<Item> {
        let digits: String = if self.eats('{') {
            let rest = &self.chars[self.at..];
            let end = rest.iter().position(|c| *c == '}').unwrap_or(rest.len());
            let digits = rest[..end].iter().collect();
            self.at += end;
            if !self.eats('}') {
                return self.wrong("expected `}`");
            }
            digits
        } else {
            let n = match letter {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let digits = self.chars[self.at.min(self.chars.len())..].iter().take(n).collect();
            self.at += n;
            digits
        };
        match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
            Some(c) => Ok(Item::Range(c, c)),
            None => self.wrong("expected the hexadecimal code of a character"),
        }
    }

    fn property(&mut self, wanted: bool) -> Parsed<Item> {
        let name: String = if self.eats('{') {
            let rest = &self.chars[self.at.min(self.chars.len())..];
            let end = rest.iter().position(|c| *c == '}').unwrap_or(rest.len());
            let name = rest[..end].iter().collect();
            self.at += end;
            if !self.eats('}') {
                return self.wrong("expected `}`");
            }
            name
        } else {
            self.take().map(String::from).unwrap_or_default()
        };
        match Kind::property(&name) {
            Some(kinds) => Ok(Item::Kinds(kinds, wanted)),
            None => self.wrong(&format!("expected one of the classes {}", PROPERTIES.join(", "))),
        }
    }

    /// After `[`.
    fn class(&mut self, depth: usize) -> Parsed<Set> {
        if depth == MAX_DEPTH {
            return self.wrong("more than 64 classes inside each other");
        }
        let mut set = Set { items: Vec::new(), negated: self.eats('^'), any_case: self.flags.any_case };
        let mut first = true;
        loop {
            let Some(c) = self.take() else { return self.wrong("expected `]`") };
            let low = match c {
                ']' if !first => return Ok(set),
                '[' if self.peek() == Some(':') => {
                    set.items.push(self.named()?);
                    first = false;
                    continue;
                }
                '[' => {
                    let inner = self.class(depth + 1)?;
                    set.items.push(Item::Set(inner));
                    first = false;
                    continue;
                }
                '&' | '~' if self.peek() == Some(c) => {
                    return self.wrong("operators between classes are not supported");
                }
                '-' if !first && self.peek() == Some('-') => {
                    return self.wrong("operators between classes are not supported");
                }
                '\\' => self.escape()?,
                c => Item::Range(c, c),
            };
            first = false;
            let ranges = self.peek() == Some('-') && !matches!(self.chars.get(self.at + 1), None | Some(']' | '-'));
            match low {
                Item::Range(low, _) if ranges => {
                    self.at += 1;
                    let high = match self.take() {
                        Some('\\') => self.escape()?,
                        Some('[') | None => return self.wrong("expected the end of a range"),
                        Some(c) => Item::Range(c, c),
                    };
                    match high {
                        Item::Range(high, _) if low <= high => set.items.push(Item::Range(low, high)),
                        _ => return self.wrong("a range goes from the smaller to the larger character"),
                    }
                }
                item => set.items.push(item),
            }
        }
    }

    /// `[:alpha:]`, after its `[`.
    fn named(&mut self) -> Parsed<Item> {
        let rest: String = self.chars[self.at..].iter().take(16).collect();
        const NAMES: [(&str, &[(char, char)]); 12] = [
            (":alnum:]", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
            (":alpha:]", &[('A', 'Z'), ('a', 'z')]),
            (":blank:]", &[('\t', '\t'), (' ', ' ')]),
            (":cntrl:]", &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')]),
            (":digit:]", &[('0', '9')]),
            (":graph:]", &[('!', '~')]),
            (":lower:]", &[('a', 'z')]),
            (":print:]", &[(' ', '~')]),
            (":punct:]", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
            (":space:]", &[('\t', '\r'), (' ', ' ')]),
            (":upper:]", &[('A', 'Z')]),
            (":xdigit:]", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
        ];
        let negated = rest.starts_with(":^");
        let plain = if negated { rest.replacen(":^", ":", 1) } else { rest };
        let Some((name, ranges)) = NAMES.iter().find(|(name, _)| plain.starts_with(name)) else {
            return self.wrong("expected a class such as [:alpha:]");
        };
        self.at += name.len() + usize::from(negated);
        let items = ranges.iter().map(|(first, last)| Item::Range(*first, *last)).collect();
        Ok(Item::Set(Set { items, negated, any_case: false }))
    }
}
