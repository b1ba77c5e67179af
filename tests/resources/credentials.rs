//! API client credentials (seed 004): who sees and makes which, and what refuses them. What they are worth
//! at the token endpoints is in `tokens`, HPE's lines with the real curl in `curl`.

mod curl;
mod tokens;

use greenroom_emulator::command::{Command, Reply};
use greenroom_model::{
    credentials::NewCredential,
    sample::DEFAULT_SEED,
    world::{ClientIx, Session, UserIx, World},
};
use serde_json::{Value, json};

use crate::client::{Answer, Ask, Client, Road};

const CREDENTIALS: &str = "/workspaces/v1/credentials";
const DEDICATED: &str = "dedicated.example.com";
const NOBODY: &str = "7600415a-8876-4722-9f3c-b0fd11112283";

/// An id and a secret.
#[derive(Clone, Debug)]
struct Pair {
    id: String,
    secret: String,
}

impl Pair {
    fn of(answer: &Answer) -> Self {
        let text = |name: &str| answer.json()[name].as_str().expect(name).to_owned();
        Self { id: text("clientId"), secret: text("clientSecret") }
    }
}

fn create(token: &str, body: &Value) -> Ask {
    Ask::new("POST", CREDENTIALS)
        .bearer(token)
        .header("content-type", "application/json")
        .body(body.to_string())
}

fn named(token: &str, name: &str) -> Ask {
    create(token, &json!({"credentialName": name}))
}

fn reset(token: &str, id: &str) -> Ask {
    Ask::new("POST", &format!("{CREDENTIALS}/{id}/reset")).bearer(token)
}

fn delete(token: &str, id: &str) -> Ask {
    Ask::new("DELETE", &format!("{CREDENTIALS}/{id}")).bearer(token)
}

/// `associatedTenant` for a workspace.
fn of_tenant(client: &Client, symbol: &str) -> Value {
    json!({"resourceUri": format!("/workspaces/v1/workspaces/{}", client.workspace(symbol))})
}

/// The names in a list.
async fn names(client: &Client, token: &str, filter: &str) -> Vec<String> {
    let query: &[(&str, &str)] = if filter.is_empty() { &[] } else { &[("filter", filter)] };
    client.list(token, CREDENTIALS, query).await.ended_with(200).column("credentialName")
}

/// Status, error code, message, and the status that the body tells if it tells another one.
fn words(answer: &Answer) -> (u16, String, String, u64) {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().expect(name).to_owned();
    (answer.status, text("errorCode"), text("message"), body["httpStatusCode"].as_u64().unwrap())
}

#[track_caller]
fn assert_words(answer: &Answer, status: u16, code: &str, message: &str) {
    let expected = (status, format!("HPE_GL_{code}"), message.to_owned(), status.into());
    assert_eq!(words(answer), expected, "{answer:?}");
}

const BAD: (&str, &str) = ("WORKSPACES_TENANT_NONEXISTANT", "Bad request");
const BAD_LIST: (&str, &str) = ("WORKSPACES_TENANT_NONEXISTANT", "Verification Failed");

/// The id of the provision that a workspace of the sample has.
async fn provision(client: &Client, token: &str) -> String {
    let list = client.get(token, super::PROVISIONS).await.ended_with(200);
    list.column("id").remove(0)
}

/// A session as the model sees it, of any user in any workspace.
fn session(world: &World, email: &str, workspace: &str) -> Session {
    Session {
        token: 1,
        client: ClientIx(0),
        user: world.user_named(email).unwrap(),
        workspace: world.workspace_named(workspace).unwrap(),
    }
}

/// The sample with one more client in the MSP workspace, of a user who has none there, and its pair.
fn with_a_second_user() -> (World, Pair) {
    let mut world = World::sample(DEFAULT_SEED);
    let session = session(&world, "ops.user@example.com", "msp");
    let new = NewCredential { name: "second".to_owned(), tenant: None, provision: None };
    let ix = world.create_credential(&session, new, "2025-12-31T00:00:00Z".parse().unwrap()).unwrap();
    let client = world.client(ix);
    let pair = Pair { id: client.id.clone(), secret: client.secret.value().unwrap().reveal().to_owned() };
    (world, pair)
}

