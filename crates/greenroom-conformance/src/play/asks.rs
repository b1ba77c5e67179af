//! From a step of a scenario to what is asked of a client, and what the history says of it.

use std::collections::BTreeMap;

use greenroom_model::history::{StepNote, canonical};
use serde_json::Value;

use crate::{
    drive::{self, Mode},
    scenario::{Call, Step, Verb},
    stage::{Stage, StageError},
};

/// An object of the client.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// The symbol of the workspace in which it acts, if that is one of the world's.
    workspace: Option<String>,
    /// With what kind of credentials its top object was built.
    mode: Mode,
}

/// What is to be asked, and the note of it.
pub(super) struct Wish {
    pub(super) verb: drive::Verb,
    pub(super) note: StepNote,
    /// The object that comes of it.
    pub(super) object: Option<(String, Object)>,
}

/// What the `i`th repetition of a step asks. `objects` are those that were asked for so far.
pub(super) fn wish(
    stage: &mut Stage,
    objects: &BTreeMap<String, Object>,
    step: &Step,
    i: u32,
) -> Result<Option<Wish>, StageError> {
    let text = |text: &str| counted(text, i);
    let own = stage.own_workspace().to_owned();
    let of = |name: &str| objects.get(name);
    let workspace_of = |name: &str| of(name).and_then(|object| object.workspace.clone());
    let mode_of = |name: &str| of(name).map_or(Mode::Unified, |object| object.mode);
    let mut note = StepNote {
        step: step.id.clone(),
        nth: (step.repeat > 1).then_some(i.into()),
        verb: step.verb.name().to_owned(),
        ..StepNote::default()
    };
    let mut object = None;
    let verb = match &step.verb {
        Verb::Open(open) => {
            let name = text(&open.name);
            let log = open.log.unwrap_or_default();
            note.log = Some(log_word(log).to_owned());
            // Credentials that are made up may be those of another workspace.
            let made_up =
                open.config.as_ref().and_then(|config| config.unified.as_ref()?.workspace_id.as_deref());
            let workspace = match made_up {
                Some(id) => stage.symbol_of(&stage.with_ids(id)).map(str::to_owned),
                None => Some(own),
            };
            note.workspace.clone_from(&workspace);
            note.object = Some(name.clone());
            object = Some((name.clone(), Object { workspace, mode: open.mode }));
            let config = stage.config(open)?;
            drive::Verb::Open(drive::Open { client: name, mode: open.mode, log, config })
        }
        Verb::Tenant(tenant) => {
            let (name, of) = (text(&tenant.name), text(&tenant.of));
            let (who, workspace) = match (&tenant.workspace, &tenant.by_name) {
                (Some(workspace), _) => {
                    let id = stage.with_ids(&text(workspace));
                    let symbol = stage.symbol_of(&id).map(str::to_owned);
                    (drive::Who::WorkspaceId(id), symbol)
                }
                (None, by_name) => {
                    let by_name = text(by_name.as_deref().unwrap_or_default());
                    let symbol = stage.symbol_of_name(&by_name).map(str::to_owned);
                    (drive::Who::Name(by_name), symbol)
                }
            };
            note.workspace.clone_from(&workspace);
            note.object = Some(name.clone());
            note.client = Some(of.clone());
            object = Some((name.clone(), Object { workspace, mode: mode_of(&of) }));
            drive::Verb::Tenant(drive::Tenant { client: name, of, who })
        }
        Verb::Call(call) => {
            let call = asked_call(stage, call, i);
            note.workspace = workspace_of(&call.client);
            note.client = Some(call.client.clone());
            note.api = Some(call.api.word().to_owned());
            note.method = Some(call.method.clone());
            note.path = Some(call.path.clone());
            note.query = Some(encoded(&call.query)).filter(|query| !query.is_empty());
            note.headers =
                call.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
            if let Some(drive::Body::Json(body)) = &call.body {
                note.body = Some(canonical(body).to_string());
            }
            drive::Verb::Call(call)
        }
        Verb::List(list) => {
            let client = text(&list.client);
            note.workspace = workspace_of(&client);
            note.client = Some(client.clone());
            drive::Verb::List(drive::List { client, what: list.what })
        }
        Verb::Refresh(refresh) => {
            let client = text(&refresh.client);
            note.workspace = workspace_of(&client);
            note.client = Some(client.clone());
            drive::Verb::Refresh(drive::Refresh { client })
        }
        Verb::Reload(reload) => {
            let client = text(&reload.client);
            let config = stage.new_config(mode_of(&client), reload.config.as_ref())?;
            note.workspace = workspace_of(&client);
            note.client = Some(client.clone());
            drive::Verb::Reload(drive::Reload { client, config })
        }
        Verb::Clock(clock) => {
            stage.shift_clock(clock.wall.0);
            drive::Verb::Clock(drive::Clock { wall: clock.wall })
        }
        Verb::Close(close) => {
            let client = text(&close.client);
            note.workspace = workspace_of(&client);
            note.client = Some(client.clone());
            drive::Verb::Close(drive::Close { client, by: close.by })
        }
        Verb::Together(_) | Verb::Restart(_) => return Ok(None),
    };
    Ok(Some(Wish { verb, note, object }))
}

