//! Reading the attributes of an operator, without believing any of them.

use super::proto::AttributeProto;

/// What is wrong with a file, in words; the caller says which file.
pub(super) type Fallible<T> = Result<T, String>;

pub(super) struct Attributes<'a>(pub &'a [AttributeProto]);

impl<'a> Attributes<'a> {
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|a| a.name() == name)
    }

    pub fn get(&self, name: &str) -> Fallible<&'a AttributeProto> {
        self.0.iter().find(|a| a.name() == name).ok_or_else(|| format!("it has no attribute {name}"))
    }

    /// Exactly these attributes, each once.
    pub fn only(&self, names: &[&str]) -> Fallible<()> {
        if self.0.len() == names.len() && names.iter().all(|name| self.has(name)) {
            return Ok(());
        }
        Err(format!("its attributes are not {names:?}"))
    }

    pub fn int(&self, name: &str) -> Fallible<i64> {
        self.get(name)?.i.ok_or_else(|| format!("{name} is not a whole number"))
    }

    pub fn int_is(&self, name: &str, expected: i64) -> Fallible<()> {
        let found = self.int(name)?;
        if found == expected { Ok(()) } else { Err(format!("{name} is {found}, not {expected}")) }
    }

    pub fn text_is(&self, name: &str, expected: &str) -> Fallible<()> {
        if self.get(name)?.s() == expected.as_bytes() { Ok(()) } else { Err(format!("{name} is not {expected}")) }
    }

    pub fn text(&self, name: &str) -> Fallible<String> {
        let bytes = self.get(name)?.s.clone().ok_or_else(|| format!("{name} is not text"))?;
        String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))
    }

    pub fn texts(&self, name: &str) -> Fallible<Vec<String>> {
        let texts: Result<Vec<String>, _> = self.get(name)?.strings.iter().cloned().map(String::from_utf8).collect();
        texts.map_err(|_| format!("{name} is not UTF-8"))
    }
}
