-- Suites with every state they were saved in, gates and what was let through in spite of them, sign-offs.
-- New columns may be NULL: digests of older rows do not cover them.

-- Append-only: the newest state of a dataset's suite counts, the others are its history.
CREATE TABLE suites (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id    INTEGER NOT NULL REFERENCES datasets (id) ON DELETE RESTRICT,
    number        INTEGER NOT NULL CHECK (number >= 1),
    suite         TEXT    NOT NULL,
    note          TEXT    NOT NULL,
    who           TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT '',
    -- Also finds the newest state of one dataset.
    UNIQUE (dataset_id, number)
) STRICT;

ALTER TABLE check_runs ADD COLUMN suite_id INTEGER REFERENCES suites (id) ON DELETE RESTRICT;
-- train or score; NULL is train.
ALTER TABLE check_runs ADD COLUMN environment TEXT CHECK (environment IN ('train', 'score'));

CREATE TABLE gates (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    act           TEXT    NOT NULL CHECK (act IN ('train', 'register', 'score', 'publish', 'commit')),
    needs         TEXT    NOT NULL,
    -- Every dataset when NULL.
    dataset_id    INTEGER REFERENCES datasets (id) ON DELETE RESTRICT,
    who           TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    hidden_at_ms  INTEGER,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Append-only.
CREATE TABLE gate_overrides (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    act           TEXT    NOT NULL CHECK (act IN ('train', 'register', 'score', 'publish', 'commit')),
    subject       TEXT    NOT NULL,
    version_id    INTEGER REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    run_id        INTEGER REFERENCES runs (id) ON DELETE RESTRICT,
    -- JSON list of the gates that were red, each with the reason.
    red           TEXT    NOT NULL,
    reason        TEXT    NOT NULL CHECK (length(reason) >= 1),
    who           TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Append-only: the newest of a version counts.
CREATE TABLE sign_offs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id    INTEGER NOT NULL REFERENCES dataset_versions (id) ON DELETE RESTRICT,
    answers       TEXT    NOT NULL,
    who           TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- The sign-offs of one version.
CREATE INDEX sign_offs_by_version ON sign_offs (version_id);