fn asked_call(stage: &Stage, call: &Call, i: u32) -> drive::Call {
    let text = |text: &str| stage.with_ids(&counted(text, i));
    let query =
        call.query.iter().map(|(name, value)| (name.clone(), counted_value(stage, value, i))).collect();
    drive::Call {
        client: counted(&call.client, i),
        api: call.api,
        method: call.method.name().to_owned(),
        path: text(&call.path),
        query,
        body: call.body.as_ref().map(|body| drive::Body::Json(counted_value(stage, body, i))),
        content_type: None,
        headers: call.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        stream: call.stream,
    }
}

/// The value with the number of the repetition in the place of `$i`: a number where nothing stands beside it.
fn counted_value(stage: &Stage, value: &Value, i: u32) -> Value {
    match value {
        Value::String(text) if text == "$i" => i.into(),
        Value::String(text) => stage.with_ids(&counted(text, i)).into(),
        Value::Array(items) => items.iter().map(|item| counted_value(stage, item, i)).collect(),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| (key.clone(), counted_value(stage, value, i));
            Value::Object(members.iter().map(member).collect())
        }
        plain => plain.clone(),
    }
}

/// The text with the number of the repetition in the place of `$i`.
pub(super) fn counted(text: &str, i: u32) -> String {
    let mut parts = text.split("$i");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // `$is` is another word.
        match part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            true => whole.push_str("$i"),
            false => whole.push_str(&i.to_string()),
        }
        whole.push_str(part);
    }
    whole
}

/// A query as a form, sorted by name.
fn encoded(query: &drive::Query) -> String {
    let mut pairs: Vec<_> = query.iter().collect();
    pairs.sort_by_key(|(name, _)| *name);
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        form.append_pair(name, &value);
    }
    form.finish()
}

fn log_word(log: drive::Log) -> &'static str {
    match log {
        drive::Log::Debug => "DEBUG",
        drive::Log::Info => "INFO",
        drive::Log::Warning => "WARNING",
        drive::Log::Error => "ERROR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_repetition_stands_in_any_text() {
        for (text, expected) in
            [("acme-$i", "acme-7"), ("$i/$i", "7/7"), ("$is", "$is"), ("$i", "7"), ("$", "$"), ("", "")]
        {
            assert_eq!(counted(text, 7), expected);
        }
    }

    #[test]
    fn a_query_is_written_by_name() {
        let query = serde_json::json!({"b": true, "a": "x y&", "limit": 5});
        let Value::Object(query) = query else { panic!() };
        assert_eq!(encoded(&query), "a=x+y%26&b=true&limit=5");
    }
}
