//! The texts of the catalogue to values, with every mistake at its place.

use std::fmt::Display;

use greenroom_model::yaml::Mistakes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Catalogue, FORMAT, Family, Mutant, NoMutant, Requirement, Unkilled};
use crate::{
    load::{part, place::Places, strictly},
    scenario::Id,
};

pub(super) const REQUIREMENTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/catalogue.yaml"));
pub(super) const MUTANTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/mutants.yaml"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequirementsFile {
    format: u32,
    #[serde(default)]
    retired: Vec<Id>,
    families: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyItem {
    id: String,
    name: String,
    folder: String,
    requirements: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MutantsFile {
    format: u32,
    mutants: Vec<Value>,
    #[serde(default)]
    no_mutant: Vec<NoMutant>,
    #[serde(default)]
    unkilled: Vec<Unkilled>,
    #[serde(default)]
    owed: Vec<Id>,
}

/// Reads both files of the catalogue: the requirements, and the mutants.
pub(super) fn read(requirements: &str, mutants: &str) -> Result<Catalogue, Mistakes> {
    let Catalogue { families, retired, .. } = strictly(
        requirements,
        ["the catalogue is a map of keys", "begin with format: 1 and families"],
        requirements_of,
    )?;
    let mutants =
        strictly(mutants, ["the mutants are a map of keys", "begin with format: 1 and mutants"], mutants_of)?;
    Ok(Catalogue { families, retired, ..mutants })
}

fn requirements_of(places: &mut Places<'_>, file: &Value) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let Some(file) = part::<RequirementsFile>(places, "", file) else { return catalogue };
    format(places, file.format);
    catalogue.retired = file.retired;
    for (path, family) in items::<FamilyItem>(places, "families", &file.families) {
        let mut requirements: Vec<Requirement> = Vec::new();
        let list = format!("{path}.requirements");
        for (path, requirement) in items::<Requirement>(places, &list, &family.requirements) {
            let path = format!("{path}.id");
            let earlier = catalogue.requirements().chain(&requirements).map(|other| &other.id);
            once(places, &path, &requirement.id, earlier);
            if requirement.id.family() != family.id {
                let mend = format!("begin it with {}, or put it there", family.id);
                places.wrong(&path, "this id is of another family", mend);
            }
            if catalogue.retired.contains(&requirement.id) {
                places.wrong(&path, "this id was given up", "take one that was never given");
            }
            requirements.push(requirement);
        }
        once(places, &format!("{path}.id"), &family.id, catalogue.families.iter().map(|other| &other.id));
        let folders = catalogue.families.iter().map(|other| &other.folder);
        once(places, &format!("{path}.folder"), &family.folder, folders);
        let FamilyItem { id, name, folder, .. } = family;
        catalogue.families.push(Family { id, name, folder, requirements });
    }
    catalogue
}

fn mutants_of(places: &mut Places<'_>, file: &Value) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let Some(file) = part::<MutantsFile>(places, "", file) else { return catalogue };
    format(places, file.format);
    for (path, mutant) in items::<Mutant>(places, "mutants", &file.mutants) {
        let number = mutant.id.strip_prefix('M').unwrap_or_default();
        if !(2..=3).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            places.wrong(&format!("{path}.id"), "is no name of a mutant", "write one like M01");
        }
        once(places, &format!("{path}.id"), &mutant.id, catalogue.mutants.iter().map(|other| &other.id));
        if mutant.killed_by.is_empty() {
            places.wrong(&format!("{path}.killed_by"), "nothing finds it", "name a check");
        }
        catalogue.mutants.push(mutant);
    }
    (catalogue.no_mutant, catalogue.unkilled, catalogue.owed) = (file.no_mutant, file.unkilled, file.owed);
    catalogue
}

fn format(places: &mut Places<'_>, format: u32) {
    if format != FORMAT {
        let message = format!("the file is of format {format}, and this Greenroom reads format {FORMAT}");
        places.wrong("format", message, "use the Greenroom that it was written for");
    }
}

/// Those items of a list that can be read, each with its path.
fn items<T: DeserializeOwned>(places: &mut Places<'_>, list: &str, items: &[Value]) -> Vec<(String, T)> {
    let mut read = Vec::new();
    for (nth, item) in items.iter().enumerate() {
        let path = format!("{list}[{nth}]");
        if let Some(item) = part(places, &path, item) {
            read.push((path, item));
        }
    }
    read
}

fn once<'o, T: PartialEq + Display + 'o>(
    places: &mut Places<'_>,
    path: &str,
    name: &T,
    mut earlier: impl Iterator<Item = &'o T>,
) {
    if earlier.any(|other| other == name) {
        places.wrong(path, format!("{name} was already given"), "keep one of the two");
    }
}