#[tokio::test]
async fn a_credential_is_shown_as_it_was_made() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let provision = provision(&client, &abc).await;
    let body = json!({
        "credentialName": "API Credential",
        "associatedTenant": of_tenant(&client, "abc"),
        "associatedServiceManagerProvision": {
            "resourceUri": format!("/service-catalog/v1beta1/service-manager-provisions/{provision}"),
        },
    });
    client.advance("1ms");
    let made = client.send(create(&msp, &body)).await.ended_with(201);
    let pair = Pair::of(&made);
    assert_eq!(made.header("location"), Some(&*format!("{CREDENTIALS}/{}", pair.id)));
    let mut shown = made.json();
    let dates = [&shown["createdAt"], &shown["updatedAt"]];
    assert_eq!(dates, ["2026-01-01 00:00:00.001000", "2026-01-01 00:00:00.001000"]);
    let tenant = &shown["associatedTenant"];
    assert_eq!(
        *tenant,
        json!({"resourceUri": of_tenant(&client, "abc")["resourceUri"], "tenantName": "Tenant ABC"})
    );
    assert_eq!(shown["associatedServiceManagerProvision"], body["associatedServiceManagerProvision"]);
    assert_eq!((&shown["id"], &shown["generation"]), (&json!(pair.id), &json!(1)));
    // The same in both lists, without the secret.
    shown.as_object_mut().unwrap().remove("clientSecret").unwrap();
    let filter = format!("tenantId eq '{}'", client.workspace("abc"));
    let of_msp = client.list(&msp, CREDENTIALS, &[("filter", &filter)]).await.ended_with(200).json();
    assert_eq!(of_msp, json!({"items": [shown], "count": 1}));
    assert_eq!(client.get(&abc, CREDENTIALS).await.ended_with(200).json(), of_msp);
    // A reset changes the secret and the date, and nothing else.
    client.advance("90s");
    let again = client.send(reset(&msp, &pair.id)).await.ended_with(200);
    assert_ne!(Pair::of(&again).secret, pair.secret);
    shown["updatedAt"] = "2026-01-01 00:01:30.001000".into();
    let mut after = again.json();
    after.as_object_mut().unwrap().remove("clientSecret").unwrap();
    assert_eq!(after, shown);
    // What was made inside the tenant names none.
    let inside = client.send(named(&abc, "inside")).await.ended_with(201).json();
    assert_eq!(inside.get("associatedTenant"), None);
    assert_eq!(inside.get("associatedServiceManagerProvision"), None);
    assert_eq!(names(&client, &msp, &filter).await, ["API Credential", "inside"]);
}

#[tokio::test]
async fn the_list_is_the_users_own_in_the_workspace_of_the_session() {
    let (world, second) = with_a_second_user();
    let client = Client::of(world).await;
    let msp = client.mint("msp").await;
    client.send(named(&msp, "mine")).await.ended_with(201);
    client
        .send(create(
            &msp,
            &json!({"credentialName": "theirs", "associatedTenant": of_tenant(&client, "abc")}),
        ))
        .await
        .ended_with(201);
    assert_eq!(names(&client, &msp, "").await, ["msp", "msp-central", "mine"]);
    let other = tokens::minted(&client, &second, "msp").await.unwrap();
    assert_eq!(names(&client, &other, "").await, ["second"]);
    let abc = format!("tenantId eq '{}'", client.workspace("abc"));
    assert_eq!(names(&client, &msp, &abc).await, ["theirs"]);
    assert_eq!(names(&client, &other, &abc).await, [""; 0]);
    assert_eq!(names(&client, &client.mint("standard").await, "").await.len(), 3);
    // The user of the second client has others elsewhere, which the MSP's workspace does not show.
    client.send(named(&other, "mine")).await.ended_with(201);
    assert_eq!(names(&client, &other, "").await, ["second", "mine"]);
}

