//! Object files: copied whole, hashed before use, never outside the folder.

use super::*;

#[test]
fn the_same_bytes_are_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let hash = ws.put_bytes(SOURCE).unwrap();
    let source = folder.path().join("tmp/source.csv");
    fs::write(&source, SOURCE).unwrap();
    let again = ws.snapshot_file(&source, &Silent).unwrap();
    assert_eq!((&again.hash, again.bytes, again.new), (&hash, SOURCE.len() as u64, false));
    let temp = ws.temp_path().unwrap();
    fs::write(&temp, SOURCE).unwrap();
    assert_eq!(ws.adopt(temp).unwrap(), hash);
    assert_eq!(ws.read_object(&hash).unwrap(), SOURCE);
    let list = vec![0.1 + 0.2, f64::MIN_POSITIVE];
    let json = ws.put_json(&list).unwrap();
    assert_eq!(ws.read_json::<Vec<f64>>(&json).unwrap(), list);
    // Larger than what is kept in memory: written as it is worded, with the same hash.
    let long: Vec<f64> = (0..400_000).map(|i| f64::from(i) * 0.1).collect();
    let json = ws.put_json(&long).unwrap();
    assert_eq!(json, ws.put_bytes(&serde_json::to_vec(&long).unwrap()).unwrap());
    assert_eq!(ws.put_json(&long).unwrap(), json);
    assert_eq!(ws.read_json::<Vec<f64>>(&json).unwrap(), long);
    fs::remove_file(source).unwrap();
    assert!(names(&folder.path().join("tmp")).is_empty());
}

#[test]
fn a_snapshot_leaves_its_source_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("big.csv");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    fs::write(&source, &bytes).unwrap();
    let modified = fs::metadata(&source).unwrap().modified().unwrap();
    let ws = open(&folder.path().join("ws"));
    let snapshot = ws.snapshot_file(&source, &Silent).unwrap();
    assert!(snapshot.new);
    assert_eq!(ws.read_object(&snapshot.hash).unwrap(), bytes);
    assert_eq!(fs::metadata(&source).unwrap().modified().unwrap(), modified);
}

/// Does something to the source while it is being copied.
struct Meddler<F: Fn()>(F);

impl<F: Fn()> JobIo for Meddler<F> {
    fn progress(&self, _phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        if fraction.is_some_and(|f| f > 0.0) {
            (self.0)();
        }
        Ok(())
    }
}

#[test]
fn a_source_that_changes_while_being_copied_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    let source = folder.path().join("live.csv");
    let replace = || {
        fs::write(folder.path().join("new.csv"), vec![b'y'; 2_500_000]).unwrap();
        fs::rename(folder.path().join("new.csv"), &source).unwrap();
    };
    let append = || {
        use std::io::Write;
        fs::File::options().append(true).open(&source).unwrap().write_all(b"more").unwrap();
    };
    let remove = || drop(fs::remove_file(&source));
    let meddling: [&dyn Fn(); 3] = [&replace, &append, &remove];
    for meddle in meddling {
        fs::write(&source, vec![b'x'; 2_500_000]).unwrap();
        let error = ws.snapshot_file(&source, &Meddler(meddle)).unwrap_err();
        assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    }
    assert!(names(&folder.path().join("ws/tmp")).is_empty());
    assert!(names(&folder.path().join("ws/objects")).is_empty());
}

struct Impatient;

impl JobIo for Impatient {
    fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
        Err(Cancelled)
    }
}

#[test]
fn a_cancelled_snapshot_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    let source = folder.path().join("a.csv");
    fs::write(&source, SOURCE).unwrap();
    assert!(matches!(ws.snapshot_file(&source, &Impatient), Err(StoreError::Cancelled(_))));
    assert!(names(&folder.path().join("ws/tmp")).is_empty());
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_folders_are_no_sources() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for source in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
        let error = ws.snapshot_file(source, &Silent).unwrap_err();
        assert!(matches!(error, StoreError::NotAFile { .. }), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_workspace_are_refused() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let root = folder.path().join("ws");

    // A folder of objects that is a link, in a workspace that is not open.
    drop(open(&root));
    fs::remove_dir(root.join("objects")).unwrap();
    symlink(&outside, root.join("objects")).unwrap();
    assert!(matches!(Workspace::open(&root), Err(StoreError::NotAWorkspace { .. })));
    fs::remove_file(root.join("objects")).unwrap();

    // One put there while it is open, at either level, and an object that is a link.
    let ws = open(&root);
    let hash = ws.put_bytes(SOURCE).unwrap();
    let shard = ws.object_path(&hash).parent().unwrap().to_owned();
    fs::rename(&shard, outside.join("shard")).unwrap();
    symlink(outside.join("shard"), &shard).unwrap();
    assert!(ws.read_object(&hash).is_err());
    assert!(ws.put_bytes(SOURCE).is_err());
    let report = ws.verify(&Silent).unwrap();
    assert!(!report.ok, "{report:?}");
    fs::remove_file(&shard).unwrap();
    fs::rename(outside.join("shard"), &shard).unwrap();
    fs::rename(ws.object_path(&hash), outside.join("object")).unwrap();
    symlink(outside.join("object"), ws.object_path(&hash)).unwrap();
    assert!(matches!(ws.verified_object(&hash), Err(StoreError::Damaged { .. })));
    fs::rename(root.join("objects"), outside.join("objects")).unwrap();
    symlink(outside.join("objects"), root.join("objects")).unwrap();
    assert!(ws.put_bytes(b"new").is_err());
}

#[test]
fn a_damaged_object_is_never_used_and_the_right_bytes_heal_it() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let hash = ws.put_bytes(SOURCE).unwrap();
    let path = ws.verified_object(&hash).unwrap();
    let mut bytes = SOURCE.to_vec();
    bytes[3] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(ws.verified_object(&hash), Err(StoreError::Damaged { .. })));
    assert!(matches!(ws.read_object(&hash), Err(StoreError::Damaged { .. })));
    ws.put_bytes(SOURCE).unwrap();
    assert_eq!(ws.read_object(&hash).unwrap(), SOURCE);
}
