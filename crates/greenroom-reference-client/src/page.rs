//! Lists, page by page, to their end. A list that does not end is a failure.

use std::collections::HashSet;

use reqwest::{Method, Url};
use serde_json::Value;

use crate::{
    call::Caller,
    failure::{Failure, Kind},
    http::{Http, Request},
    mutant::Mutant::{M69, M75, M105, M147, M148, M149, M165, M198},
    place,
};

/// More pages than any list has.
const MOST: usize = 1000;
/// Central's largest page of devices.
const DEVICES: usize = 1000;
/// GLP's largest page of tenants.
const TENANTS: usize = 300;

/// One page: its rows, and all that came with them.
struct Page {
    asked: String,
    body: Value,
}

impl Page {
    async fn get(
        caller: &Caller,
        base: &Url,
        path: &str,
        query: Query,
        first: Query,
    ) -> Result<Self, Failure> {
        let mut request = Request::new(Method::GET, place::at(base, path, &query)?);
        request.first_page = (query != first).then(|| place::at(base, path, &first)).transpose()?;
        let asked = request.to_string();
        let answer = caller.call(request).await?;
        if answer.status != 200 {
            let message = format!("{asked}: {}", answer.verdict());
            return Err(Failure::new(Kind::of_status(answer.status), message).with_status(answer.status));
        }
        let body = match answer.json() {
            None if caller.http.process.broken(M105) => serde_json::json!({"items": [], "total": 0}),
            body => body.unwrap_or_default(),
        };
        Ok(Self { asked, body })
    }

    /// The texts under this name in its rows.
    fn column(&self, name: &str) -> Result<Vec<String>, Failure> {
        let texts = |rows: &Vec<Value>| rows.iter().map(|row| Some(row[name].as_str()?.to_owned())).collect();
        let column = self.body["items"].as_array().and_then(texts);
        column.ok_or_else(|| self.nonsense(&format!("is no page of rows with {name}")))
    }

    fn nonsense(&self, what: &str) -> Failure {
        Failure::new(Kind::Protocol, format!("{}: the answer {what}", self.asked)).with_status(200)
    }
}

type Query = Vec<(String, String)>;

/// The rows so far: each once, though rows move between pages while they are turned.
#[derive(Default)]
struct Rows {
    all: Vec<String>,
    seen: HashSet<String>,
}

impl Rows {
    fn add(&mut self, rows: Vec<String>) {
        self.all.extend(rows.into_iter().filter(|row| self.seen.insert(row.clone())));
    }
}

/// The serial numbers of all devices of a workspace in New Central, whose pages have numbers (`next`).
pub(crate) async fn devices(caller: &Caller, central: &Url) -> Result<Vec<String>, Failure> {
    const PATH: &str = "/network-monitoring/v1/device-inventory";
    let query =
        |next: &str| vec![("limit".to_owned(), DEVICES.to_string()), ("next".to_owned(), next.to_owned())];
    let mut rows = Rows::default();
    let mut next = "1".to_owned();
    let mut turned = HashSet::new();
    let mut total = None;
    loop {
        let page = Page::get(caller, central, PATH, query(&next), query("1")).await?;
        turned.insert(next);
        total = total.or_else(|| page.body["total"].as_u64());
        let following = match &page.body["next"] {
            Value::Null => None,
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
            _ => return Err(page.nonsense("has a next that is no page")),
        };
        if following.is_some() || !caller.http.process.broken(M69) {
            let column = page.column("serialNumber")?;
            if column.is_empty() && caller.http.process.broken(M149) {
                return Err(page.nonsense("has no rows"));
            }
            rows.add(column);
        }
        let has_all = |total| u64::try_from(rows.all.len()).is_ok_and(|read| read == total);
        let following = match following {
            None if !total.is_some_and(has_all) && caller.http.process.broken(M148) => "1000".to_owned(),
            None => return Ok(rows.all),
            Some(following) => following,
        };
        if !following.bytes().all(|byte| byte.is_ascii_digit()) {
            follow(&caller.http, caller, &following).await;
            return Err(page.nonsense("has a next that is no page"));
        }
        let in_a_circle = turned.contains(&following) || turned.len() >= MOST;
        if in_a_circle && !caller.http.process.broken(M147) {
            return Err(page.nonsense("leads to a page that was read before, or to one too many"));
        }
        next = following;
    }
}

/// The ids of all tenants of an MSP in GLP, whose pages begin at an offset.
pub(crate) async fn tenants(caller: &Caller) -> Result<Vec<String>, Failure> {
    const PATH: &str = "/workspaces/v1/msp-tenants";
    let query = |offset: usize| {
        vec![("offset".to_owned(), offset.to_string()), ("limit".to_owned(), TENANTS.to_string())]
    };
    let glp = place::glp()?;
    let mut rows = Rows::default();
    let mut offset = 0;
    for _ in 0..MOST {
        let page = Page::get(caller, &glp, PATH, query(offset), query(0)).await?;
        let column = page.column("id")?;
        let count = column.len();
        let total = page.body["total"].as_u64().ok_or_else(|| page.nonsense("has no total"))?;
        let is_last = u64::try_from(offset + count).is_ok_and(|read| read >= total);
        if !is_last || !caller.http.process.broken(M69) {
            rows.add(column);
        }
        // A list that shrinks while it is read may end with an empty page.
        if is_last || count == 0 || caller.http.process.broken(M198) {
            return Ok(rows.all);
        }
        offset += count;
    }
    Err(Failure::new(Kind::Protocol, format!("{PATH}: {MOST} pages, and there are more")))
}

/// The id of the one tenant that has this name.
pub(crate) async fn tenant_named(caller: &Caller, name: &str) -> Result<String, Failure> {
    let mut quoted = name.replace('\'', "''");
    if quoted != name && caller.http.process.broken(M165) {
        quoted = name.to_owned();
    }
    let filter = format!("workspaceName eq '{quoted}'");
    let query = vec![("filter".to_owned(), filter)];
    let page = Page::get(caller, &place::glp()?, "/workspaces/v1/msp-tenants", query.clone(), query).await?;
    let ids = page.column("id")?;
    let names = page.column("workspaceName")?;
    let mut found = ids.into_iter().zip(names).filter(|(_, of)| of == name).map(|(id, _)| id);
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Failure::new(Kind::Other, format!("no tenant is called {name}"))),
        (Some(_), Some(_)) => {
            Err(Failure::new(Kind::Other, format!("several tenants are called {name}: name one by its id")))
        }
    }
}

/// [`M75`].
async fn follow(http: &Http, caller: &Caller, link: &str) {
    let Ok(url) = Url::parse(link) else { return };
    if http.process.broken(M75)
        && let Ok(token) = caller.source.token().await
    {
        let _ = http.send(&Request::new(Method::GET, url), Some(&token)).await;
    }
}