#[tokio::test]
async fn the_filter_names_a_tenant_in_either_spelling() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let body = json!({"credentialName": "a", "associatedTenant": of_tenant(&client, "oneil")});
    client.send(create(&msp, &body)).await.ended_with(201);
    let id = client.workspace("oneil").to_owned();
    let plain = id.replace('-', "");
    for filter in [
        format!("tenantId eq '{id}'"),
        format!("'tenantId eq {id}'"),
        format!("tenantId eq '{plain}'"),
        format!("'tenantId eq {plain}'"),
        format!("tenantId eq '{}'", id.to_uppercase()),
    ] {
        assert_eq!(names(&client, &msp, &filter).await, ["a"], "{filter}");
    }
    // As curl sends it, and as the page writes it.
    for query in [format!("tenantId%20eq%20%27{id}%27"), format!("'tenantId+eq+{id}'")] {
        let answer = client.get(&msp, &format!("{CREDENTIALS}?filter={query}")).await.ended_with(200);
        assert_eq!(answer.column("credentialName"), ["a"]);
    }
    assert_eq!(names(&client, &msp, " ").await, ["msp", "msp-central"], "an empty filter is none");
    for filter in [
        &*format!("tenantId eq {id}"),
        &format!("tenantId ne '{id}'"),
        &format!("tenantId eq '{id}' and tenantId eq '{id}'"),
        // Neither spelling, but both at once.
        &format!("'tenantId eq '{id}''"),
        "tenantId eq null",
        &format!("tenantId eq '{NOBODY}'"),
        &format!("tenantId eq '{}'", client.workspace("msp")),
        &format!("tenantId eq '{}'", client.workspace("standard")),
        "tenantId eq 'garbage'",
        "credentialName eq 'a'",
        "tenantId",
        "'",
    ] {
        let refused = client.list(&msp, CREDENTIALS, &[("filter", filter)]).await;
        assert_words(&refused, 400, BAD_LIST.0, BAD_LIST.1);
    }
}

#[tokio::test]
async fn outside_an_msp_workspace_the_filter_follows_its_dialect() {
    let client = Client::start().await;
    let standard = client.mint("standard").await;
    let abc = client.exchange(&client.mint("msp").await, "abc").await;
    client.send(named(&abc, "a")).await.ended_with(201);
    let filter = format!("tenantId eq '{}'", client.workspace("abc"));
    for token in [&standard, &abc] {
        let refused = client.list(token, CREDENTIALS, &[("filter", &filter)]).await;
        assert_words(&refused, 400, BAD_LIST.0, BAD_LIST.1);
    }
    client.dialect(&["non_msp_credentials_filter=ignore"]);
    for filter in [&filter, "garbage"] {
        assert_eq!(names(&client, &standard, filter).await.len(), 3);
        assert_eq!(names(&client, &abc, filter).await, ["a"]);
    }
    // An MSP's filter is an MSP's filter.
    client.list(&client.mint("msp").await, CREDENTIALS, &[("filter", "garbage")]).await.ended_with(400);
}

#[tokio::test]
async fn a_user_has_seven_credentials_in_a_workspace() {
    let (world, second) = with_a_second_user();
    let client = Client::of(world).await;
    let msp = client.mint("msp").await;
    let make = async |token: &str, name: &str| client.send(named(token, name)).await;
    // Those of the sample count.
    let mut ids = Vec::new();
    for n in 3..=7 {
        ids.push(Pair::of(&make(&msp, &format!("{n}")).await.ended_with(201)).id);
    }
    for (status, setting) in [(400, "400"), (409, "409"), (422, "422")] {
        client.dialect(&[&format!("eighth_credential={setting}")]);
        let refused = make(&msp, "eighth").await;
        let message = "Unable to create credentials at this time";
        assert_words(&refused, status, "WORKSPACES_UNABLE_CREATE_CREDENTIALS", message);
    }
    assert_eq!(names(&client, &msp, "").await.len(), 7);
    // A name that is taken is that first, whatever the number.
    make(&msp, "3").await.ended_with(409);
    // Another user, and the same one in another workspace, have seven of their own.
    let other = tokens::minted(&client, &second, "msp").await.unwrap();
    make(&other, "eighth").await.ended_with(201);
    let tenant = json!({"credentialName": "eighth", "associatedTenant": of_tenant(&client, "abc")});
    client.send(create(&msp, &tenant)).await.ended_with(201);
    // A reset takes no room, a deletion makes some.
    client.send(reset(&msp, &ids[0])).await.ended_with(200);
    make(&msp, "eighth").await.ended_with(422);
    client.send(delete(&msp, &ids[0])).await.ended_with(204);
    make(&msp, "eighth").await.ended_with(201);
    make(&msp, "ninth").await.ended_with(422);
}

