//! `greenroom world patch`: a patch from a file, from standard input, or from flags.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use greenroom_model::spec::Patch;
use serde_json::json;

use crate::exit::Failure;

/// Reads a patch. What is wrong with it by itself is told with line and column, before anybody is asked.
pub(crate) fn read(file: &Path) -> Result<Patch, Failure> {
    let mut text = Vec::new();
    let (name, read) = if file == Path::new("-") {
        ("standard input".to_owned(), io::stdin().read_to_end(&mut text).map(drop))
    } else {
        (file.display().to_string(), fs::read(file).map(|read| text = read))
    };
    read.map_err(|error| Failure::new(format!("{name} cannot be read: {error}")))?;
    Patch::read(&text).map_err(|mistakes| {
        let count = mistakes.list.len() + mistakes.more;
        let plural = if count == 1 { "" } else { "s" };
        let told = mistakes.to_string().replace('\n', "\n  ");
        Failure::new(format!("{name} has {count} mistake{plural}; nothing was changed\n  {told}"))
    })
}

/// The patch that flags say: each `WORKSPACE=N`.
pub(crate) fn of_flags(add: &[String], remove: &[String]) -> Result<Patch, Failure> {
    let pair = |text: &String| -> Result<(String, u32), Failure> {
        let pair =
            text.split_once('=').and_then(|(home, count)| Some((home.to_owned(), count.parse().ok()?)));
        pair.ok_or_else(|| Failure::new(format!("{text:?} must be WORKSPACE=N, such as abc=5")))
    };
    let pairs = |flags: &[String]| flags.iter().map(pair).collect::<Result<Vec<_>, _>>();
    let add = pairs(add)?.into_iter().map(|(home, count)| json!({"workspace": home, "network": count}));
    let add: Vec<_> = add.collect();
    let remove = pairs(remove)?.into_iter().map(|(home, count)| json!({"workspace": home, "last": count}));
    let remove: Vec<_> = remove.collect();
    let patch = json!({"devices": {"remove": remove, "add": add}}).to_string();
    Patch::read(patch.as_bytes()).map_err(Failure::new)
}
