-- Versions that know where they come from, branches and tags, the catalogue, remembered readings, watched sources.
-- New columns may be NULL: digests of older rows do not cover them.

ALTER TABLE datasets ADD COLUMN owner TEXT;
ALTER TABLE datasets ADD COLUMN description TEXT;
-- JSON list of texts.
ALTER TABLE datasets ADD COLUMN tags TEXT;
ALTER TABLE datasets ADD COLUMN sensitivity TEXT;

ALTER TABLE dataset_versions ADD COLUMN parent_id INTEGER REFERENCES dataset_versions (id) ON DELETE RESTRICT;
-- How it came to be: import, refresh, revert, labels, kind.
ALTER TABLE dataset_versions ADD COLUMN origin TEXT;
ALTER TABLE dataset_versions ADD COLUMN note TEXT;
ALTER TABLE dataset_versions ADD COLUMN author TEXT;
ALTER TABLE dataset_versions ADD COLUMN source_path TEXT;
-- JSON list of the files of a folder or pattern: name, hash, bytes. Then source_hash names this list as an object.
ALTER TABLE dataset_versions ADD COLUMN source_files TEXT;
-- Rows set aside while reading, and the table that holds them.
ALTER TABLE dataset_versions ADD COLUMN rejected INTEGER;
ALTER TABLE dataset_versions ADD COLUMN rejects_hash TEXT;
-- JSON list of what the import told.
ALTER TABLE dataset_versions ADD COLUMN warnings TEXT;

CREATE TABLE branches (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id    INTEGER NOT NULL REFERENCES datasets (id) ON DELETE RESTRICT,
    name          TEXT    NOT NULL,
    head_id       INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    created_at_ms INTEGER NOT NULL,
    hidden_at_ms  INTEGER,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- branches::by_name; a removed branch leaves its name free.
CREATE UNIQUE INDEX branches_by_name ON branches (dataset_id, name) WHERE hidden_at_ms IS NULL;

CREATE TABLE version_tags (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id    INTEGER NOT NULL REFERENCES datasets (id) ON DELETE RESTRICT,
    name          TEXT    NOT NULL,
    version_id    INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    created_at_ms INTEGER NOT NULL,
    hidden_at_ms  INTEGER,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- tags::by_name; a removed tag leaves its name free.
CREATE UNIQUE INDEX version_tags_by_name ON version_tags (dataset_id, name) WHERE hidden_at_ms IS NULL;

-- The tags of one version.
CREATE INDEX version_tags_by_version ON version_tags (version_id);

-- What a user changed about the reading of a source, for the next time it is imported.
CREATE TABLE remembered_reads (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    source        TEXT    NOT NULL UNIQUE,
    draft         TEXT    NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE watches (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT    NOT NULL CHECK (kind IN ('source', 'folder')),
    path          TEXT    NOT NULL,
    dataset       TEXT    NOT NULL,
    -- offer: tell and wait; import: make a version; append: make a version of all files of the folder.
    policy        TEXT    NOT NULL CHECK (policy IN ('offer', 'import', 'append')),
    created_at_ms INTEGER NOT NULL,
    hidden_at_ms  INTEGER,
    digest        TEXT    NOT NULL DEFAULT '',
    UNIQUE (kind, path, dataset)
) STRICT;

-- What was seen in a watched place; a row per file and content, so that each is taken exactly once.
CREATE TABLE watched_files (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    watch_id      INTEGER NOT NULL REFERENCES watches (id) ON DELETE RESTRICT,
    path          TEXT    NOT NULL,
    content_hash  TEXT    NOT NULL,
    bytes         INTEGER NOT NULL,
    modified_ms   INTEGER NOT NULL,
    version_id    INTEGER REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    problem       TEXT,
    seen_at_ms    INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT '',
    UNIQUE (watch_id, path, content_hash)
) STRICT;

-- What was deleted: whose objects were moved to bin/, and what became of them. Rows of what was deleted stay.
CREATE TABLE bin (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT    NOT NULL CHECK (kind IN ('version', 'run', 'bundle', 'unreferenced')),
    subject_id    INTEGER NOT NULL,
    label         TEXT    NOT NULL,
    -- JSON list: hash and bytes of each object that only this needed.
    objects       TEXT    NOT NULL,
    -- moving: on their way to the bin; purging: on their way out. The next sweep finishes what was begun.
    state         TEXT    NOT NULL CHECK (state IN ('moving', 'binned', 'restoring', 'restored', 'purging', 'purged')),
    who           TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Is this version, run or bundle deleted?
CREATE INDEX bin_by_subject ON bin (kind, subject_id) WHERE state <> 'restored';

CREATE TABLE label_sessions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id    INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    label_column  TEXT    NOT NULL,
    who           TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- The version that came of it.
    result_id     INTEGER REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    ended_at_ms   INTEGER,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Written as each key is pressed, never changed: of several for one row the last counts. A label of NULL takes the
-- row's draft back.
CREATE TABLE label_drafts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id    INTEGER NOT NULL REFERENCES label_sessions (id) ON DELETE RESTRICT,
    row_number    INTEGER NOT NULL CHECK (row_number >= 1),
    label         TEXT,
    note          TEXT    NOT NULL,
    who           TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- The drafts of one session.
CREATE INDEX label_drafts_by_session ON label_drafts (session_id);
