-- The first shape of a workspace's history. Shipped: never edit, add 0002_….sql instead.
--
-- Every record table has `digest`: SHA-256 over the row's other columns that are not NULL (records.rs), so a later
-- migration may add a nullable column without touching old digests. Ids are AUTOINCREMENT and rows are hidden, never
-- deleted: a missing number is damage. Times are UTC milliseconds since 1970.

CREATE TABLE datasets (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 255),
    created_at_ms INTEGER NOT NULL,
    hidden_at_ms  INTEGER,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE dataset_versions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id    INTEGER NOT NULL REFERENCES datasets (id) ON DELETE RESTRICT,
    version       INTEGER NOT NULL CHECK (version >= 1),
    rows          INTEGER NOT NULL CHECK (rows >= 0),
    columns       INTEGER NOT NULL CHECK (columns >= 0),
    source_hash   TEXT    NOT NULL CHECK (length(source_hash) = 64),
    table_hash    TEXT    NOT NULL CHECK (length(table_hash) = 64),
    source_name   TEXT    NOT NULL,
    source_bytes  INTEGER NOT NULL CHECK (source_bytes >= 0),
    schema        TEXT    NOT NULL,
    read_options  TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT '',
    UNIQUE (dataset_id, version)
) STRICT;

-- datasets::by_source and any_by_source: do these bytes already have a version?
CREATE INDEX dataset_versions_by_source ON dataset_versions (source_hash, dataset_id);

-- Apart from the version: lists of versions stay light.
CREATE TABLE profiles (
    version_id    INTEGER PRIMARY KEY REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    profile       TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE check_runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id    INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    against_id    INTEGER REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    target        TEXT,
    passed        INTEGER NOT NULL CHECK (passed IN (0, 1)),
    report        TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- The checks of one version, and foreign keys looked up from the version's side.
CREATE INDEX check_runs_by_version ON check_runs (version_id);

CREATE TABLE runs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id      INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    status          TEXT    NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'cancelled', 'interrupted')),
    algorithm       TEXT    NOT NULL,
    task            TEXT    NOT NULL,
    target          TEXT    NOT NULL,
    split_hash      TEXT    NOT NULL CHECK (length(split_hash) = 64),
    plan            TEXT    NOT NULL,
    -- Names the lock file whose owner works on the run; when nobody holds it any more, the run was interrupted.
    holder          TEXT    NOT NULL,
    problem         TEXT,
    warnings        TEXT    NOT NULL DEFAULT '[]',
    timings         TEXT,
    evaluation_hash TEXT             CHECK (length(evaluation_hash) = 64),
    train_rows      INTEGER NOT NULL DEFAULT 0 CHECK (train_rows >= 0),
    test_rows       INTEGER NOT NULL DEFAULT 0 CHECK (test_rows >= 0),
    -- Over the run's rows in run_metrics and metric_points; thereby part of this row's digest.
    metrics_digest  TEXT    NOT NULL DEFAULT '',
    started_at_ms   INTEGER NOT NULL,
    ended_at_ms     INTEGER,
    hidden_at_ms    INTEGER,
    digest          TEXT    NOT NULL DEFAULT '',
    CHECK ((status = 'running') = (ended_at_ms IS NULL))
) STRICT;

-- sweep_interrupted: the few runs that claim to be running.
CREATE INDEX runs_running ON runs (id) WHERE status = 'running';

-- The runs of one version.
CREATE INDEX runs_by_version ON runs (version_id);

-- One number per part and metric: what tables and rankings show.
CREATE TABLE run_metrics (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE RESTRICT,
    part   TEXT    NOT NULL CHECK (part IN ('train', 'test', 'cv', 'cv_std')),
    metric TEXT    NOT NULL,
    value  REAL    NOT NULL,
    PRIMARY KEY (run_id, part, metric)
) STRICT, WITHOUT ROWID;

-- Numbers by step (fold, iteration): what curves show.
CREATE TABLE metric_points (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE RESTRICT,
    part   TEXT    NOT NULL,
    metric TEXT    NOT NULL,
    step   INTEGER NOT NULL CHECK (step >= 0),
    value  REAL    NOT NULL,
    PRIMARY KEY (run_id, part, metric, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id        INTEGER NOT NULL UNIQUE REFERENCES runs (id) ON DELETE RESTRICT,
    model_hash    TEXT    NOT NULL CHECK (length(model_hash) = 64),
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE bundles (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id              INTEGER NOT NULL REFERENCES runs (id) ON DELETE RESTRICT,
    file_name           TEXT    NOT NULL,
    sha256              TEXT    NOT NULL CHECK (length(sha256) = 64),
    bytes               INTEGER NOT NULL CHECK (bytes >= 0),
    files               TEXT    NOT NULL,
    golden_max_abs_diff REAL    NOT NULL,
    golden_rows         INTEGER NOT NULL CHECK (golden_rows >= 0),
    card_markdown       TEXT    NOT NULL,
    created_at_ms       INTEGER NOT NULL,
    digest              TEXT    NOT NULL DEFAULT ''
) STRICT;

-- The bundles of one run.
CREATE INDEX bundles_by_run ON bundles (run_id);

CREATE TABLE drift_reports (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    reference_id  INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    current_id    INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    dataset_drift INTEGER NOT NULL CHECK (dataset_drift IN (0, 1)),
    drifted_share REAL    NOT NULL,
    report        TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Drift against one reference over time.
CREATE INDEX drift_reports_by_reference ON drift_reports (reference_id, created_at_ms);

-- Append-only; each digest covers the one before it, so a removed or reordered entry shows.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    who         TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    object_kind TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    summary     TEXT    NOT NULL,
    digest      TEXT    NOT NULL CHECK (length(digest) = 64)
) STRICT;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the activity log is append-only');
END;

CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the activity log is append-only');
END;

-- INSERT OR REPLACE removes rows without telling the trigger above.
CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the activity log is append-only');
END;

CREATE TABLE settings (
    id            INTEGER PRIMARY KEY,
    key           TEXT    NOT NULL UNIQUE,
    value         TEXT    NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;
