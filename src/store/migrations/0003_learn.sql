-- Runs that were trained together, what a run measured beside its metrics, and its predictions on held-out rows.
-- New columns may be NULL: digests of older rows do not cover them.

CREATE TABLE run_groups (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT    NOT NULL CHECK (kind IN ('train', 'tune')),
    -- What was asked for, as JSON: enough to go on where it stopped.
    request       TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- NULL until everything that was asked for was done or the budget was spent.
    ended_at_ms   INTEGER,
    digest        TEXT    NOT NULL DEFAULT ''
) STRICT;

-- groups::open: the few that can be resumed.
CREATE INDEX run_groups_open ON run_groups (id) WHERE ended_at_ms IS NULL;

ALTER TABLE runs ADD COLUMN group_id INTEGER REFERENCES run_groups (id) ON DELETE RESTRICT;
-- JSON: metrics of the dummy model, confidence intervals.
ALTER TABLE runs ADD COLUMN more_metrics TEXT;
ALTER TABLE runs ADD COLUMN held_out_hash TEXT CHECK (length(held_out_hash) = 64);

-- The runs of one group.
CREATE INDEX runs_by_group ON runs (group_id) WHERE group_id IS NOT NULL;

ALTER TABLE models ADD COLUMN model_bytes INTEGER;
