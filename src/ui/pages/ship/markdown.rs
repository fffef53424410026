//! The part of Markdown a model card uses: headings, paragraphs, quotes, lists, tables, code, bold and inline code. Anything
//! else is shown as it is written.

/// A block of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Level 1 to 6.
    Heading(u8, String),
    Paragraph(Vec<Span>),
    /// Depth from 0, and the mark: `•` or `1.`
    Item(usize, String, Vec<Span>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<Vec<Span>>>,
    },
    Code(String),
    /// `> …`: what a person has to look at.
    Quote(Vec<Span>),
    Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    Plain(String),
    Strong(String),
    Emphasis(String),
    Code(String),
}

impl Span {
    fn into_text(self) -> String {
        match self {
            Self::Plain(text) | Self::Strong(text) | Self::Emphasis(text) | Self::Code(text) => text,
        }
    }
}

pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    let mut paragraph: Vec<&str> = Vec::new();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        let block = if let Some(heading) = heading(trimmed) {
            heading
        } else if trimmed.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|l| !l.trim().starts_with("```")).collect();
            Block::Code(code.join("\n"))
        } else if trimmed.starts_with('|') && lines.peek().is_some_and(|l| is_table_rule(l)) {
            lines.next();
            let mut rows = Vec::new();
            while let Some(row) = lines.next_if(|l| l.trim().starts_with('|')) {
                rows.push(cells(row).iter().map(|c| spans(c)).collect());
            }
            Block::Table { head: cells(trimmed), rows }
        } else if matches!(trimmed, "---" | "***" | "___") {
            Block::Rule
        } else if let Some(item) = item(line) {
            item
        } else if let Some(quote) = quote(trimmed) {
            let mut quote = quote.to_owned();
            while let Some(more) = lines.next_if(|l| self::quote(l.trim()).is_some()) {
                quote = format!("{quote} {}", self::quote(more.trim()).unwrap_or_default());
            }
            Block::Quote(spans(&quote))
        } else {
            if trimmed.is_empty() {
                flush(&mut paragraph, &mut blocks);
            } else {
                paragraph.push(trimmed);
            }
            continue;
        };
        flush(&mut paragraph, &mut blocks);
        blocks.push(block);
    }
    flush(&mut paragraph, &mut blocks);
    blocks
}

fn flush(paragraph: &mut Vec<&str>, blocks: &mut Vec<Block>) {
    if !paragraph.is_empty() {
        blocks.push(Block::Paragraph(spans(&paragraph.join(" "))));
        paragraph.clear();
    }
}

fn heading(line: &str) -> Option<Block> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let text = line.get(level..)?.strip_prefix(' ')?;
    let text = spans(text.trim()).into_iter().map(Span::into_text).collect();
    (1..=6).contains(&level).then_some(Block::Heading(level as u8, text))
}

fn item(line: &str) -> Option<Block> {
    let indent = line.len() - line.trim_start().len();
    let text = line.trim_start();
    if let Some(rest) = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
        return Some(Block::Item(indent / 2, "•".to_owned(), spans(rest)));
    }
    let (number, rest) = text.split_once(". ")?;
    let is_number = !number.is_empty() && number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| Block::Item(indent / 2, format!("{number}."), spans(rest)))
}

fn quote(line: &str) -> Option<&str> {
    line.strip_prefix('>').map(str::trim)
}

fn is_table_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('|') && line.contains('-') && line.chars().all(|c| "|-: ".contains(c))
}

/// The cells of a table row; `\|` is a bar inside one.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').filter(|l| !l.ends_with('\\')).unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '|' if !escaped => cells.push(String::new()),
            _ => {
                if escaped && c != '|' {
                    push(&mut cells, '\\');
                }
                push(&mut cells, c);
            }
        }
        escaped = false;
    }
    cells.iter().map(|c| c.trim().to_owned()).collect()
}

fn push(cells: &mut [String], c: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(c);
    }
}

type Made = fn(String) -> Span;

/// Bold, emphasis and inline code; an opening mark without its end is plain text.
pub fn spans(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut plain = String::new();
    while !rest.is_empty() {
        // A backslash takes the meaning from the mark behind it.
        if let Some(mark) = rest.strip_prefix('\\').and_then(|r| r.chars().next()).filter(char::is_ascii_punctuation) {
            plain.push(mark);
            rest = &rest[2..];
            continue;
        }
        let marks: [(&str, Made); 3] = [("**", Span::Strong), ("`", Span::Code), ("*", Span::Emphasis)];
        let marked = marks.into_iter().find_map(|(mark, span)| {
            let inner = rest.strip_prefix(mark)?;
            // `2 * 3 * 4` is no emphasis: the mark clings to its words.
            let end = inner.find(mark).filter(|end| *end > 0 && !inner.starts_with(' '))?;
            Some((span(inner[..end].to_owned()), &inner[end + mark.len()..]))
        });
        if let Some((span, after)) = marked {
            if !plain.is_empty() {
                out.push(Span::Plain(std::mem::take(&mut plain)));
            }
            out.push(span);
            rest = after;
        } else {
            let mut chars = rest.chars();
            plain.extend(chars.next());
            rest = chars.as_str();
        }
    }
    if !plain.is_empty() {
        out.push(Span::Plain(plain));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<Span> {
        vec![Span::Plain(text.to_owned())]
    }

    #[test]
    fn a_card_falls_into_its_blocks() {
        let text = "# Card\n\nFirst line\nsecond line\n\n- one\n  - two\n1. three\n\n---\n```\nlet x = 1;\n```\n";
        let expected = vec![
            Block::Heading(1, "Card".into()),
            Block::Paragraph(plain("First line second line")),
            Block::Item(0, "•".into(), plain("one")),
            Block::Item(1, "•".into(), plain("two")),
            Block::Item(0, "1.".into(), plain("three")),
            Block::Rule,
            Block::Code("let x = 1;".into()),
        ];
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn tables_keep_escaped_bars_in_their_cells() {
        let blocks = parse("| a | b |\n|---|--:|\n| x\\|y | 0.5 |\n\nafter");
        let table = Block::Table { head: vec!["a".into(), "b".into()], rows: vec![vec![plain("x|y"), plain("0.5")]] };
        assert_eq!(blocks, [table, Block::Paragraph(plain("after"))]);
    }

    #[test]
    fn bold_and_code_are_marked_and_open_marks_are_plain() {
        let expected = [
            Span::Plain("the ".into()),
            Span::Strong("best".into()),
            Span::Plain(" of ".into()),
            Span::Code("x".into()),
            Span::Plain(" ".into()),
            Span::Emphasis("so".into()),
            Span::Plain(" **never closed".into()),
        ];
        assert_eq!(spans("the **best** of `x` *so* **never closed"), expected);
    }

    #[test]
    fn a_backslash_makes_a_mark_plain() {
        assert_eq!(spans("tenure\\_months \\*\\*x"), plain("tenure_months **x"));
        assert_eq!(parse("# a\\_b"), [Block::Heading(1, "a_b".into())]);
    }

    #[test]
    fn quotes_of_several_lines_are_one() {
        let blocks = parse("> **To do.** Who\n> and why.\n\nafter");
        let quote = Block::Quote(vec![Span::Strong("To do.".into()), Span::Plain(" Who and why.".into())]);
        assert_eq!(blocks, [quote, Block::Paragraph(plain("after"))]);
    }

    #[test]
    fn hashes_without_a_space_are_text() {
        assert_eq!(parse("#tag"), [Block::Paragraph(plain("#tag"))]);
    }
}
