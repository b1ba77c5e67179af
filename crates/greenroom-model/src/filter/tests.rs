use proptest::prelude::*;

use super::{
    grammars::{
        CENTRAL_DEVICE_INVENTORY, CENTRAL_LIST_TENANTS, GLP_AUDIT_LOG_V1, GLP_AUDIT_LOG_V2BETA1,
        GLP_CREDENTIALS, GLP_DEVICE_TAGS, GLP_DEVICES, GLP_PROVISIONS, GLP_SUBSCRIPTIONS, GLP_USERS,
        GLP_WORKSPACES,
    },
    *,
};
use crate::sort::Value;

#[test]
fn mistakes_are_named_with_their_place() {
    for (grammar, text, at, words) in [
        (CENTRAL_DEVICE_INVENTORY, "model eq 'a' or model eq 'b'", 13, "only \"and\""),
        (CENTRAL_DEVICE_INVENTORY, "not model eq 'a'", 0, "\"not\" is not supported"),
        (CENTRAL_DEVICE_INVENTORY, "model not eq 'a'", 6, "\"not\" is not supported"),
        (CENTRAL_DEVICE_INVENTORY, "model eq 'a' and (siteId eq '1')", 17, "groups are not supported"),
        (CENTRAL_DEVICE_INVENTORY, "model in 'a', 'b'", 9, "the values of in stand in ( )"),
        (CENTRAL_DEVICE_INVENTORY, "model in 'a'", 9, "the values of in stand in ( )"),
        (CENTRAL_DEVICE_INVENTORY, "model in ['a']", 9, "the values of in stand in ( )"),
        (CENTRAL_DEVICE_INVENTORY, "contains(model,'a')", 0, "contains of model is not supported"),
        (CENTRAL_DEVICE_INVENTORY, "model contains 'a'", 6, "operator contains is not supported for model"),
        (CENTRAL_LIST_TENANTS, "deviceOwnership eq 'MSP'", 16, "operator eq is not supported"),
        (GLP_DEVICES, "model eq 'a' and colour eq 'b'", 17, "unknown filter field colour"),
        (GLP_DEVICES, "(modle eq 'a')", 1, "did you mean \"model\"?"),
        (GLP_DEVICES, "model neq 'a'", 6, "unknown operator neq, did you mean \"ne\"?"),
        (GLP_DEVICES, "model eq AP", 9, "\"AP\" must stand in single quotes"),
        (GLP_DEVICES, "'model' eq 'AP'", 0, "fields stand without quotes"),
        (GLP_DEVICES, "isFlex eq 'true'", 10, "must stand without quotes"),
        (GLP_DEVICES, "isFlex eq maybe", 10, "\"maybe\" is no value for isFlex"),
        (GLP_DEVICES, "createdAt gt 'noon'", 13, "no value for createdAt"),
        (GLP_DEVICES, "model eq ''AP''", 9, "must not stand in doubled quotes"),
        (GLP_DEVICES, "model eq 'a','b'", 9, "eq takes one value"),
        (GLP_DEVICES, "model not in 'a'", 10, "only eq may stand after \"not\""),
        (GLP_DEVICES, "model eq 'a", 9, "the quote that opens here is not closed"),
        (GLP_DEVICES, "model eq ''a'", 9, "the quote that opens here is not closed"),
        (GLP_DEVICES, "model eq", 8, "the filter ends too early"),
        (GLP_DEVICES, "model", 5, "the filter ends too early"),
        (GLP_DEVICES, "model eq 'a' and ", 17, "the filter ends too early"),
        (GLP_DEVICES, "(model eq 'a'", 13, "the filter ends too early"),
        (GLP_DEVICES, "(model eq 'a']", 13, "unexpected ']' in filter, a closing parenthesis"),
        (GLP_DEVICES, "model eq'a'", 8, "unexpected '\\'' in filter, a space"),
        (GLP_DEVICES, "model = 'a'", 6, "unexpected '=' in filter, an operator such as eq"),
        (GLP_DEVICES, "model eq 'a' b", 13, "unexpected 'b' in filter"),
        (GLP_DEVICES, "model in ('a' 'b')", 14, "a comma or a closing parenthesis"),
        (GLP_DEVICES, "ärger eq 'a'", 0, "unknown filter field ärger"),
        (GLP_DEVICE_TAGS, "city eq 'a'", 0, "the key \"city\" must stand in single quotes"),
        (GLP_DEVICE_TAGS, "'city' gt 'a'", 7, "operator gt is not supported for city"),
        (GLP_DEVICE_TAGS, "'city' eq null", 10, "\"null\" must stand in single quotes"),
        (GLP_SUBSCRIPTIONS, "quantity eq 5", 12, "\"5\" must stand in single quotes"),
        (GLP_SUBSCRIPTIONS, "quantity eq '5e3'", 12, "\"5e3\" is no value for quantity"),
        (GLP_USERS, "contain(id,'a')", 0, "unknown function contain, did you mean \"contains\"?"),
        (GLP_USERS, "contains(colour,'a')", 9, "unknown filter field colour"),
        (GLP_USERS, "contains(id,a)", 12, "\"a\" must stand in single quotes"),
        (GLP_USERS, "username in createdAt", 12, "\"createdAt\" must stand in single quotes"),
        (GLP_USERS, "id contains 'a'", 3, "operator contains is not supported for id"),
        (GLP_USERS, "2020 in colour", 0, "unknown filter field 2020"),
        (GLP_AUDIT_LOG_V1, "hasDetails eq true", 14, "\"true\" must stand in single quotes"),
        (GLP_AUDIT_LOG_V1, "startswith(description,'a')", 0, "Invalid operator 'startswith' used in filter."),
        (
            GLP_AUDIT_LOG_V1,
            "createdAt gt '2024-02-16T07:54:55.0Z'",
            10,
            "Invalid operator 'gt' used in filter.",
        ),
        (GLP_CREDENTIALS, "tenantId eq abc", 12, "must stand in single quotes"),
        (GLP_CREDENTIALS, " 'tenantId eq 'abc''", 15, "unexpected 'a' in filter, a space"),
        (GLP_CREDENTIALS, "'tenantId' eq 'abc'", 0, "fields stand without quotes"),
        (GLP_CREDENTIALS, "'tenant eq abc'", 1, "unknown filter field tenant"),
        (GLP_CREDENTIALS, "''", 1, "the filter ends too early"),
    ] {
        let error = parse(text, grammar).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.message.contains(words), "{text}: {error}");
    }
}

