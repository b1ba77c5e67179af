//! Every family of answers as it goes over the wire, one file a case.
//!
//! The world is the sample of seed 1 and its clock stands at 2026-01-01T00:00:00Z, so everything is
//! stable but debug ids (they count requests) and signatures, which are left out.

mod classic;
mod credentials;
mod device_orders;
mod devices;
mod monitoring;
mod resources;
mod scopes;
mod software_catalogs;
mod subscriptions;
mod tenants;
mod tokens;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::header::DATE;
use serde_json::{Value, json};

use crate::client::{Answer, Ask, Client};

impl Client {
    /// Sends a request and holds its answer against the file of that name.
    async fn shot(&self, name: &str, ask: Ask) -> Answer {
        let asked = ask.to_string();
        let answer = self.send(ask).await;
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, format!("{asked}\n\n{}", text(&answer))));
        answer
    }

    async fn shots<const N: usize>(&self, cases: [(&str, Ask); N]) {
        for (name, ask) in cases {
            self.shot(name, ask).await;
        }
    }
}

/// Status, headers in order of their names, body.
fn text(answer: &Answer) -> String {
    let mut headers: Vec<_> = answer.headers.keys().map(|name| name.as_str()).collect();
    headers.sort_unstable();
    let line = |name: &str| {
        let value = if name == DATE.as_str() { "(now)" } else { answer.header(name).unwrap() };
        format!("{name}: {value}\n")
    };
    let headers: String = headers.into_iter().map(line).collect();
    let body = match serde_json::from_str::<Value>(&answer.body) {
        Ok(body) => serde_json::to_string_pretty(&readable(body)).unwrap(),
        Err(_) => answer.body.clone(),
    };
    format!("{}\n{headers}\n{body}", answer.status)
}

/// Debug ids by their form, tokens by what they say.
fn readable(mut body: Value) -> Value {
    if let Some(Value::String(id)) = body.get_mut("debugId") {
        *id = match (id.len(), id.ends_with("==")) {
            (36, false) => "(uuid)".to_owned(),
            (32, false) => "(32 hex digits)".to_owned(),
            (56, true) => "(CloudFront request id)".to_owned(),
            _ => panic!("{id} is no debug id"),
        };
    }
    if let Some(token) = body.get_mut("access_token") {
        let part =
            |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        let parts: Vec<_> = token.as_str().unwrap().split('.').collect();
        *token = json!({"header": part(parts[0]), "claims": part(parts[1])});
    }
    body
}
