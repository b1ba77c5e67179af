//! The audit log of GLP, in both versions.

use greenroom_model::{issue::Term, sample::DEFAULT_SEED, spec::Spec, world::World};
use serde_json::{Value, json};

use super::{AUDIT, DEVICES, INVENTORY, TENANTS, rows};
use crate::client::{Answer, Ask, Client};

const V2: &str = "/audit-log/v2beta1/logs";
const SUBSCRIPTIONS: &str = "/subscriptions/v1/subscriptions";
const CREDENTIALS: &str = "/workspaces/v1/credentials";
const SIGN_IN: &str = "User msp.admin@example.com logged in via API client.";
const PLATFORM: &str = "00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn the_audit_log_tells_sign_ins_and_calls_newest_first() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    client.advance("1m");
    client.get(&msp, TENANTS).await.ended_with(200);
    client.get(&msp, &format!("{DEVICES}/garbage")).await.ended_with(400);
    let abc = client.exchange(&msp, "abc").await;
    client.get(&abc, INVENTORY).await.ended_with(200);
    let own = client.get(&msp, AUDIT).await.ended_with(200);
    let list_tenants = "GET /workspaces/v1/msp-tenants";
    assert_eq!(own.column("description"), [list_tenants, SIGN_IN], "what was refused is not told");
    assert_eq!(own.column("createdAt"), ["2026-01-01T00:01:00Z", "2026-01-01T00:00:00Z"]);
    assert!(own.column("user").iter().all(|user| user == r#"{"username":"msp.admin@example.com"}"#));
    // Each workspace has its own log: the exchange and the tenant's call are in the tenant's.
    let tenants = client.get(&abc, AUDIT).await.ended_with(200);
    let id = client.workspace("abc").replace('-', "");
    let loading = format!("Loading workspace {id} for user msp.admin@example.com");
    assert_eq!(tenants.column("description"), [format!("GET {INVENTORY}"), loading]);
    let page = client.list(&msp, AUDIT, &[("limit", "1")]).await.ended_with(200);
    let body = page.json();
    assert_eq!(page.column("description"), [list_tenants], "reading the log does not lengthen it");
    assert_eq!([&body["count"], &body["offset"], &body["total"]], [1, 0, 2]);
    assert_eq!(body["remainingRecords"], false, "it is not about pages");
    let page = client.list(&msp, AUDIT, &[("limit", "1"), ("offset", "1")]).await.ended_with(200);
    assert_eq!(page.column("description"), [SIGN_IN]);
    let standard = client.mint("standard").await;
    let users = client.get(&standard, AUDIT).await.column("user");
    assert_eq!(users, [r#"{"username":"ops.user@example.com"}"#]);
}

#[tokio::test]
async fn the_audit_log_can_leave_reads_out() {
    let client = Client::speaking(&["audit=mutations"]).await;
    let msp = client.mint("msp").await;
    client.get(&msp, TENANTS).await.ended_with(200);
    assert_eq!(client.get(&msp, AUDIT).await.column("category"), [""; 0]);
}

/// Ann's order ends while Bob asks about it: it stays hers, and what he asked is told too.
#[tokio::test]
async fn an_effect_is_told_of_who_wanted_it_and_each_call_besides() {
    let file = "
users:
  - {email: ann@example.com}
  - {email: bob@example.com, workspaces: [acme]}
unclaimed:
  - {key: KEY1, tier: ADVANCED_AP}
  - {key: KEY2, tier: ADVANCED_AP}
workspaces:
  - symbol: acme
    owner: ann@example.com
    clients:
      - {name: anna, owner: ann@example.com}
      - {name: bobby, owner: bob@example.com}
";
    let world = World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap();
    let client = Client::of(world).await;
    let (ann, bob) = (client.mint("anna").await, client.mint("bobby").await);
    let order = async |key: &str| {
        let body = json!({"subscriptions": [{"key": key}]}).to_string();
        client.send(Ask::new("POST", SUBSCRIPTIONS).bearer(&ann).body(body)).await.ended_with(202)
    };
    let operation = order("KEY1").await.header("location").unwrap().to_owned();
    client.get(&bob, &operation).await.ended_with(200);
    assert_eq!(client.get(&bob, &operation).await.ended_with(200).json()["status"], "SUCCEEDED");
    let told = async || {
        let log = client.list(&ann, AUDIT, &[("limit", "4")]).await.ended_with(200);
        let user = |row: &Value| row["user"]["username"].as_str().unwrap().to_owned();
        rows(&log).iter().map(user).zip(log.column("description")).collect::<Vec<_>>()
    };
    let line = |who: &str, what: &str| (format!("{who}@example.com"), what.to_owned());
    let asked = "GET /subscriptions/v1/async-operations/{id}";
    let ordered = format!("POST {SUBSCRIPTIONS}");
    let added = "Subscription KEY1 added.";
    assert_eq!(
        told().await,
        [line("bob", asked), line("ann", added), line("bob", asked), line("ann", &ordered)]
    );
    // One that ends at once is told alike.
    client.dialect(&["async_pace=now"]);
    order("KEY2").await;
    let added = "Subscription KEY2 added.";
    assert_eq!(told().await[..2], [line("ann", &ordered), line("ann", added)]);
}

#[tokio::test]
async fn a_line_names_the_region_where_its_service_is() {
    let file = "
workspaces:
  - symbol: acme
    provisions: [{service_manager: central, region: eu-central}]
    clients: [{name: acme}]
";
    let client = Client::of(World::from_spec(&Spec::read(file.as_bytes()).unwrap()).unwrap()).await;
    let token = client.mint("acme").await;
    client.get(&token, INVENTORY).await.ended_with(200);
    let log = client.get(&token, AUDIT).await.ended_with(200);
    assert_eq!(log.column("description")[0], LOOKED);
    assert_eq!(log.column("region"), ["eu-central", "us-west"]);
    let of_region = [("filter", "region eq 'eu-central'")];
    assert_eq!(client.list(&token, AUDIT, &of_region).await.column("description"), [LOOKED]);
}

/// However much matches, ten thousand lines can be read; `remainingRecords` says that there are more.
#[tokio::test]
async fn ten_thousand_lines_can_be_read_and_more_are_counted() {
    let mut world = World::sample(DEFAULT_SEED);
    let (client, _) = world.clients().next().unwrap();
    let early = "2025-12-31T00:00:00Z".parse().unwrap();
    for _ in 0..10_000 {
        world.issue_for(client, None, Term::OfKind, early).unwrap();
    }
    let client = Client::of(world).await;
    let told = |answer: &Answer| {
        let body = answer.json();
        (body["count"].clone(), body["total"].clone(), body["remainingRecords"].clone())
    };
    let standard = client.mint("standard").await;
    assert_eq!(told(&client.get(&standard, AUDIT).await), (1.into(), 1.into(), false.into()));
    let msp = client.mint("msp").await;
    for path in [AUDIT, V2] {
        let newest = client.list(&msp, path, &[("limit", "2")]).await.ended_with(200);
        let shown = newest.column("createdAt");
        assert!(shown[0].starts_with("2026-01-01T") && shown[1].starts_with("2025-12-31T"), "{shown:?}");
        assert_eq!(told(&newest), (2.into(), 10_000.into(), true.into()), "{path}");
        assert_eq!(told(&client.get(&msp, path).await), (50.into(), 10_000.into(), true.into()), "{path}");
        let last = client.list(&msp, path, &[("limit", "2000"), ("offset", "9000")]).await;
        assert_eq!(told(&last), (1_000.into(), 10_000.into(), true.into()), "{path}");
        let narrow = [("limit", "2000"), ("filter", "createdAt lt '2026-01-01T00:00:00Z'")];
        assert_eq!(
            told(&client.list(&msp, path, &narrow).await),
            (2_000.into(), 10_000.into(), false.into())
        );
    }
    client.dialect(&["audit_v1_default_limit=2000"]);
    assert_eq!(client.get(&msp, AUDIT).await.json()["count"], 2000);
}

#[tokio::test]
async fn lines_are_gone_after_three_months() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let id = client.get(&msp, V2).await.column("id").pop().unwrap();
    let until = async |at: &str| {
        client.emulator().clock().set(at.parse().unwrap()).unwrap();
        client.mint("msp").await
    };
    let msp = until("2026-04-01T00:00:00Z").await;
    client.get(&msp, &format!("{V2}/{id}")).await.ended_with(200);
    let msp = until("2026-04-01T00:00:01Z").await;
    client.get(&msp, &format!("{V2}/{id}")).await.ended_with(404);
    client.get(&msp, &format!("{V2}/{id}/details")).await.ended_with(404);
    let days = client.get(&msp, AUDIT).await.column("createdAt");
    assert!(days.iter().all(|at| at.starts_with("2026-04-01")), "{days:?}");
}

/// A sign-in, a read at the platform and at Central, and a credential made.
async fn told() -> (Client, String) {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    client.advance("1s");
    client.get(&msp, TENANTS).await.ended_with(200);
    client.get(&msp, INVENTORY).await.ended_with(200);
    client.advance("1s");
    let new = Ask::new("POST", CREDENTIALS).bearer(&msp).header("content-type", "application/json");
    client.send(new.body(json!({"credentialName": "Night's sync"}).to_string())).await.ended_with(201);
    (client, msp)
}

const MADE: &str = "API client credential Night's sync created";
const LISTED: &str = "GET /workspaces/v1/msp-tenants";
const LOOKED: &str = "GET /network-monitoring/v1/device-inventory";

#[tokio::test]
async fn filters_choose_lines_in_both_versions() {
    let (client, msp) = told().await;
    let all: &[&str] = &[MADE, LOOKED, LISTED, SIGN_IN];
    let central = World::service_manager(greenroom_model::access::Service::Central);
    let of_central = format!("serviceOffer/id eq '{central}'");
    let of_both = format!("serviceOffer/id in ('{PLATFORM}', '{central}')");
    let application = format!("application/id eq '{central}'");
    let v1 = [
        ("", all),
        ("createdAt ge '2026-01-01T00:00:02Z'", &[MADE]),
        ("createdAt lt '2026-01-01T00:00:01Z'", &[SIGN_IN]),
        ("category in ('User Management', 'Other')", &[SIGN_IN]),
        ("description eq 'API client credential Night''s sync created'", &[MADE]),
        ("contains(description, 'Night''s')", &[MADE]),
        ("user/username contains 'msp.admin' and category eq 'API Gateway'", &[MADE, LOOKED, LISTED]),
        ("user/username eq 'nobody@example.com'", &[]),
        ("contains(additionalInfo/ipAddress, '127.0')", all),
        ("additionalInfo/ipAddress eq '192.0.2.1'", &[]),
        ("workspace/workspaceName eq 'Other'", &[]),
        ("hasDetails eq 'true'", &[MADE, SIGN_IN]),
        ("hasDetails eq 'false'", &[LOOKED, LISTED]),
        ("region eq 'us-west'", all),
        (&application, &[LOOKED]),
    ];
    for (filter, expected) in v1 {
        let answer = client.list(&msp, AUDIT, &[("filter", filter)]).await.ended_with(200);
        assert_eq!(answer.column("description"), expected, "{filter}");
        assert_eq!(answer.json()["total"], expected.len(), "{filter}");
    }
    let platforms: &[&str] = &[MADE, LISTED, SIGN_IN];
    let v2 = [
        // Without a service the platform's alone.
        ("", platforms),
        (&*of_central, &[LOOKED]),
        (&*of_both, all),
        ("region eq 'global'", platforms),
        ("region eq 'us-west'", &[]),
        ("workspace/type eq 'MSP'", platforms),
        ("workspace/type eq 'TENANT'", &[]),
        ("contains(username, '@example') and hasDetails eq 'true'", &[MADE, SIGN_IN]),
        ("contains(ipAddress, '127.')", platforms),
    ];
    for (filter, expected) in v2 {
        let answer = client.list(&msp, V2, &[("filter", filter)]).await.ended_with(200);
        assert_eq!(answer.column("description"), expected, "{filter}");
        assert_eq!(answer.json()["total"], expected.len(), "{filter}");
    }
    for (text, expected) in [
        ("NIGHT'S", &[MADE][..]),
        ("user management", &[SIGN_IN]),
        ("msp.admin@", all),
        ("127.0.0.1", all),
        ("no such text", &[]),
    ] {
        let answer = client.list(&msp, AUDIT, &[("all", text)]).await.ended_with(200);
        assert_eq!(answer.column("description"), expected, "{text}");
    }
}

#[tokio::test]
async fn lines_are_sorted_and_cut_as_asked() {
    let (client, msp) = told().await;
    let sorted = async |sort: &str| client.list(&msp, V2, &[("sort", sort)]).await.column("description");
    assert_eq!(sorted("createdAt").await, [MADE, LISTED, SIGN_IN], "descending, if nothing is said");
    assert_eq!(sorted("createdAt asc").await, [SIGN_IN, LISTED, MADE]);
    assert_eq!(sorted("category asc, description desc").await, [LISTED, MADE, SIGN_IN]);
    assert_eq!(sorted("description").await, [SIGN_IN, LISTED, MADE]);
    // Of one second as well.
    client.get(&msp, DEVICES).await.ended_with(200);
    client.get(&msp, CREDENTIALS).await.ended_with(200);
    let devices = format!("GET {DEVICES}");
    let credentials = format!("GET {CREDENTIALS}");
    assert_eq!(sorted("createdAt asc").await, [SIGN_IN, LISTED, MADE, &devices, &credentials]);
    assert_eq!(sorted("createdAt desc").await, [&credentials, &devices, MADE, LISTED, SIGN_IN]);
    let page = [("sort", "createdAt asc"), ("limit", "1"), ("offset", "1")];
    assert_eq!(client.list(&msp, V2, &page).await.column("description"), [LISTED]);
    let keys = async |path: &str, select: &str| {
        let answer = client.get(&msp, &format!("{path}?limit=1&select={select}")).await.ended_with(200);
        let item = &answer.json()["items"][0];
        item.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        keys(V2, "createdAt,%20username,category").await,
        ["id", "type", "username", "category", "createdAt"]
    );
    assert_eq!(keys(AUDIT, "user").await, ["id", "type", "user"]);
}

#[tokio::test]
async fn an_entry_is_read_by_its_id_and_by_nobody_else() {
    let (client, msp) = told().await;
    let abc = client.exchange(&msp, "abc").await;
    let list = client.get(&msp, V2).await.ended_with(200);
    for item in list.json()["items"].as_array().unwrap() {
        let path = format!("{V2}/{}", item["id"].as_str().unwrap());
        assert_eq!(client.get(&msp, &path).await.ended_with(200).json(), *item);
        let details = client.get(&msp, &format!("{path}/details")).await;
        if item["hasDetails"] == true {
            let details = details.ended_with(200).json();
            assert_eq!([&details["id"], &details["header"]], [&item["id"], &item["description"]]);
        } else {
            details.ended_with(404);
        }
        client.get(&abc, &path).await.ended_with(404);
        client.get(&abc, &format!("{path}/details")).await.ended_with(404);
    }
    let list = client.get(&msp, AUDIT).await.json();
    let details = |item: &Value| format!("{AUDIT}/{}/detail", item["id"].as_str().unwrap());
    let made = client.get(&msp, &details(&list["items"][0])).await.ended_with(200).json();
    let credentials = client.get(&msp, CREDENTIALS).await.json();
    let id = credentials["items"].as_array().unwrap().last().unwrap()["clientId"].as_str().unwrap();
    assert_eq!(made["body"], json!([format!("Client ID: {id}")]));
    client.get(&msp, &details(&list["items"][1])).await.ended_with(404);
    client.get(&abc, &details(&list["items"][0])).await.ended_with(404);
    client.get(&msp, &format!("{AUDIT}/nobody/detail")).await.ended_with(404);
}

/// To the letter, where the specification of the second beta has a sample.
#[tokio::test]
async fn what_the_audit_log_dislikes() {
    let (client, msp) = told().await;
    let unsupported = |name| format!("Unsupported {name} attributes are passed in query parameter.");
    let many: Vec<_> = (0..6).map(|n| format!("'{PLATFORM}{n}'")).collect();
    let many = format!("serviceOffer/id in ({})", many.join(", "));
    let region = "Invalid region value 'invalid-region' provided. Supported region codes include us-west, \
                  us-east, eu-central, etc.";
    for (path, name, value, source, text) in [
        (
            AUDIT,
            "limit",
            "3000",
            "query.parameter",
            "Invalid limit value '3000' provided. Maximum allowed limit is 2000.",
        ),
        (
            V2,
            "limit",
            "3000",
            "query.parameter",
            "Invalid limit value '3000' provided. Maximum allowed limit is 2000.",
        ),
        (V2, "limit", "0", "query.parameter", "Invalid limit value '0' provided."),
        (V2, "offset", "-1", "query.parameter", "Invalid offset value '-1' provided."),
        (AUDIT, "select", "colour", "hpe.greenlake.audit-log", &*unsupported("select")),
        (V2, "select", "id", "hpe.greenlake.audit-log", &*unsupported("select")),
        (V2, "sort", "colour", "query.parameter", &*unsupported("sort")),
        (AUDIT, "filter", "region eq 'invalid-region'", "query.parameter", region),
        (V2, "filter", "region eq 'invalid-region'", "query.parameter", region),
        (V2, "filter", &many, "query.parameter", "Maximum 5 serviceOffer/id can be passed in the filter."),
        (
            V2,
            "filter",
            "category ne 'x'",
            "query.parameter",
            "Invalid operator 'ne' used in filter. Supported operators are eq, in, contains, lt, ge.",
        ),
    ] {
        let body = client.list(&msp, path, &[(name, value)]).await.ended_with(400).json();
        assert_eq!(body["errorCode"], "HPE_GL_ERROR_BAD_REQUEST");
        assert_eq!(body["message"], "Bad request error");
        let issue = json!({"source": source, "subject": name, "description": text});
        let details = json!([{"type": "hpe.greenlake.bad_request", "issues": [issue]}]);
        assert_eq!(body["errorDetails"], details, "{path} {name}={value}");
    }
}
