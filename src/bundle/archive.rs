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
use super::onnx::export;
use super::read::open;
use crate::domain::bundle::{BundleFile, Lineage, Manifest};
use crate::domain::ids::ContentHash;
use crate::domain::io::JobIo;
use crate::domain::metric::MetricSet;
use crate::domain::model::TrainedModel;
use crate::domain::raw::RawColumns;
use crate::domain::schema::ColumnSchema;
use crate::domain::task::Predictions;

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
    io.progress("Writing the ONNX graph", Some(0.0))?;
    let files = bundle_files(contents)?;
    io.progress("Packing the bundle", Some(0.3))?;
    let zip = pack(&files).map_err(|e| BundleError::io("pack", out)(e.into()))?;

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
fn bundle_files(contents: &BundleContents<'_>) -> Result<BTreeMap<&'static str, Vec<u8>>, BundleError> {
    let model = contents.model;
    let takes = |schema: &&ColumnSchema| model.recipe.columns.iter().any(|c| c.name == schema.name);
    let inputs: Vec<ColumnSchema> = contents.inputs.iter().filter(takes).cloned().collect();
    let onnx = export(model)?;
    let golden = GoldenRows::new(model, &contents.golden_inputs, &contents.golden_expected)?;
    let example = mlmodel::input_example(model, &inputs, &golden);
    let mlmodel = mlmodel::mlmodel(model, &inputs, &files::sha256(&onnx), contents.created_at_ms);
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

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, BundleError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| BundleError::Unsupported(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Sorted names, no time stamps, one system: the same files give the same bytes on every machine.
fn pack(files: &BTreeMap<&'static str, Vec<u8>>) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644)
        .system(System::Unix);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
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
