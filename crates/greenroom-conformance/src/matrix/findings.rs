//! What a matrix shows to be wrong with the scenarios, the mutants, or what is said about them.

use super::{Check, Matrix, Row};
use crate::catalogue::{Catalogue, Library, Mutant, means};

/// Everything in which a matrix, the catalogue and the scenarios do not agree, in sentences with the mend.
pub fn findings(matrix: &Matrix, catalogue: &Catalogue, library: &Library) -> Vec<String> {
    let mut wrong = Vec::new();
    for (scenario, verdict) in &matrix.clean {
        wrong.push(format!(
            "{scenario} is {verdict} with the client that makes no mistake: mend the scenario or the client"
        ));
    }
    for mutant in &catalogue.mutants {
        match matrix.rows.get(&mutant.id) {
            Some(row) => of_mutant(mutant, row, &mut wrong),
            None if mutant.later.is_none() => {
                wrong.push(format!("{}: no client makes this mistake: write one, or say later", mutant.id));
            }
            None => {}
        }
    }
    for name in matrix.rows.keys().filter(|name| catalogue.mutant(name).is_none()) {
        wrong.push(format!("{name} stands in no row: write one that says what finds it"));
    }
    of_checks(matrix, catalogue, library, &mut wrong);
    wrong
}

fn of_mutant(mutant: &Mutant, row: &Row, wrong: &mut Vec<String>) {
    let Mutant { id, killed_by, also, later, .. } = mutant;
    let finds = |name: &str| row.red.keys().any(|check| is(name, check));
    if later.is_none() {
        for name in killed_by.iter().filter(|name| !finds(name)) {
            wrong.push(format!(
                "{id} survives {name}: tighten the scenario, or mend the mutant so that it makes its mistake there"
            ));
        }
    }
    for also in also.iter().filter(|also| !finds(&also.red)) {
        wrong.push(format!("{id}: nothing is red that {} means: take it out of also", also.red));
    }
    let said =
        |check: &Check| killed_by.iter().chain(also.iter().map(|also| &also.red)).any(|name| is(name, check));
    for (check, verdict) in row.red.iter().filter(|(check, _)| !said(check)) {
        wrong.push(format!(
            "{check} is {verdict} with {id}, and nothing says so: mend the scenario, or name it under also with the \
             reason"
        ));
    }
    for check in row.red.keys().filter(|check| !row.reached.contains(&check.scenario)) {
        wrong.push(format!(
            "{check} is red with {id}, whose switch is not reached there: two runs of one client are not alike"
        ));
    }
}

/// Every check can fail.
fn of_checks(matrix: &Matrix, catalogue: &Catalogue, library: &Library, wrong: &mut Vec<String>) {
    for (scenario, check) in library.checks() {
        let check = Check { scenario, check: check.to_owned() };
        let killer = matrix.rows.iter().find(|(_, row)| row.red.contains_key(&check));
        let unkilled = catalogue.unkilled.iter().find(|it| is(&it.check, &check));
        match (killer, unkilled) {
            (None, None) => wrong.push(format!(
                "{check} is red with no mutant: write one that it finds, or say why not under unkilled"
            )),
            (Some((mutant, _)), Some(_)) => {
                wrong.push(format!("{check} is red with {mutant}: take it out of unkilled"));
            }
            _ => {}
        }
    }
}

fn is(name: &str, check: &Check) -> bool {
    means(name, &check.scenario, &check.check)
}
