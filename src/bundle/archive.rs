//! Writing a bundle, and proving it before anyone may see it.
//!
//! The zip is written to a temporary file beside the target, flushed to the disk, opened again as a stranger would, and
//! scored on the golden rows. Only then does it get its name; on any error or cancellation nothing is left behind.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::error::BundleError;
use super::files;
use super::golden::GoldenRows;
use super::mlmodel;
use super::onnx;
use super::read::{MOST_BYTES, open};
use crate::domain::bundle::{BundleFile, Lineage, Manifest};
use crate::domain::ids::ContentHash;
use crate::domain::io::{JobIo, Part};
use crate::domain::metric::MetricSet;
use crate::domain::model::TrainedModel;
use crate::domain::raw::RawColumns;
use crate::domain::schema::ColumnSchema;
use crate::domain::task::Predictions;

/// JSON from here on has no line ends.
const LARGE_JSON: usize = 4 << 20;

/// What goes into a bundle.
pub struct BundleContents<'a> {
    pub model: &'a TrainedModel,
    /// The columns of the training version; those the model takes are kept.
    pub inputs: Vec<ColumnSchema>,
    pub lineage: Lineage,
    /// The metrics on the test rows.
    pub metrics: MetricSet,
    /// Some rows as the recipe takes them, at least one.
    pub golden_inputs: RawColumns,
    /// What the model in memory says about them.
    pub golden_expected: Predictions,
    pub card_markdown: String,
    pub created_at_ms: i64,
}

/// A bundle that lies on the disk and was proved.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenBundle {
    /// Of the whole zip.
    pub sha256: ContentHash,
    pub bytes: u64,
    pub files: Vec<BundleFile>,
    /// Largest distance between the file read back and the model in memory.
    pub golden_max_abs_diff: f64,
    pub golden_rows: u64,
}

/// Writes `out`, replacing a file that has the name already. The same contents give the same bytes.
///
/// # Errors
/// [`BundleError::Unsupported`] for a model that has no ONNX form, [`BundleError::Golden`] when the file read back does
/// not say what the model says, `Io` and `Cancelled`. In all of them `out` is as it was.
pub fn write(out: &Path, contents: &BundleContents<'_>, io: &dyn JobIo) -> Result<WrittenBundle, BundleError> {
    io.progress(&format!("Writing the ONNX graph, about {}", amount(onnx::size(contents.model))), Some(0.0))?;
    let files = bundle_files(contents, io)?;
    let all: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
    if all > MOST_BYTES {
        let (all, most) = (amount(all), amount(MOST_BYTES));
        let problem =
            format!("its files take {all}, the limit is {most}; train fewer or smaller trees, or on fewer rows");
        return Err(BundleError::Unsupported(problem));
    }
    let zip = pack(&files, out, &Part { io, from: 0.2, to: 0.5 })?;

    io.progress("Saving the bundle", Some(0.5))?;
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if out.is_dir() || out.file_name().is_none() {
        let is_folder = std::io::Error::from(std::io::ErrorKind::IsADirectory);
        return Err(BundleError::io("write the bundle to", out)(is_folder));
    }
    let mut temp = temp_file(folder).map_err(BundleError::io("create a file in", folder))?;
    temp.write_all(&zip).and_then(|()| temp.as_file().sync_all()).map_err(BundleError::io("write", out))?;

    io.progress("Checking the written bundle on the golden rows", Some(0.7))?;
    let proved = open(temp.path())?;
    io.progress("Checking the written bundle on the golden rows", Some(1.0))?;

    temp.persist(out).map_err(|e| BundleError::io("rename the finished bundle to", out)(e.error))?;
    sync_folder(folder).map_err(BundleError::io("flush the folder", folder))?;
    Ok(WrittenBundle {
        sha256: proved.sha256,
        bytes: proved.bytes,
        files: proved.files,
        golden_max_abs_diff: proved.golden_report.max_abs_diff,
        golden_rows: proved.golden_report.rows,
    })
}

