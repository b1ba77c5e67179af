//! Lists the files of the scenarios, so that the kit has them in itself.
//!
//! A library that takes a folder in learns of a new file only when something else changes; cargo looks at the folder.

use std::{env, fmt::Write as _, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../scenarios");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for family in fs::read_dir(&root)? {
        let family = family?;
        if !family.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(family.path())? {
            let file = file?.path();
            if file.extension().is_some_and(|extension| extension == "yaml") {
                files.push(file.canonicalize()?);
            }
        }
    }
    files.sort();
    let mut list = "[\n".to_owned();
    for file in &files {
        let name = file.strip_prefix(root.canonicalize()?).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        // Writing to a String does not fail.
        let _ = writeln!(list, "({name:?}, include_str!({file:?})),");
    }
    list += "]\n";
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("scenarios.rs"), list)
}