#[tokio::test]
async fn a_name_is_given_once_by_a_user_in_a_workspace() {
    let (world, second) = with_a_second_user();
    let client = Client::of(world).await;
    let msp = client.mint("msp").await;
    let id = Pair::of(&client.send(named(&msp, "Nightly sync")).await.ended_with(201)).id;
    let taken = client.send(named(&msp, "Nightly sync")).await;
    assert_words(&taken, 409, "WORKSPACES_UNABLE_CREATE_CREDENTIALS", "Credential name already created.");
    // The sample's clients have names too.
    client.send(named(&msp, "msp")).await.ended_with(409);
    // Other texts, other users, other workspaces.
    client.send(named(&msp, "nightly sync")).await.ended_with(201);
    client
        .send(named(&tokens::minted(&client, &second, "msp").await.unwrap(), "Nightly sync"))
        .await
        .ended_with(201);
    for symbol in ["abc", "example"] {
        let body = json!({"credentialName": "Nightly sync", "associatedTenant": of_tenant(&client, symbol)});
        client.send(create(&msp, &body)).await.ended_with(201);
        client.send(create(&msp, &body)).await.ended_with(409);
    }
    client.send(delete(&msp, &id)).await.ended_with(204);
    client.send(named(&msp, "Nightly sync")).await.ended_with(201);
}

/// Sends all of them at once, each on a connection of its own, and gives their statuses in order.
async fn at_once(client: &Client, asks: impl IntoIterator<Item = Ask>) -> Vec<u16> {
    let mut rivals = tokio::task::JoinSet::new();
    for ask in asks {
        let rival = client.over(Road::Plain);
        rivals.spawn(async move { rival.send(ask).await.status });
    }
    let mut statuses = rivals.join_all().await;
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_creators_of_one_name_one_wins() {
    let client = Client::start().await;
    let standard = client.mint("standard").await;
    for round in 0..20 {
        let ask = named(&standard, "contested");
        assert_eq!(at_once(&client, [ask.clone(), ask]).await, [201, 409], "{round}");
        let id = client.get(&standard, CREDENTIALS).await.column("id").remove(3);
        let ask = delete(&standard, &id);
        assert_eq!(at_once(&client, [ask.clone(), ask]).await, [204, 404], "{round}");
    }
    // Of more names than there is room for, as many are given as there is room.
    let asks = (0..8).map(|n| named(&standard, &n.to_string()));
    assert_eq!(at_once(&client, asks).await, [201, 201, 201, 201, 400, 400, 400, 400]);
    assert_eq!(names(&client, &standard, "").await.len(), 7);
}

#[tokio::test]
async fn wrong_bodies_get_the_documented_400_and_change_nothing() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let post = |body: &str| Ask::new("POST", CREDENTIALS).bearer(&msp).body(body);
    let uri =
        |member: &str, uri: Value| json!({"credentialName": "a", member: {"resourceUri": uri}}).to_string();
    let tenant = |text: String| uri("associatedTenant", text.into());
    let provision = |text: String| uri("associatedServiceManagerProvision", text.into());
    let abc = client.workspace("abc");
    let mut wrong: Vec<String> = [
        "",
        "{",
        "[]",
        "null",
        "\"a\"",
        "{}",
        r#"{"credentialName": null}"#,
        r#"{"credentialName": 7}"#,
        r#"{"credentialName": ["a"]}"#,
        r#"{"credentialName": ""}"#,
        r#"{"credentialName": "   "}"#,
        r#"{"credentialname": "a"}"#,
        r#"{"credentialName": "a", "associatedTenant": "x"}"#,
        r#"{"credentialName": "a", "associatedTenant": {}}"#,
        r#"{"credentialName": "a", "associatedTenant": []}"#,
        r#"{"credentialName": "a", "associatedServiceManagerProvision": 1}"#,
        r#"{"credentialName": "a", "associatedServiceManagerProvision": {"id": "x"}}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    wrong.push(json!({"credentialName": "x".repeat(1_001)}).to_string());
    wrong.extend([
        uri("associatedTenant", Value::Null),
        uri("associatedTenant", 7.into()),
        tenant(abc.to_owned()),
        tenant(String::new()),
        tenant(format!("/workspaces/v1/workspaces/{abc}/contact")),
        tenant("/workspaces/v1/workspaces/garbage".to_owned()),
        tenant(format!("/workspaces/v1/msp-tenants/{abc}")),
        tenant(format!("/workspaces/v1/workspaces/{NOBODY}")),
        tenant(format!("/workspaces/v1/workspaces/{}", client.workspace("standard"))),
        tenant(format!("/workspaces/v1/workspaces/{}", client.workspace("msp"))),
        provision(NOBODY.to_owned()),
        provision(format!("/service-catalog/v2/service-manager-provisions/{NOBODY}")),
        provision(format!("/service-catalog/v1/service-managers/{NOBODY}")),
        provision("/service-catalog/v1/service-manager-provisions/garbage".to_owned()),
    ]);
    let before = names(&client, &msp, "").await;
    for body in &wrong {
        let refused = client.send(post(body)).await;
        assert_words(&refused, 400, BAD.0, BAD.1);
    }
    assert_eq!(names(&client, &msp, "").await, before);
    // A tenant, and a workspace that stands alone, manage nobody; a tenant not even itself.
    let token = client.exchange(&msp, "abc").await;
    for token in [token, client.mint("standard").await] {
        let body = json!({"credentialName": "a", "associatedTenant": of_tenant(&client, "abc")});
        assert_words(&client.send(create(&token, &body)).await, 400, BAD.0, BAD.1);
    }
    // What nobody documented is ignored, null is nothing, and the type of the body does not matter.
    let odd = r#"{"credentialName": "odd", "colour": 1, "associatedTenant": null,
        "associatedServiceManagerProvision": null}"#;
    client.send(post(odd)).await.ended_with(201);
    client
        .send(post(r#"{"credentialName": "x"}"#).header("content-type", "text/plain"))
        .await
        .ended_with(201);
    for query in ["?x=1", "?filter=garbage"] {
        let ask = Ask::new("POST", &format!("{CREDENTIALS}{query}"));
        let ask = ask.bearer(&msp).body(json!({"credentialName": query}).to_string());
        client.send(ask.clone()).await.ended_with(201);
        client.dialect(&["unknown_query=reject"]);
        assert_words(&client.send(ask).await, 400, BAD.0, BAD.1);
        client.dialect(&["unknown_query=by_family"]);
    }
}

#[tokio::test]
async fn a_tenant_is_named_in_both_documented_paths() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let id = client.workspace("abc").to_owned();
    for (n, path) in [
        format!("/workspaces/v1/workspaces/{id}"),
        format!("/workspaces/v1/workspace/{id}"),
        format!("/workspaces/v1/workspaces/{}", id.replace('-', "")),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"credentialName": format!("{n}"), "associatedTenant": {"resourceUri": path}});
        let made = client.send(create(&msp, &body)).await.ended_with(201).json();
        assert_eq!(made["associatedTenant"]["resourceUri"], format!("/workspaces/v1/workspaces/{id}"));
    }
}

