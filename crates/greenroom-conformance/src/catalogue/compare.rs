//! Whether the catalogue and the scenarios say the same.

use greenroom_model::nearest;

use super::{Catalogue, Library, Mutant, Requirement, id_of, means};
use crate::{
    judge::EVERYWHERE,
    scenario::{Level, Scenario},
};

/// Everything in which a catalogue and a library of scenarios do not agree, in sentences.
pub fn compare(catalogue: &Catalogue, library: &Library) -> Vec<String> {
    let mut wrong = Vec::new();
    files(catalogue, library, &mut wrong);
    for requirement in catalogue.requirements() {
        let id = &requirement.id;
        if requirement.later.is_none() && library.get(id).is_none() {
            wrong.push(format!("{id} has no scenario: write one, or say later"));
        }
        if requirement.later.is_none()
            && requirement.level == Level::Must
            && !has_mutant(catalogue, requirement)
        {
            wrong
                .push(format!("{id} has no mutant: name it in killed_by of one, or say why under no_mutant"));
        }
    }
    for mutant in &catalogue.mutants {
        killers(catalogue, library, mutant, &mut wrong);
    }
    let ids = catalogue.no_mutant.iter().map(|it| &it.id).chain(&catalogue.owed);
    for id in ids {
        known(catalogue, "mutants.yaml", id.as_str(), &mut wrong);
        if catalogue
            .mutants
            .iter()
            .any(|mutant| mutant.killed_by.iter().any(|name| id_of(name) == id.as_str()))
        {
            wrong.push(format!("{id} has a mutant: take it out of no_mutant and owed"));
        }
    }
    for unkilled in &catalogue.unkilled {
        leads_somewhere(library, "unkilled", &unkilled.check, &mut wrong);
    }
    wrong
}

/// Every file has its row, and both say the same.
fn files(catalogue: &Catalogue, library: &Library, wrong: &mut Vec<String>) {
    for entry in library.iter() {
        let (path, Some(scenario)) = (&entry.path, entry.first()) else { continue };
        let id = &scenario.id;
        if library.get(id) != Some(entry) {
            wrong.push(format!("{path}: another file is {id}, too"));
        }
        let Some(requirement) = catalogue.requirement(id) else {
            known(catalogue, path, id.as_str(), wrong);
            continue;
        };
        if requirement.later.is_some() {
            wrong.push(format!("{path}: {id} has a scenario now: take later out of its row"));
        }
        let Requirement { requirement: title, level, basis, sources, clock, .. } = requirement;
        let Scenario { title: own_title, level: own_level, basis: own_basis, .. } = scenario;
        let differ = [
            ("title", own_title != title),
            ("level", own_level != level),
            ("basis", own_basis != basis),
            ("list of sources", scenario.sources != *sources),
            ("clock", scenario.clock != *clock),
        ];
        for (what, _) in differ.into_iter().filter(|(_, differ)| *differ) {
            wrong.push(format!("{path}: {what} is another one than in the row {id}"));
        }
        let family = catalogue.families.iter().find(|family| family.id == id.family());
        if let Some(family) = family.filter(|family| path.split('/').next() != Some(&family.folder)) {
            wrong.push(format!("{path}: scenarios of {} stand in {}", family.id, family.folder));
        }
    }
}

fn has_mutant(catalogue: &Catalogue, requirement: &Requirement) -> bool {
    let id = requirement.id.as_str();
    let killed =
        |mutant: &&Mutant| mutant.later.is_none() && mutant.killed_by.iter().any(|name| id_of(name) == id);
    catalogue.mutants.iter().any(|mutant| killed(&mutant))
        || catalogue.no_mutant.iter().any(|it| it.id == requirement.id)
}

/// What finds a mutant exists, or it waits for what does not.
fn killers(catalogue: &Catalogue, library: &Library, mutant: &Mutant, wrong: &mut Vec<String>) {
    let Mutant { id, killed_by, also, later, .. } = mutant;
    for name in killed_by {
        known(catalogue, id, id_of(name), wrong);
    }
    let there = |name: &&String| exists(library, name);
    match later {
        Some(_) if killed_by.iter().all(|name| there(&name)) => {
            wrong.push(format!("{id}: what finds it is there now: take later out"));
        }
        Some(_) => {}
        None => {
            for name in killed_by.iter().chain(also.iter().map(|also| &also.red)) {
                leads_somewhere(library, id, name, wrong);
            }
        }
    }
}

fn leads_somewhere(library: &Library, whose: &str, name: &str, wrong: &mut Vec<String>) {
    if !exists(library, name) {
        wrong.push(format!("{whose}: {name} means no check of any scenario"));
    }
}

fn exists(library: &Library, name: &str) -> bool {
    library.checks().any(|(scenario, check)| {
        means(name, &scenario, check) || EVERYWHERE.iter().any(|check| means(name, &scenario, check))
    })
}

fn known(catalogue: &Catalogue, whose: &str, id: &str, wrong: &mut Vec<String>) {
    let ids: Vec<_> = catalogue.requirements().map(|requirement| requirement.id.as_str()).collect();
    if !ids.contains(&id) {
        let hint = nearest::hint(&nearest::of(id, &ids));
        wrong.push(format!("{whose}: the catalogue has no row {id}{hint}"));
    }
}
