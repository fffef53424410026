//! One tree as plain data: nodes in a list, each 48 bytes, most without memory of their own. Forests have millions.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A binary tree; node 0 is the root, children come after their parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    pub nodes: Vec<TreeNode>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "node", try_from = "Read")]
pub enum TreeNode {
    /// A row goes left when `(x[feature] as f32) <= threshold`. Features are compared as f32 because ONNX does.
    Split {
        feature: u32,
        threshold: f32,
        left: u32,
        right: u32,
        /// Loss removed by this split.
        gain: f64,
        /// Training rows that passed here.
        cover: u64,
        /// Where rows without a value go.
        missing_left: bool,
    },
    /// A row goes left when the category of `feature` is among `codes` (ascending); a category that training never saw
    /// goes where rows without a value go.
    CategorySplit { feature: u32, codes: Codes, left: u32, right: u32, gain: f64, cover: u64, missing_left: bool },
    /// Class shares, or one value.
    Leaf { values: LeafValues, cover: u64 },
}

impl Tree {
    /// The leaf values for one row of features.
    pub fn leaf(&self, row: &[f64]) -> &[f64] {
        let mut at = 0_usize;
        loop {
            match &self.nodes[at] {
                TreeNode::Leaf { values, .. } => return values,
                TreeNode::Split { feature, threshold, left, right, missing_left, .. } => {
                    let x = row[*feature as usize];
                    let goes_left = if x.is_nan() { *missing_left } else { x as f32 <= *threshold };
                    at = if goes_left { *left } else { *right } as usize;
                }
                TreeNode::CategorySplit { feature, codes, left, right, missing_left, .. } => {
                    let x = row[*feature as usize];
                    let goes_left = if x.is_nan() { *missing_left } else { codes.binary_search(&(x as u32)).is_ok() };
                    at = if goes_left { *left } else { *right } as usize;
                }
            }
        }
    }
}

/// A node as it is read: all fields at once, because serde would keep each node of a tagged enum as text until it knows
/// which it is, and there are millions.
#[derive(Deserialize)]
struct Read {
    node: Kind,
    feature: Option<u32>,
    threshold: Option<f32>,
    codes: Option<Codes>,
    left: Option<u32>,
    right: Option<u32>,
    gain: Option<f64>,
    cover: Option<u64>,
    missing_left: Option<bool>,
    values: Option<LeafValues>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Split,
    CategorySplit,
    Leaf,
}

impl TryFrom<Read> for TreeNode {
    type Error = String;

    fn try_from(read: Read) -> Result<Self, String> {
        fn given<T>(field: Option<T>, name: &str) -> Result<T, String> {
            field.ok_or_else(|| format!("missing field `{name}`"))
        }
        let cover = given(read.cover, "cover")?;
        if let Kind::Leaf = read.node {
            return Ok(Self::Leaf { values: given(read.values, "values")?, cover });
        }
        let (feature, gain) = (given(read.feature, "feature")?, given(read.gain, "gain")?);
        let (left, right) = (given(read.left, "left")?, given(read.right, "right")?);
        if let Kind::Split = read.node {
            // Not in files from before missing cells had a side.
            let (threshold, missing_left) = (given(read.threshold, "threshold")?, read.missing_left.unwrap_or(false));
            return Ok(Self::Split { feature, threshold, left, right, gain, cover, missing_left });
        }
        let (codes, missing_left) = (given(read.codes, "codes")?, given(read.missing_left, "missing_left")?);
        Ok(Self::CategorySplit { feature, codes, left, right, gain, cover, missing_left })
    }
}

/// The numbers of a leaf, one per output; one or two lie in the node itself.
#[derive(Clone, PartialEq)]
pub struct LeafValues(Stored);

#[derive(Clone, PartialEq)]
enum Stored {
    One([f64; 1]),
    Two([f64; 2]),
    More(Box<[f64]>),
}

impl Default for LeafValues {
    fn default() -> Self {
        Self(Stored::More(Box::default()))
    }
}