/// Name → content of every file, the manifest with the hashes of all others.
fn bundle_files(contents: &BundleContents<'_>, io: &dyn JobIo) -> Result<BTreeMap<&'static str, Vec<u8>>, BundleError> {
    let model = contents.model;
    let takes = |schema: &&ColumnSchema| model.recipe.input(&schema.name).is_some();
    let inputs: Vec<ColumnSchema> = contents.inputs.iter().filter(takes).cloned().collect();
    let onnx = onnx::export(model)?;
    io.progress("Writing the manifest", Some(0.1))?;
    let golden = GoldenRows::new(model, &contents.golden_inputs, &contents.golden_expected)?;
    let example = mlmodel::input_example(model, &inputs, &golden);
    let mlmodel = mlmodel::mlmodel(model, &files::sha256(&onnx), contents.created_at_ms);
    let mut all: BTreeMap<&'static str, Vec<u8>> = BTreeMap::from([
        (files::MODEL, onnx),
        (files::MLMODEL, mlmodel.into_bytes()),
        (files::LOADER, files::LOADER_SOURCE.as_bytes().to_vec()),
        (files::INPUT_EXAMPLE, mlmodel::ascii_json(&example).into_bytes()),
        (files::SERVING_EXAMPLE, mlmodel::ascii_json(&mlmodel::serving_example(&example)).into_bytes()),
        (files::REQUIREMENTS, mlmodel::REQUIREMENTS.into()),
        (files::CONDA, mlmodel::CONDA.into()),
        (files::PYTHON_ENV, mlmodel::PYTHON_ENV.into()),
        (files::README, mlmodel::README.into()),
        (files::CARD, contents.card_markdown.clone().into_bytes()),
        (files::GOLDEN, json(&golden)?),
    ]);
    let manifest = Manifest {
        format: Manifest::FORMAT.to_owned(),
        format_version: Manifest::FORMAT_VERSION,
        created_by: format!("modelwright {}", env!("CARGO_PKG_VERSION")),
        created_at_ms: contents.created_at_ms,
        model: model.clone(),
        inputs,
        lineage: contents.lineage.clone(),
        metrics: contents.metrics.clone(),
        files: all.iter().map(|(name, bytes)| ((*name).to_owned(), files::sha256(bytes))).collect(),
    };
    all.insert(files::MANIFEST, json(&manifest)?);
    Ok(all)
}

/// Bytes for people: "35 KiB", "86 MiB".
fn amount(bytes: u64) -> String {
    if bytes < 1 << 20 {
        format!("{} KiB", bytes.div_ceil(1 << 10))
    } else {
        format!("{} MiB", bytes.div_ceil(1 << 20))
    }
}

/// Laid out for people, unless that would make a large file several times as large.
fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, BundleError> {
    let unsupported = |e: serde_json::Error| BundleError::Unsupported(e.to_string());
    let mut bytes = serde_json::to_vec(value).map_err(unsupported)?;
    if bytes.len() < LARGE_JSON {
        bytes = serde_json::to_vec_pretty(value).map_err(unsupported)?;
    }
    bytes.push(b'\n');
    Ok(bytes)
}

/// Sorted names, no time stamps, one system: the same files give the same bytes on every machine.
fn pack(files: &BTreeMap<&'static str, Vec<u8>>, out: &Path, io: &dyn JobIo) -> Result<Vec<u8>, BundleError> {
    /// Packed between two looks at the cancel button.
    const PIECE: usize = 4 << 20;
    let failed = |e: zip::result::ZipError| BundleError::io("pack", out)(e.into());
    let all: usize = files.values().map(Vec::len).sum();
    let mut packed = 0;

    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644)
        .system(System::Unix);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, options).map_err(failed)?;
        for piece in bytes.chunks(PIECE) {
            io.progress("Packing the bundle", Some(packed as f64 / all.max(1) as f64))?;
            zip.write_all(piece).map_err(BundleError::io("pack", out))?;
            packed += piece.len();
        }
    }
    Ok(zip.finish().map_err(failed)?.into_inner())
}

/// In the same folder, so that the rename cannot cross file systems; readable as the user's other files are.
fn temp_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".modelwright-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666)); // less the umask
    }
    builder.tempfile_in(folder)
}