#[tokio::test]
async fn a_credential_that_is_not_ones_own_is_not_there() {
    let (world, second) = with_a_second_user();
    let client = Client::of(world).await;
    let msp = client.mint("msp").await;
    let standard = client.mint("standard").await;
    let abc = client.exchange(&msp, "abc").await;
    let in_abc = Pair::of(&client.send(named(&abc, "inside")).await.ended_with(201)).id;
    let of_msp = client.credentials("msp-central").0.to_owned();
    let of_standard = client.credentials("standard-central").0.to_owned();
    for (token, id) in [
        (&msp, &*second.id),
        (&msp, &of_standard),
        (&standard, &of_msp),
        (&standard, &in_abc),
        // A tenant does not reach up, and a tenant not another one.
        (&abc, &of_msp),
        (&client.exchange(&msp, "oneil").await, &in_abc),
        (&msp, NOBODY),
        (&msp, client.workspace("msp")),
    ] {
        let refused = client.send(reset(token, id)).await;
        assert_words(&refused, 404, "ERROR_NOTFOUND", "Resource not found");
        let refused = client.send(delete(token, id)).await;
        let code = "WORKSPACES_UNABLE_RETRIEVE_CREDENTIALS";
        assert_words(&refused, 404, code, "Unable to find the credential");
    }
    for id in ["garbage", "%00", "7600415a", "msp", &"x".repeat(500)] {
        assert_words(&client.send(reset(&msp, id)).await, 400, BAD.0, BAD.1);
        assert_words(&client.send(delete(&msp, id)).await, 400, BAD.0, BAD.1);
    }
    // Nothing of all that had an effect.
    for name in ["msp", "msp-central", "standard", "standard-central"] {
        client.mint(name).await;
    }
    tokens::minted(&client, &second, "msp").await.unwrap();
    // The MSP reaches into its tenants, and the id may be written in its other forms.
    client.send(reset(&msp, &in_abc.replace('-', ""))).await.ended_with(200);
    client.send(delete(&msp, &in_abc.to_uppercase())).await.ended_with(204);
    assert_words(&client.send(reset(&msp, &in_abc)).await, 404, "ERROR_NOTFOUND", "Resource not found");
    for method in ["GET", "PUT", "PATCH", "POST"] {
        client.send(Ask::new(method, &format!("{CREDENTIALS}/{in_abc}")).bearer(&msp)).await.ended_with(405);
    }
}

