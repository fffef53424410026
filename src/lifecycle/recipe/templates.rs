//! Recipes kept under a name, in the settings of the workspace.

use std::collections::BTreeMap;

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::recipe::RecipeSpec;
use crate::lifecycle::StageError;
use crate::store::{Workspace, activity, settings};

const SETTING: &str = "recipe templates";

pub fn all(workspace: &Workspace) -> Result<BTreeMap<String, RecipeSpec>, StageError> {
    Ok(workspace.read(|conn| settings::get(conn, SETTING))?.unwrap_or_default())
}

/// Keeps a recipe under a name, in the place of one that had it; `None` forgets the name.
pub fn keep(workspace: &Workspace, name: &str, recipe: Option<&RecipeSpec>) -> Result<EditOutcome, StageError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(StageError::usage("a template needs a name of 1 to 100 letters", "Type a short name"));
    }
    let (said, before) = workspace.write(|tx| {
        let mut known: BTreeMap<String, RecipeSpec> = settings::get(tx, SETTING)?.unwrap_or_default();
        let before = match recipe {
            Some(recipe) => known.insert(name.to_owned(), recipe.clone()),
            None => known.remove(name),
        };
        settings::set(tx, SETTING, &known)?;
        let said = match recipe {
            Some(_) => format!("Kept the recipe as “{name}”"),
            None => format!("Forgot the recipe “{name}”"),
        };
        let event = NewEvent {
            action: "kept".to_owned(),
            object_kind: ObjectKind::Workspace,
            object: "recipe templates".to_owned(),
            summary: said.clone(),
        };
        activity::append(tx, &event)?;
        Ok((said, before))
    })?;
    let undo = Edit::KeepRecipe { name: name.to_owned(), recipe: before.map(Box::new) };
    Ok(EditOutcome { said, undo: Some(undo), made: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::edit::edit;

    #[test]
    fn a_template_is_kept_replaced_forgotten_and_brought_back() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path()).unwrap();
        let recipe = RecipeSpec { max_categories: 7, ..RecipeSpec::default() };
        keep(&workspace, " few ", Some(&recipe)).unwrap();
        assert_eq!(all(&workspace).unwrap(), BTreeMap::from([("few".to_owned(), recipe.clone())]));
        let outcome = keep(&workspace, "few", None).unwrap();
        assert!(all(&workspace).unwrap().is_empty());
        edit(&workspace, &outcome.undo.unwrap()).unwrap();
        assert_eq!(all(&workspace).unwrap()["few"], recipe);
        assert!(keep(&workspace, "  ", Some(&recipe)).unwrap_err().to_string().contains("needs a name"));
    }
}
