//! Ids: one newtype per noun, so that a run is never looked up with a dataset's number.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A named dataset, whatever its version.
    DatasetId
);
id!(
    /// One immutable version of a dataset.
    VersionId
);
id!(
    /// A named branch of a dataset.
    BranchId
);
id!(
    /// A tag on a version.
    TagId
);
id!(
    /// One execution of the validation checks.
    CheckRunId
);
id!(
    /// What the checks say of the two sides of a split.
    SplitCheckId
);
id!(
    /// One training of one algorithm.
    RunId
);
id!(
    /// The runs of one request.
    GroupId
);
id!(
    /// An exported bundle.
    BundleId
);
id!(
    /// A drift report.
    DriftId
);
id!(
    /// Something that was moved to the bin.
    BinId
);
id!(
    /// A watched file or folder.
    WatchId
);
id!(
    /// A session of labelling by hand.
    LabelSessionId
);
id!(
    /// One saved state of a dataset's suite.
    SuiteId
);
id!(
    /// Something that must hold before something is done.
    GateId
);
id!(
    /// Something that was done in spite of a red gate.
    OverrideId
);
id!(
    /// Four answers about a dataset version.
    SignOffId
);
id!(
    /// An entry of the activity log.
    EventId
);

/// SHA-256 of some bytes as 64 lower-case hex digits; also the name of the object that holds them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// `None` unless `hex` is exactly 64 lower-case hex digits.
    pub fn parse(hex: &str) -> Option<Self> {
        let ok = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        ok.then(|| Self(hex.to_owned()))
    }

    /// From the 32 raw bytes of a SHA-256.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        use fmt::Write as _;
        let mut hex = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits: enough to tell apart on a screen.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