#[tokio::test]
async fn a_role_decides_who_may() {
    let denied = [
        ("list", (403, "HPE_GL_ERROR_FORBIDDEN", "Not authorised", 403)),
        ("create", (403, "HPE_GL_ERROR_FORBIDDEN", "Verification Failed", 401)),
        (
            "reset",
            (403, "HPE_GL_WORKSPACES_UNABLE_RESET_CREDENTIALS", "Not authorized to reset credentials", 401),
        ),
        (
            "delete",
            (403, "HPE_GL_WORKSPACES_UNABLE_DELETE_CREDENTIALS", "Not authorized to delete credentials", 403),
        ),
    ];
    for (role, may) in [
        ("Administrator", &["list", "create", "reset", "delete"][..]),
        ("Operator", &["list", "create", "reset"]),
        ("Observer", &["list"]),
        ("None at all", &[]),
    ] {
        let mut world = World::sample(DEFAULT_SEED);
        world.roles.insert("None at all".to_owned(), Default::default());
        world.assign_role(UserIx(0), role).unwrap();
        let client = Client::of(world).await;
        let msp = client.mint("msp").await;
        let id = client.credentials("msp-central").0.to_owned();
        for (operation, (status, code, message, in_body)) in denied {
            let ask = match operation {
                "list" => Ask::get(CREDENTIALS).bearer(&msp),
                "create" => named(&msp, "a"),
                "reset" => reset(&msp, &id),
                _ => delete(&msp, &id),
            };
            client.dialect(&["credentials_quirks=clean"]);
            if may.contains(&operation) {
                assert!(client.send(ask).await.status < 300, "{role} {operation}");
                continue;
            }
            assert_words(&client.send(ask.clone()).await, 403, "ERROR_FORBIDDEN", "Forbidden Request");
            client.dialect(&["credentials_quirks=as_documented"]);
            let expected = (status, code.to_owned(), message.to_owned(), in_body);
            assert_eq!(words(&client.send(ask).await), expected, "{role} {operation}");
        }
    }
}

#[tokio::test]
async fn the_clean_dialect_has_the_words_of_the_platform() {
    let client = Client::speaking(&["credentials_quirks=clean", "eighth_credential=422"]).await;
    let msp = client.mint("msp").await;
    let post = |body: Value| create(&msp, &body);
    let bad = ("ERROR_BAD_REQUEST", "Bad Request");
    for (ask, named) in [
        (Ask::get(CREDENTIALS).bearer(&msp).query(&[("filter", "garbage")]), true),
        (Ask::get(CREDENTIALS).bearer(&msp).query(&[("filter", "tenantId eq 'x'")]), false),
        (post(json!({"credentialName": ""})), true),
        (post(json!([])), true),
        (post(json!({"credentialName": "a", "associatedTenant": of_tenant(&client, "msp")})), false),
        (delete(&msp, "garbage"), true),
    ] {
        let refused = client.send(ask).await;
        assert_words(&refused, 400, bad.0, bad.1);
        assert_eq!(refused.json().get("errorDetails").is_some(), named, "{refused:?}");
    }
    let missing = json!({"resourceUri": format!("/service-catalog/v1/service-manager-provisions/{NOBODY}")});
    let missing = json!({"credentialName": "a", "associatedServiceManagerProvision": missing});
    for ask in [post(missing), delete(&msp, NOBODY), reset(&msp, NOBODY)] {
        assert_words(&client.send(ask).await, 404, "ERROR_NOT_FOUND", "Not Found");
    }
    for n in 3..=7 {
        client.send(named(&msp, &n.to_string())).await.ended_with(201);
    }
    assert_eq!(words(&client.send(named(&msp, "3")).await).1, "HPE_GL_ERROR_CONFLICT");
    for (status, code) in
        [(422, "ERROR_UNPROCESSABLE_ENTITY"), (409, "ERROR_CONFLICT"), (400, "ERROR_BAD_REQUEST")]
    {
        client.dialect(&[&format!("eighth_credential={status}")]);
        let refused = words(&client.send(named(&msp, "8")).await);
        assert_eq!((refused.0, refused.1), (status, format!("HPE_GL_{code}")));
    }
}

