//! Gates of the project, and what was let through in spite of them. Gates are hidden, never deleted; overrides are
//! only added.

use rusqlite::{Connection, Row, params};

use super::records::{self, GATES, OVERRIDES};
use super::sql::{self, Fields};
use super::{StoreError, Tx, activity, files};
use crate::domain::gate::{Act, Gate, Need, Override, RedGate};
use crate::domain::ids::{DatasetId, GateId, OverrideId, RunId, VersionId};

macro_rules! select_gate {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.act, g.needs, g.dataset_id, d.name AS dataset, g.who, g.created_at_ms ",
            "FROM gates g LEFT JOIN datasets d ON d.id = g.dataset_id ",
            $rest
        )
    };
}

/// Sets a gate. Fails with `Invalid` when there is one like it.
pub fn add(tx: &Tx, act: Act, needs: &Need, dataset: Option<DatasetId>) -> Result<Gate, StoreError> {
    if let Some(same) = all(tx)?.into_iter().find(|g| g.act == act && g.needs == *needs && g.dataset_id == dataset) {
        let problem = format!("it is there already: {}", same.title());
        return Err(StoreError::Invalid { what: "a new gate".to_owned(), problem });
    }
    let sql = "INSERT INTO gates (act, needs, dataset_id, who, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (who, now) = (activity::account(), files::now_ms());
    tx.prepare_cached(sql)?.execute(params![act.as_str(), needs.to_string(), dataset, who, now])?;
    let id = GateId(tx.last_insert_rowid());
    records::seal(tx, &GATES, id.0)?;
    get(tx, id)
}

/// Takes a gate away, or puts it back.
pub fn hide(tx: &Tx, id: GateId, hidden: bool) -> Result<Gate, StoreError> {
    let gate = get(tx, id)?;
    records::check(tx, &GATES, id.0)?;
    let at = hidden.then(files::now_ms);
    tx.prepare_cached("UPDATE gates SET hidden_at_ms = ?2 WHERE id = ?1")?.execute(params![id, at])?;
    records::seal(tx, &GATES, id.0)?;
    Ok(gate)
}

/// One gate by its id, taken away or not.
pub fn get(conn: &Connection, id: GateId) -> Result<Gate, StoreError> {
    sql::query_opt(conn, select_gate!("WHERE g.id = ?1"), [id], gate_from_row)?
        .ok_or_else(|| sql::not_found(GATES.noun, id))
}

/// Those that stand, oldest first.
pub fn all(conn: &Connection) -> Result<Vec<Gate>, StoreError> {
    sql::query_all(conn, select_gate!("WHERE g.hidden_at_ms IS NULL ORDER BY g.id"), [], gate_from_row)
}

/// Something that is about to be let through.
#[derive(Clone, Debug)]
pub struct NewOverride {
    pub act: Act,
    /// `churn@2`, `run 3`, a file name.
    pub subject: String,
    pub version: Option<VersionId>,
    pub run: Option<RunId>,
    pub red: Vec<RedGate>,
    pub reason: String,
}

/// Notes an override down, signed with the account the program runs under.
pub fn override_gates(tx: &Tx, new: &NewOverride) -> Result<OverrideId, StoreError> {
    let sql = "INSERT INTO gate_overrides (act, subject, version_id, run_id, red, reason, who, created_at_ms) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.prepare_cached(sql)?.execute(params![
        new.act.as_str(),
        new.subject,
        new.version,
        new.run,
        sql::to_json("the red gates", &new.red)?,
        new.reason,
        activity::account(),
        files::now_ms(),
    ])?;
    let id = OverrideId(tx.last_insert_rowid());
    records::seal(tx, &OVERRIDES, id.0)?;
    Ok(id)
}

/// Newest first.
pub fn overrides(conn: &Connection) -> Result<Vec<Override>, StoreError> {
    let sql = "SELECT id, act, subject, version_id, run_id, red, reason, who, created_at_ms FROM gate_overrides \
               ORDER BY id DESC";
    sql::query_all(conn, sql, [], override_from_row)
}

fn gate_from_row(row: &Row<'_>) -> Result<Gate, StoreError> {
    let fields = Fields::of(row, GATES.noun)?;
    Ok(Gate {
        id: fields.get("id")?,
        act: fields.word("act", Act::parse)?,
        needs: fields.word("needs", Need::parse)?,
        dataset_id: fields.get("dataset_id")?,
        dataset: fields.get("dataset")?,
        who: fields.get("who")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}

fn override_from_row(row: &Row<'_>) -> Result<Override, StoreError> {
    let fields = Fields::of(row, OVERRIDES.noun)?;
    Ok(Override {
        id: fields.get("id")?,
        act: fields.word("act", Act::parse)?,
        subject: fields.get("subject")?,
        version: fields.get("version_id")?,
        run: fields.get("run_id")?,
        red: fields.json("red")?,
        reason: fields.get("reason")?,
        who: fields.get("who")?,
        created_at_ms: fields.get("created_at_ms")?,
    })
}
