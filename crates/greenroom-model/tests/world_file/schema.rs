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

/// Values on the edge of what may be: reader and schema judge them alike.
#[test]
fn the_reader_and_the_schema_agree_on_the_edges() {
    let workspace = |rest: &str| format!("workspaces: [{{symbol: a, {rest}}}]");
    let base = |rest: &str| format!("{rest}\n{}", workspace(""));
    let device = |rest: &str| workspace(&format!("devices: {{listed: [{{{rest}}}]}}"));
    let row = |name: &str, value: &str| base(&format!("dialect: {{{name}: {value}}}"));
    let life = |value: &str| base(&format!("token_life: {{sso: {value}}}"));
    let pattern = |text: &str| workspace(&format!("tenants: {{count: 1, symbol: '{text}'}}"));
    let mut probes = Vec::new();
    let mut all = |good: bool, files: Vec<String>| probes.extend(files.into_iter().map(|file| (good, file)));
    all(true, ["cn1", "CN1", "\"0\""].map(|it| device(&format!("serial: {it}, type: AP"))).into());
    all(false, ["cn-1", "\"\"", "é"].map(|it| device(&format!("serial: {it}, type: AP"))).into());
    all(true, ["{n}", "a{n}", "{n}-", "A.{n}_b"].map(pattern).into());
    all(false, ["-a{n}", ".a{n}", "_a{n}", "-{n}", "a", "{n}{n}"].map(pattern).into());
    all(true, ["0s", "30s", "1m 30s", "1h30m", "1s 5ms", "2 s"].map(|it| row("clock_skew", it)).into());
    let skews = ["-1s", "30", "'30'", "soon", "'1s '", "PT1S", "''"];
    all(false, skews.map(|it| row("clock_skew", it)).into());
    all(
        true,
        ["'off'", "documented", "custom:60/1m", "'custom: 60 / 1m'"].map(|it| row("rate_limits", it)).into(),
    );
    let quotas =
        ["custom", "'custom:0/1m'", "5", "'custom:60'", "'custom:/1m'", "'custom:-1/1m'", "'custom:06/1m'"];
    all(false, quotas.map(|it| row("rate_limits", it)).into());
    all(true, ["60s", "1m", "1h 30m", "1 h"].map(life).into());
    all(false, ["60000ms", "'1m '", "' 1m'", "1.5h", "60", "-1m", "'1m  1s'", "1d"].map(life).into());
    all(
        true,
        ["1", "1.0", "0x10", "0o17", "1e3", "+7"].map(|it| workspace(&format!("generation: {it}"))).into(),
    );
    all(false, ["1.5", "-1", "1e10", "'1'"].map(|it| workspace(&format!("generation: {it}"))).into());
    let mail = |it: &str| base(&format!("users: [{{email: '{it}'}}]"));
    all(true, ["a@b.c", "ü+x@müller.example"].map(mail).into());
    all(false, ["a@b", "a@b..c", "a@.c", "a@b.", "@b.c", "a@b@c.d", "a b@c.d"].map(mail).into());
    let country = |it: &str| workspace(&format!("contact: {{address: {{country: '{it}'}}}}"));
    all(true, ["CH", "NO", "AX"].map(country).into());
    all(false, ["XX", "ch", "USA", "A"].map(country).into());
    all(false, vec![workspace("name: \"a\\tb\""), workspace("sites: [\"\\u0085\"]")]);
    for (good, file) in probes {
        let value = as_others_see_it(&file).unwrap_or_else(|| panic!("{file}"));
        let read = Spec::read(file.as_bytes());
        assert_eq!((read.is_ok(), published().is_valid(&value)), (good, good), "{file}\n{read:?}");
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