impl From<&[f64]> for LeafValues {
    fn from(values: &[f64]) -> Self {
        Self(match *values {
            [value] => Stored::One([value]),
            [first, second] => Stored::Two([first, second]),
            _ => Stored::More(values.into()),
        })
    }
}

impl From<Vec<f64>> for LeafValues {
    fn from(values: Vec<f64>) -> Self {
        if values.len() < 3 { Self::from(values.as_slice()) } else { Self(Stored::More(values.into())) }
    }
}

impl Deref for LeafValues {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match &self.0 {
            Stored::One(values) => values,
            Stored::Two(values) => values,
            Stored::More(values) => values,
        }
    }
}

impl DerefMut for LeafValues {
    fn deref_mut(&mut self) -> &mut [f64] {
        match &mut self.0 {
            Stored::One(values) => values,
            Stored::Two(values) => values,
            Stored::More(values) => values,
        }
    }
}

impl<'a> IntoIterator for &'a LeafValues {
    type Item = &'a f64;
    type IntoIter = std::slice::Iter<'a, f64>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for LeafValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for LeafValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LeafValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = LeafValues;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list of numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<LeafValues, A::Error> {
                let Some(first) = list.next_element()? else { return Ok(Vec::new().into()) };
                let Some(second) = list.next_element()? else { return Ok(LeafValues(Stored::One([first]))) };
                let Some(third) = list.next_element()? else { return Ok(LeafValues(Stored::Two([first, second]))) };
                let mut all = vec![first, second, third];
                while let Some(value) = list.next_element()? {
                    all.push(value);
                }
                Ok(all.into())
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}

/// The categories that go left at a node, ascending. Nodes that part alike may share them.
#[derive(Clone, PartialEq, Eq)]
pub struct Codes(Arc<[u32]>);

impl From<Vec<u32>> for Codes {
    fn from(codes: Vec<u32>) -> Self {
        Self(codes.into())
    }
}

impl Deref for Codes {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Codes {
    type Item = &'a u32;
    type IntoIter = std::slice::Iter<'a, u32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Codes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_small_and_read_back_as_they_were_written() {
        assert!(size_of::<TreeNode>() <= 48, "{}", size_of::<TreeNode>());
        let leaf = |values: Vec<f64>| TreeNode::Leaf { values: values.into(), cover: 3 };
        let codes = vec![2, 7].into();
        let (left, right, gain, cover) = (1, 2, 0.1, 9);
        let nodes = vec![
            TreeNode::CategorySplit { feature: 4, codes, left, right, gain, cover, missing_left: true },
            TreeNode::Split { feature: 1, threshold: 0.3, left: 3, right: 4, gain, cover, missing_left: false },
            leaf(vec![-0.25]),
            leaf(vec![0.1, 0.9]),
            leaf(vec![0.2, 0.3, 0.5]),
            leaf(Vec::new()),
        ];
        // The file format of every release.
        let text = concat!(
            r#"{"nodes":[{"node":"category_split","feature":4,"codes":[2,7],"left":1,"right":2,"gain":0.1,"cover":9,"#,
            r#""missing_left":true},{"node":"split","feature":1,"threshold":0.3,"left":3,"right":4,"gain":0.1,"cover":9,"#,
            r#""missing_left":false},{"node":"leaf","values":[-0.25],"cover":3},{"node":"leaf","values":[0.1,0.9],"#,
            r#""cover":3},{"node":"leaf","values":[0.2,0.3,0.5],"cover":3},{"node":"leaf","values":[],"cover":3}]}"#
        );
        let tree = Tree { nodes };
        assert_eq!(serde_json::to_string(&tree).unwrap(), text);
        assert_eq!(serde_json::from_str::<Tree>(text).unwrap(), tree);
        let older = text.replace(r#""cover":9,"missing_left":false"#, r#""cover":9"#);
        assert_eq!(serde_json::from_str::<Tree>(&older).unwrap(), tree);
        let broken = text.replace(r#""right":4,"#, "");
        assert!(serde_json::from_str::<Tree>(&broken).unwrap_err().to_string().starts_with("missing field `right`"));
    }
}