#[test]
fn the_service_catalog_has_words_of_its_own_for_operators() {
    // Its sample shows a word that no service knows (`glp.md §9`).
    for (text, wrong) in [("region ne 'a'", "region ne"), ("status we 'a'", "status we")] {
        let error = parse(text, GLP_PROVISIONS).unwrap_err();
        let expected = format!(
            "Unsupported filter operator, '{wrong}', refer example: '?filter=region eq 'us-west'' for field filter"
        );
        assert_eq!((error.at, error.message), (7, expected));
    }
}

/// The texts of its specification, to the letter.
#[test]
fn the_audit_log_has_words_of_its_own() {
    let of_v1 = "createdAt, category, description, additionalInfo/ipAddress, user/username, \
                 workspace/workspaceName, application/id, region, hasDetails";
    let of_v2 = "createdAt, category, description, ipAddress, username, workspace/name, workspace/type, \
                 serviceOffer/id, region, hasDetails";
    for (grammar, fields) in [(GLP_AUDIT_LOG_V1, of_v1), (GLP_AUDIT_LOG_V2BETA1, of_v2)] {
        for (text, at, expected) in [
            (
                "createdAt ge 'invalid-date'",
                13,
                "Invalid date format 'invalid-date' provided for createdAt filter. Expected RFC 3339 timestamp \
                 format (e.g., '2024-02-16T07:54:55.0Z')."
                    .to_owned(),
            ),
            (
                "category invalidOp 'x'",
                9,
                "Invalid operator 'invalidOp' used in filter. Supported operators are eq, in, contains, lt, ge."
                    .to_owned(),
            ),
            (
                "invalidField eq 'x'",
                0,
                format!("Unsupported filter parameter 'invalidField' provided. Supported parameters are {fields}."),
            ),
        ] {
            let error = parse(text, grammar).unwrap_err();
            assert_eq!((error.at, error.message), (at, expected));
        }
    }
}

fn one<'a>(value: &'a Field<'a>) -> impl Fn(&str) -> Field<'a> {
    |_| value.clone()
}

