//! The published JSON Schema follows the code, and agrees with the reader.

use std::{fs, sync::LazyLock};

use greenroom_model::spec::Spec;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;

use crate::{fixtures, specs::specs};

/// The published schema.
pub(crate) fn published() -> &'static Validator {
    static PUBLISHED: LazyLock<Validator> = LazyLock::new(|| {
        let text = fs::read_to_string(fixtures::folder("schemas").join("world.json")).unwrap();
        jsonschema::draft202012::new(&serde_json::from_str(&text).unwrap()).unwrap()
    });
    &PUBLISHED
}

/// A file as somebody else's YAML 1.2 reader sees it.
pub(crate) fn as_others_see_it(text: &str) -> Option<Value> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true }).ok()
}

#[test]
fn the_published_schema_is_the_present_one() {
    let path = fixtures::folder("schemas").join("world.json");
    let present = serde_json::to_string_pretty(&Spec::schema()).unwrap() + "\n";
    if std::env::var_os("GREENROOM_BLESS").is_some() {
        fs::write(&path, &present).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == present,
        "fixtures/schemas/world.json lags behind: run GREENROOM_BLESS=1 cargo test -p greenroom-model --test world_file"
    );
}

#[test]
fn every_world_among_the_fixtures_is_read_and_fits_the_schema() {
    let schema = published();
    for (name, text) in fixtures::all() {
        let spec = Spec::read(text.as_bytes()).unwrap_or_else(|mistakes| panic!("{name}:\n{mistakes}"));
        let value = as_others_see_it(&text).unwrap();
        let errors: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        // JSON is YAML too.
        for json in [serde_json::to_string(&value), serde_json::to_string_pretty(&value)] {
            let json = json.unwrap().replace("\n  ", "\n\t");
            assert_eq!(Spec::read(json.as_bytes()).as_ref(), Ok(&spec), "{name} as JSON");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_is_written_fits_the_schema(spec in specs()) {
        let text = spec.write().unwrap();
        let value = as_others_see_it(&text).unwrap();
        let errors: Vec<_> = published().iter_errors(&value).map(|error| error.to_string()).collect();
        prop_assert!(errors.is_empty(), "{:?}\n{}", errors, text);
    }
}
