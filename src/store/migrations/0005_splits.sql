-- What the checks say of a split, kept with it.

-- Append-only.
CREATE TABLE split_checks (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id    INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    rows_hash     TEXT    NOT NULL CHECK (length(rows_hash) = 64),
    -- JSON: everything else the report depends on.
    judged        TEXT    NOT NULL,
    passed        INTEGER NOT NULL CHECK (passed IN (0, 1)),
    report        TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- split_checks::known: the same rows again; also the splits of one version.
CREATE INDEX split_checks_by_rows ON split_checks (version_id, rows_hash);
