//! Filters against a second evaluator that shares nothing with the first: it makes up a question, asks
//! it of rows in the most obvious way, writes it down in one of the spellings that the service's row
//! allows, and expects the parser to understand the same. And whatever is outside the row is refused,
//! at its place.

mod ask;
mod faults;
mod table;

use std::collections::BTreeSet;

use greenroom_model::filter::{self, FilterError};
use proptest::{collection::vec, prelude::*};

use crate::{
    ask::{Ask, Dice, Writer},
    table::{ROWS, Row},
};

/// Filters as the documents write them, and whether the service takes them.
const SAMPLES: &[(&str, &[&str], &[&str])] = &[
    (
        "devices",
        &[
            "",
            "   ",
            "serialNumber eq 'CN1'",
            "not serialNumber eq 'CN1'",
            "serialNumber not eq 'CN1'",
            "deviceType in 'COMPUTE', 'STORAGE'",
            "deviceType in ['COMPUTE','STORAGE']",
            "deviceType in ('COMPUTE','STORAGE')",
            "deviceType in('COMPUTE')",
            "deviceType eq 'STORAGE' and partNumber eq 'P1'",
            "serialNumber eq 'CN1' or (partNumber eq 'P1' and not isFlex eq true)",
            "createdAt ge ''2024-01-18T19:53:51.480Z''",
            "createdAt ge '2024-01-18T19:53:51.480Z'",
            "updatedAt le 2024-02-18T19:53:51.480Z",
            "isFlex eq true",
            "manufacturedDate eq null",
            "management eq 'MSP' and inUseWorkspaceId eq null",
            "currentSupportLevelEndDate le '2024-02-18T19:53:51.480Z'",
            "application/id ne 'x'",
        ],
        &["SerialNumber eq 'x'", "serialNumber neq 'CN1'", "contains(model,'AP')"],
    ),
    (
        "tags",
        &[
            "'street' in 'Regent Street', 'Oxford Street'",
            "'city' eq 'London' and 'street' eq 'Piccadilly'",
            "'street' eq 'Oxford Street' or 'street' eq 'Piccadilly'",
            "not 'city' eq 'Tokyo'",
        ],
        &["'city' gt 'London'", "city eq 'London'", "'city' in London", "contains('city','L')"],
    ),
    (
        "workspaces",
        &[
            "workspaceName eq 'O''Neil & Sons'",
            "createdAt gt '2020-09-21T14:19:09.769747'",
            "id in ['a','b'] and createdBy eq 'user@example.com'",
            "contains(workspaceName,'Tenant') and startswith(id, '1')",
            "2020 in createdAt",
        ],
        &["workspaceName eq 'a' or id eq 'b'", "not id eq 'a'", "(id eq 'a')"],
    ),
    (
        "users",
        &[
            "userStatus ne 'UNVERIFIED'",
            "lastLogin lt '2020-09-21T14:19:09.769747'",
            "createdAt in ['2020-09-21T14:19:09.769747','2020-09-21T14:19:09.769747']",
            "endswith(username, 'test') and not contains(id, '20')",
            "'2020' in createdAt",
            "lastLogin eq null or firstName eq 'First'",
        ],
        &["userName eq 'a'", "username eq ann@example.com"],
    ),
    (
        "credentials",
        &[
            "tenantId eq 'c20f6b9e-41d7-4e8a-9b15-5a3e7d08f214'",
            "'tenantId eq c20f6b9e-41d7-4e8a-9b15-5a3e7d08f214'",
        ],
        &[
            "tenantId ne 'x'",
            "tenantId in 'x'",
            "tenantId eq x",
            "'tenantId eq x",
            "credentialName eq 'x'",
            "'tenantId eq 'x''",
        ],
    ),
    (
        "provisions",
        &["serviceManagerId eq 'x'", "status eq 'PROVISIONED' and region eq 'us-west'"],
        &[
            "provisionStatus eq 'PROVISIONED'",
            "region ne 'us-west'",
            "region in ('us-west')",
            "region we 'x'",
        ],
    ),
    (
        "audit v1",
        &[
            "createdAt ge '2023-05-01T12:00:00.00Z' and createdAt lt '2023-06-01T12:00:00.00Z'",
            "category in ('Device Management', 'User Activity')",
            "contains(additionalInfo/ipAddress, '192.168')",
            "description contains 'logged in'",
            "user/username eq 'ops@example.com' and hasDetails eq 'true'",
        ],
        &[
            "createdAt le '2023-05-01T12:00:00.00Z'",
            "hasDetails eq true",
            "contains(category,'User')",
            "category eq 'a' or category eq 'b'",
            "region in ('us-west')",
        ],
    ),
    (
        "audit v2beta1",
        &[
            "category eq 'API Gateway' and createdAt ge '2025-01-16T07:54:55.0Z' and createdAt lt '2025-02-16T07:54:55.0Z'",
            "username eq 'test@test.com'",
            "serviceOffer/id in ('00000000-0000-0000-0000-000000000000', 'd46569ae-0516-4dd2-81ce-b6d645842acc') and region eq 'us-west'",
            "contains(workspace/name, 'Example')",
            "workspace/type eq 'MSP' and hasDetails eq 'true'",
        ],
        &[
            "user/username eq 'x'",
            "workspace/type in ('MSP')",
            "contains(category, 'x')",
            "hasDetails eq true",
        ],
    ),
    (
        "subscriptions",
        &[
            "quantity eq '5'",
            "isEval eq true",
            "startTime gt '2024-01-23T00:00:00.000Z' and not productType eq 'SERVICE'",
            "key in 'PAYHAH3YJE6THY, E91A7FDFE04D44C339'",
        ],
        &["quantity eq 5", "isEval eq 'true'", "sku like 'x'"],
    ),
    (
        "inventory",
        &[
            "siteId eq '12345' and deployment in ('Standalone', 'Virtual Controller')",
            "serialNumber eq CN123",
            "serialNumber in (CN1, 'CN2')",
        ],
        &[
            "model eq 'a' or model eq 'b'",
            "status eq 'ONLINE'",
            "model ne 'a'",
            "model in ['a']",
            "siteId eq a b",
        ],
    ),
    (
        "devices of Central",
        &["status in ('ONLINE','OFFLINE') and clusterName eq 'x'"],
        &["isProvisioned eq 'Yes'", "timestamp gt 2024-01-18T19:53:51.480Z"],
    ),
    (
        "list-tenants",
        &[
            r"tenantName eq 'Tenant\'s account 1'",
            "tenantName eq 'tenant A' and deviceOwnership in ('MSP', 'TENANT')",
        ],
        &["tenantName in ('a','b')", "deviceOwnership eq 'MSP'", "tenantId eq 'x'"],
    ),
];