/// A rename is durable once its folder is.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fmt::Write as _;

    use super::*;
    use crate::bundle::samples::{Sample, contents, later_samples, samples};
    use crate::domain::io::{Cancelled, Silent};
    use crate::domain::raw::RawColumn;

    #[test]
    fn what_is_written_is_proved_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        for sample in samples(60).into_iter().chain(later_samples(60)) {
            let out = folder.path().join("model.zip");
            let written = write(&out, &contents(&sample), &Silent).unwrap();
            assert_eq!(written.sha256, files::sha256(&fs::read(&out).unwrap()));
            assert_eq!(written.files.len(), files::ALL.len());
            assert_eq!(written.golden_rows, 40);
            assert!(written.golden_max_abs_diff < 1e-9, "{}", sample.name);
        }
    }

    #[test]
    fn the_same_contents_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let sample = samples(60).remove(0);
        let (a, b) = (folder.path().join("a.zip"), folder.path().join("b.zip"));
        write(&a, &contents(&sample), &Silent).unwrap();
        write(&b, &contents(&sample), &Silent).unwrap();
        assert_eq!(fs::read(a).unwrap(), fs::read(b).unwrap());
    }

    #[test]
    fn a_bundle_that_does_not_reproduce_the_model_is_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("model.zip");
        fs::write(&out, "what was there before").unwrap();
        let sample = samples(60).remove(0);
        let mut wrong = contents(&sample);
        let Predictions::Classes { probabilities, .. } = &mut wrong.golden_expected else { panic!() };
        probabilities[4] += 1e-6;
        probabilities[5] -= 1e-6;
        let problem = write(&out, &wrong, &Silent).unwrap_err().to_string();
        assert!(problem.starts_with("golden row 3, `probability_no`: expected 0."), "{problem}");
        assert_eq!(fs::read_to_string(&out).unwrap(), "what was there before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    struct CancelAt(Cell<usize>);

    impl JobIo for CancelAt {
        fn progress(&self, _: &str, _: Option<f64>) -> Result<(), Cancelled> {
            self.0.set(self.0.get() - 1);
            if self.0.get() == 0 { Err(Cancelled) } else { Ok(()) }
        }
    }

    #[test]
    fn cancelling_leaves_nothing_behind() {
        let sample = samples(60).remove(0);
        for at in 1..=5 {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("model.zip");
            let result = write(&out, &contents(&sample), &CancelAt(Cell::new(at)));
            assert!(matches!(result, Err(BundleError::Cancelled(_))), "{at}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_model_that_breaks_its_own_rules_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut sample = samples(60).remove(0);
        sample.model.classes = vec!["yes".into(), "yes".into()];
        let problem = write(&folder.path().join("x.zip"), &contents(&sample), &Silent).unwrap_err().to_string();
        assert_eq!(problem, "this model cannot be exported: two of its classes have the same name");
    }

    /// Bundles, rows and our answers for `tests/bundle_check/check_bundle.py`, when a folder is named.
    #[test]
    fn samples_for_other_runtimes_when_asked_for() {
        let Some(folder) = std::env::var_os("MODELWRIGHT_BUNDLE_SAMPLES") else { return };
        let folder = Path::new(&folder);
        for sample in samples(5_000).into_iter().chain(later_samples(5_000)) {
            write(&folder.join(format!("{}.zip", sample.name)), &contents(&sample), &Silent).unwrap();
            let (input, scored) = csv(&sample);
            fs::write(folder.join(format!("{}.csv", sample.name)), input).unwrap();
            fs::write(folder.join(format!("{}.scored.csv", sample.name)), scored).unwrap();
        }
    }

    /// The rows, and the rows with the answers behind them.
    fn csv(sample: &Sample) -> (String, String) {
        let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let (mut input, mut scored) = (String::new(), String::new());
        let expected = sample.expected();
        let labels = sample.labels(&expected);
        let outputs = crate::bundle::onnx::output_names(&sample.model.classes);
        for row in 0..=sample.raw.n_rows {
            let cell = |(name, column): &(String, RawColumn)| match (row, column) {
                (0, _) => quote(name),
                (row, RawColumn::Texts(v)) if v[row - 1].is_empty() => String::new(),
                (row, RawColumn::Texts(v)) => quote(&v[row - 1]),
                (row, RawColumn::Numbers(v)) if v[row - 1].is_nan() => String::new(),
                (row, RawColumn::Numbers(v)) if *name == sample.inputs[1].name => format!("{}", v[row - 1]),
                (row, RawColumn::Numbers(v)) => format!("{:?}", v[row - 1]),
            };
            let line: Vec<String> = sample.raw.columns.iter().map(cell).collect();
            let answers: Vec<String> = match (row, &expected) {
                (0, _) => outputs.iter().map(|o| quote(o)).collect(),
                (row, Predictions::Values(v)) => vec![format!("{:?}", v[row - 1])],
                (row, Predictions::Classes { probabilities, n_classes }) => {
                    let label = quote(&sample.model.classes[labels[row - 1] as usize]);
                    let p = probabilities[(row - 1) * n_classes..row * n_classes].iter().map(|p| format!("{p:?}"));
                    std::iter::once(label).chain(p).collect()
                }
            };
            let _ = writeln!(input, "{}", line.join(","));
            let _ = writeln!(scored, "{},{}", line.join(","), answers.join(","));
        }
        (input, scored)
    }
}
