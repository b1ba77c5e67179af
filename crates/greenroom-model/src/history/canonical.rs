//! JSON compared as a value: who wrote it, and in which order, does not count.

use serde_json::Value;

use crate::secret::Digest;

/// The digest of a JSON value in its one form: names sorted, no space between. Two texts of the same value
/// have the same.
pub fn canonical(value: &Value) -> Digest {
    let mut text = String::new();
    write(value, &mut text);
    Digest::of(text)
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (nth, item) in items.iter().enumerate() {
                text.push_str(if nth > 0 { "," } else { "" });
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (nth, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if nth > 0 { "," } else { "" });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        canonical(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn order_and_space_do_not_count_and_all_else_does() {
        let one = digest(r#"{"b":[1,{"d":"é\n","c":null}],"a":true}"#);
        assert_eq!(one, digest("{ \"a\": true, \"b\": [ 1, { \"c\": null, \"d\": \"\\u00e9\\n\" } ] }"));
        assert_eq!(one, Digest::of("{\"a\":true,\"b\":[1,{\"c\":null,\"d\":\"é\\n\"}]}"));
        for other in [
            r#"{"b":[{"d":"é\n","c":null},1],"a":true}"#,
            r#"{"b":["1",{"d":"é\n","c":null}],"a":true}"#,
            r#"{"b":[1,{"d":"é\n"}],"a":true}"#,
        ] {
            assert_ne!(one, digest(other), "{other}");
        }
    }
}