fn row(name: &str) -> &'static Row {
    ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"))
}

#[test]
fn the_documented_samples() {
    assert_eq!(SAMPLES.len(), ROWS.len());
    for (name, accepted, refused) in SAMPLES {
        for text in *accepted {
            let filter = filter::parse(text, row(name).grammar)
                .unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
            assert_eq!(filter.is_none(), text.trim().is_empty(), "{name}: {text}");
        }
        for text in *refused {
            let error = filter::parse(text, row(name).grammar).expect_err(text);
            assert!(error.at <= text.len(), "{name}: {text}: {error}");
        }
    }
}

#[test]
fn the_table_and_the_grammar_name_the_same_fields() {
    for row in ROWS {
        let fields: Vec<_> = row.fields.iter().map(|field| field.name).collect();
        let names = row.grammar.fields.names();
        assert!(row.tags || names.iter().all(|name| fields.contains(name)), "{}: {names:?}", row.name);
    }
}

/// What a question may be made of.
const ROLLS: usize = 160;

fn asks_the_same(row: &Row, rolls: &[u8], depth: usize) -> Result<(Ask, Vec<bool>), TestCaseError> {
    let mut dice = Dice::new(rolls);
    let ask = Ask::make(row, &mut dice, depth);
    let text = Writer::new(row, &mut dice).filter(&ask);
    let filter = filter::parse(&text, row.grammar)
        .map_err(|error| TestCaseError::fail(format!("{}: {text}: {error}", row.name)))?
        .expect("a filter");
    let mut answers = Vec::new();
    for _ in 0..4 {
        let values = row.values(&mut dice);
        let expected = ask.holds(row, &values);
        let found = filter.matches(&|name| row.field(&values, name));
        prop_assert_eq!(found, expected, "{}: {} of {:?}", row.name, text, values);
        answers.push(found);
    }
    Ok((ask, answers))
}

proptest! {
    #[test]
    fn every_row_is_understood_as_the_obvious_evaluator_understands_it(rolls in vec(any::<u8>(), ROLLS)) {
        for row in ROWS {
            asks_the_same(row, &rolls, 2)?;
        }
    }

    #[test]
    fn no_text_panics_and_every_complaint_has_a_place(
        text in ".{0,60}",
        seasoned in "((model|'k'|id|contains|not|and|or|in|eq|null|[a-z(),\\[\\]'= \\\\])( ?)){0,25}",
    ) {
        for row in ROWS {
            let field = row.fields[0].name;
            for text in [text.clone(), seasoned.clone(), format!("{field} eq '{seasoned}"), format!("{field} {seasoned}")] {
                if let Err(error) = filter::parse(&text, row.grammar) {
                    prop_assert!(text.is_char_boundary(error.at), "{}: {}: {}", row.name, text, error);
                }
            }
        }
    }
}

proptest! {
    // Each case makes every mistake in every row.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_outside_a_row_is_refused_at_its_place(rolls in vec(any::<u8>(), ROLLS)) {
        for row in ROWS {
            for fault in faults::of(row) {
                let mut dice = Dice::new(&rolls);
                let (text, at) = fault.text(row, &mut dice);
                match filter::parse(&text, row.grammar) {
                    Err(FilterError { at: found, message }) => {
                        prop_assert_eq!(found, at, "{}, {:?}: {}: {}", row.name, fault, text, message);
                    }
                    Ok(_) => prop_assert!(false, "{}, {:?}: {} was accepted", row.name, fault, text),
                }
            }
        }
    }
}

/// The properties say something: each operator of each field is asked, and answered both ways.
#[test]
fn every_field_and_operator_of_every_row_is_asked_and_answered_both_ways() {
    let mut state = 1_u64;
    let mut roll = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    for row in ROWS {
        let pairs = row.fields.iter().enumerate().flat_map(|(field, known)| {
            known.ops.split(' ').flat_map(move |op| [(field, op, true), (field, op, false)])
        });
        let mut missing: BTreeSet<_> = pairs.collect();
        for _ in 0..20_000 {
            let rolls: Vec<u8> = (0..ROLLS).map(|_| roll()).collect();
            if let (Ask::Test { field, op, .. }, answers) = asks_the_same(row, &rolls, 0).unwrap() {
                answers.iter().for_each(|answer| _ = missing.remove(&(field, op, *answer)));
            }
            if missing.is_empty() {
                break;
            }
        }
        assert!(missing.is_empty(), "{}: {missing:?}", row.name);
    }
}