#[tokio::test]
async fn the_service_has_a_401_of_its_own() {
    let client = Client::start().await;
    let list = Ask::get(CREDENTIALS);
    let missing = ("ERROR_UNAUTHORIZED", "Unauthorized Request");
    assert_words(&client.send(list.clone()).await, 401, missing.0, missing.1);
    client.dialect(&["glp_auth_error=service"]);
    for ask in [list.clone(), list.clone().bearer("nonsense"), named("x", "a"), reset("x", NOBODY)] {
        assert_words(&client.send(ask).await, 401, "ERROR_FORBIDDEN", "Verification Failed");
    }
    client.dialect(&["credentials_quirks=clean"]);
    assert_words(&client.send(list).await, 401, missing.0, missing.1);
}

#[tokio::test]
async fn commands_and_histories_name_credentials_and_show_no_secret() {
    let client = Client::speaking(&["audit=mutations"]).await;
    let msp = client.mint("msp").await;
    let sample_id = client.credentials("msp-central").0;
    let first = Pair::of(&client.send(named(&msp, "Nightly Sync")).await.ended_with(201));
    let second = Pair::of(&client.send(reset(&msp, &first.id)).await.ended_with(200));
    let third = Pair::of(&client.send(reset(&msp, &first.id)).await.ended_with(200));
    let sample = Pair::of(&client.send(reset(&msp, sample_id)).await.ended_with(200));
    let token = tokens::minted(&client, &third, "msp").await.unwrap();
    let Ok(Reply::World(world)) = client.emulator().run(Command::World) else { panic!("a world") };
    let view = |name: &str| world.clients.iter().find(|client| client.name == name).expect(name);
    let made = view("nightly-sync");
    assert_eq!((&made.client_id, &made.client_secret), (&first.id, &None));
    assert_eq!(
        (&*made.service, &*made.workspace, &*made.owner),
        ("platform", "msp", "msp.admin@example.com")
    );
    assert_eq!(view("msp-central").client_secret, None, "it is not the sample's any more");
    // Secrets, dead or alive, in every wrong place.
    for pair in [&first, &second, &third, &sample] {
        let secret = &pair.secret;
        client.send(Ask::get(&format!("{CREDENTIALS}?client_secret={secret}")).bearer(&token)).await;
        client.send(Ask::get(CREDENTIALS).bearer(&token).header("x-secret", secret)).await;
        client.send(delete(&token, secret)).await.ended_with(404);
        client.send(reset(&token, &format!("a{secret}"))).await.ended_with(400);
        client.send(Ask::get(CREDENTIALS).bearer(&token).query(&[("filter", secret)])).await.ended_with(400);
    }
    client.send(delete(&msp, &first.id)).await.ended_with(204);
    client.send(Ask::get(&format!("{CREDENTIALS}?client_secret={}", third.secret)).bearer(&msp)).await;
    let exchanges = client.emulator().history().exchanges();
    let changes: Vec<_> =
        exchanges.iter().filter_map(|it| it.response.as_ref()).flat_map(|it| it.changes.clone()).collect();
    assert_eq!(
        changes,
        [
            "credential nightly-sync created",
            "credential nightly-sync reset",
            "credential nightly-sync reset",
            "credential msp-central reset",
            "credential nightly-sync deleted",
        ]
    );
    let history = serde_json::to_string(&client.emulator().history().entries(0).0).unwrap();
    assert!(history.contains("nightly-sync#1"), "tokens are called by their credential");
    for pair in [&first, &second, &third, &sample] {
        assert!(!history.contains(&pair.secret), "{}", pair.id);
    }
    // The audit log of changes has each of them, newest first.
    let log = client.get(&msp, super::AUDIT).await.ended_with(200).column("description");
    let expected = [
        "Nightly Sync deleted",
        "msp-central reset",
        "Nightly Sync reset",
        "Nightly Sync reset",
        "Nightly Sync created",
    ];
    assert!(log.iter().eq(&expected.map(|what| format!("API client credential {what}"))), "{log:?}");
}