#[test]
fn a_backslash_escapes_only_where_the_service_says_so() {
    let passes = |text: &str, grammar, value| {
        parse(text, grammar).unwrap().unwrap().matches(&one(&Field::Text(value)))
    };
    assert!(passes(r"model eq 'a\'", GLP_DEVICES, r"a\"));
    assert!(passes(r"model eq 'a\\b'", GLP_DEVICES, r"a\\b"));
    assert!(passes(r"model eq 'a\\b'", CENTRAL_DEVICE_INVENTORY, r"a\b"));
    assert!(passes(r"model eq 'a\'b'", CENTRAL_DEVICE_INVENTORY, "a'b"));
    assert!(passes(r"model eq 'a\b'", CENTRAL_DEVICE_INVENTORY, r"a\b"));
    assert!(parse(r"model eq 'a\'", CENTRAL_DEVICE_INVENTORY).is_err());
}

#[test]
fn whole_numbers_are_compared_exactly() {
    let passes = |text: &str, number| {
        parse(text, GLP_SUBSCRIPTIONS).unwrap().unwrap().matches(&one(&Field::Number(number)))
    };
    assert!(!passes("quantity eq '9007199254740993'", 9_007_199_254_740_992));
    assert!(passes("quantity eq '9223372036854775807'", i64::MAX));
    assert!(passes("quantity lt '99999999999999999999'", i64::MAX));
    assert!(passes("quantity eq '7.0'", 7) && passes("quantity gt '6.9'", 7));
}

#[test]
fn what_a_row_holds_decides_how_it_is_compared() {
    // A handler that has a date as text still gets an answer.
    let filter = parse("createdAt ge '2024-01-01T00:00:00.000Z'", GLP_DEVICES).unwrap().unwrap();
    assert!(filter.matches(&one(&Field::Text("2024-06-01T00:00:00.000Z"))));
    assert!(!filter.matches(&one(&Field::Text("2023-06-01T00:00:00.000Z"))));
    // Nothing to compare is unequal, and neither less nor greater.
    for (text, expected) in [("ne", true), ("eq", false), ("gt", false), ("le", false)] {
        let filter = parse(&format!("model {text} 'x'"), GLP_DEVICES).unwrap().unwrap();
        assert_eq!(filter.matches(&one(&Field::Number(1))), expected, "{text}");
        assert_eq!(filter.matches(&one(&Field::Null)), expected, "{text}");
    }
}

#[test]
fn null_is_equal_to_itself_and_sorts_first() {
    let passes = |op: &str, value: Field<'_>| {
        parse(&format!("model {op} null"), GLP_DEVICES).unwrap().unwrap().matches(&one(&value))
    };
    for (op, of_null, of_text) in [
        ("eq", true, false),
        ("ne", false, true),
        ("ge", true, false),
        ("le", true, false),
        ("gt", false, false),
        ("lt", false, false),
        ("in", true, false),
    ] {
        assert_eq!((passes(op, Field::Null), passes(op, Field::Text(""))), (of_null, of_text), "{op}");
    }
    let mut column = [Field::Text("b"), Field::Null, Field::Text(""), Field::Text("B")].map(Value::from);
    column.sort();
    assert_eq!(column, [Field::Null, Field::Text(""), Field::Text("B"), Field::Text("b")].map(Value::from));
    assert_eq!(Value::from(Field::Word("Yes")), Value::from(Field::Word("YES")));
}

#[test]
fn deep_nesting_is_refused_and_not_overflown() {
    let nested = |depth| format!("{}model eq 'a'{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(32), GLP_DEVICES).is_ok());
    assert_eq!(parse(&nested(33), GLP_DEVICES).unwrap_err().at, 32);
    for opening in ["(", "not ", "not (", "not(not "] {
        assert!(parse(&opening.repeat(100_000), GLP_DEVICES).is_err());
    }
    // Parentheses that are text open nothing, and groups that are closed do not count.
    assert!(parse(&format!("model eq '{}'", "(".repeat(99)), GLP_DEVICES).is_ok());
    assert!(parse(&[nested(2).as_str(); 99].join(" and "), GLP_DEVICES).is_ok());
    let passes = |nots| {
        let text = format!("{}model eq 'a'", "not ".repeat(nots));
        parse(&text, GLP_DEVICES).unwrap().unwrap().matches(&one(&Field::Text("a")))
    };
    assert!(passes(0) && !passes(1) && passes(2) && !passes(33) && passes(1000));
}

proptest! {
    #[test]
    fn any_text_survives_quoting_both_ways(name in "[^\\\\]{0,20}") {
        let passes = |text: &str, grammar| {
            parse(text, grammar).unwrap().unwrap().matches(&one(&Field::Text(&name)))
        };
        let doubled = format!("workspaceName eq '{}'", name.replace('\'', "''"));
        prop_assert!(passes(&doubled, GLP_WORKSPACES));
        let slashed = format!("tenantName eq '{}'", name.replace('\'', "\\'"));
        prop_assert!(passes(&slashed, CENTRAL_LIST_TENANTS));
    }
}
