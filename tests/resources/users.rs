//! Users of GLP: who is listed where, and what becomes of the clients and tokens of who is removed or shut out.

use greenroom_model::spec::Patch;
use serde_json::{Value, json};

use super::{AUDIT, DEVICES, INVENTORY, TENANTS, rows};
use crate::client::{Answer, Ask, Client};

const USERS: &str = "/identity/v1/users";
const CREDENTIALS: &str = "/workspaces/v1/credentials";
const ADMIN: &str = "msp.admin@example.com";

fn ask(method: &str, path: &str, token: &str, body: &Value) -> Ask {
    let ask = Ask::new(method, path).bearer(token).header("content-type", "application/json");
    ask.body(body.to_string())
}

async fn invite(client: &Client, token: &str, email: &str) -> Answer {
    client.send(ask("POST", USERS, token, &json!({"email": email, "sendWelcomeEmail": false}))).await
}

/// The path of a user who is listed.
async fn path_of(client: &Client, token: &str, email: &str) -> String {
    let filter = format!("username eq '{email}'");
    let found = client.list(token, USERS, &[("filter", &filter)]).await.ended_with(200).column("id");
    assert_eq!(found.len(), 1, "{email}: {found:?}");
    format!("{USERS}/{}", found[0])
}

#[tokio::test]
async fn a_workspace_lists_its_own_users() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let own = client.get(&msp, USERS).await.ended_with(200).json();
    let item = &own["items"][0];
    assert_eq!([&own["count"], &own["total"], &own["offset"]], [1, 1, 0]);
    assert_eq!([&item["username"], &item["userStatus"]], [ADMIN, "VERIFIED"]);
    assert_eq!([&item["firstName"], &item["lastName"]], ["Msp", "Admin"]);
    assert_eq!(item["lastLogin"], "2026-01-01T00:00:00.000Z", "a sign-in by client is one");
    let one = client.get(&msp, item["resourceUri"].as_str().unwrap()).await.ended_with(200);
    assert_eq!(one.json(), *item);
    let standard = client.mint("standard").await;
    assert_eq!(client.get(&standard, USERS).await.column("username"), ["ops.user@example.com"]);
    // The MSP's users act in its tenants and are none of theirs.
    let abc = client.exchange(&msp, "abc").await;
    assert_eq!(client.get(&abc, USERS).await.ended_with(200).column("username"), [""; 0]);
    client.get(&abc, item["resourceUri"].as_str().unwrap()).await.ended_with(412);
    client.get(&standard, item["resourceUri"].as_str().unwrap()).await.ended_with(412);
    client.get(&msp, &format!("{USERS}/nobody")).await.ended_with(422);
}

#[tokio::test]
async fn who_was_invited_is_listed_at_once_and_only_there() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    client.advance("1m");
    let new = invite(&client, &msp, "New.One@example.com").await.ended_with(201);
    let location = new.header("location").unwrap().to_owned();
    let user = client.get(&msp, &location).await.ended_with(200).json();
    assert_eq!(user["resourceUri"], location);
    assert_eq!([&user["username"], &user["userStatus"]], ["New.One@example.com", "UNVERIFIED"]);
    assert_eq!(user["createdAt"], "2026-01-01T00:01:00.000Z");
    assert!(user.get("firstName").is_none() && user.get("lastLogin").is_none(), "{user}");
    invite(&client, &msp, "new.one@EXAMPLE.com").await.ended_with(409);
    invite(&client, &msp, ADMIN).await.ended_with(409);
    // The same account in another workspace.
    let standard = client.mint("standard").await;
    let there = invite(&client, &standard, "new.one@example.com").await.ended_with(201);
    assert_eq!(there.header("location"), Some(&*location));
    invite(&client, &msp, "someone@example.com.kp").await.ended_with(451);
    client.dialect(&["export_compliance=off"]);
    invite(&client, &msp, "someone@example.com.kp").await.ended_with(201);
    for (body, status) in [
        (json!({"email": "no address"}), 422),
        (json!({"email": 5}), 422),
        (json!({}), 422),
        (json!({"email": "x@example.com", "sendWelcomeEmail": "yes"}), 422),
        (json!(["x@example.com"]), 400),
    ] {
        client.send(ask("POST", USERS, &msp, &body)).await.ended_with(status);
    }
    assert_eq!(client.get(&msp, USERS).await.json()["total"], 3);
}

#[tokio::test]
async fn filters_and_pages_find_each_user_once() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for number in 0..5 {
        client.advance("1s");
        invite(&client, &msp, &format!("user{number}@example.com")).await.ended_with(201);
    }
    let find = async |filter: &str| {
        client.list(&msp, USERS, &[("filter", filter)]).await.ended_with(200).column("username")
    };
    assert_eq!(find("userStatus eq 'VERIFIED'").await, [ADMIN]);
    assert_eq!(find("userStatus eq 'verified'").await, [""; 0], "it is case-sensitive");
    assert_eq!(find("userStatus ne 'VERIFIED'").await.len(), 5);
    assert_eq!(find("firstName eq 'Msp' and lastName eq 'Admin'").await, [ADMIN]);
    assert_eq!(find("createdAt gt '2026-01-01T00:00:04'").await, ["user4@example.com"]);
    assert_eq!(find("lastLogin lt '2026-01-01T00:00:01'").await, [ADMIN]);
    assert_eq!(find("username eq 'user1@example.com' or username eq 'user3@example.com'").await.len(), 2);
    assert_eq!(find("contains(username,'user2')").await, ["user2@example.com"]);
    let id = client.get(&msp, USERS).await.column("id").pop().unwrap();
    assert_eq!(find(&format!("id eq '{id}'")).await, ["user4@example.com"]);
    client.list(&msp, USERS, &[("filter", "colour eq 'red'")]).await.ended_with(400);
    for (limit, status) in [("600", 200), ("601", 400), ("0", 400)] {
        client.list(&msp, USERS, &[("limit", limit)]).await.ended_with(status);
    }
    client.list(&msp, USERS, &[("offset", "-1")]).await.ended_with(400);
    let mut seen = Vec::new();
    for offset in 0..3 {
        let offset = (offset * 2).to_string();
        let page = client.list(&msp, USERS, &[("limit", "2"), ("offset", &offset)]).await.ended_with(200);
        assert_eq!(page.json()["total"], 6);
        seen.extend(page.column("username"));
    }
    assert_eq!(seen, client.get(&msp, USERS).await.column("username"));
}

#[tokio::test]
async fn preferences_are_taken_and_counted() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let path = path_of(&client, &msp, ADMIN).await;
    client.advance("1h");
    let msp = client.mint("msp").await;
    let put = async |body: Value| client.send(ask("PUT", &path, &msp, &body)).await;
    put(json!({"language": "jp", "idleTimeout": 600})).await.ended_with(200);
    put(json!({})).await.ended_with(200);
    let user = client.get(&msp, &path).await.json();
    assert_eq!([&user["generation"], &user["updatedAt"]], [&json!(3), &json!("2026-01-01T01:00:00.000Z")]);
    for body in [json!({"language": "ja"}), json!({"idleTimeout": "600"}), json!({"idleTimeout": -1})] {
        put(body).await.ended_with(422);
    }
    put(json!("en")).await.ended_with(400);
    assert_eq!(client.get(&msp, &path).await.json()["generation"], 3, "what is refused changes nothing");
    let nobody = format!("{USERS}/{}", client.workspace("abc"));
    client.send(ask("PUT", &nobody, &msp, &json!({}))).await.ended_with(412);
}

/// `glp.md §2.4`: "Deleting the user invalidates its clients"; §11 U29.
#[tokio::test]
async fn the_clients_and_tokens_of_who_is_removed_end() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let sso = client.mint_sso("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let path = path_of(&client, &msp, ADMIN).await;
    client.send(Ask::new("DELETE", &path).bearer(&msp)).await.ended_with(204);
    for (token, asked) in [(&msp, TENANTS), (&abc, DEVICES), (&sso, USERS), (&msp, CREDENTIALS)] {
        let refused = client.get(token, asked).await.ended_with(403);
        assert_eq!(refused.json()["errorCode"], "HPE_AUTHZ_BLOCKED_USER", "{asked}");
    }
    client.get(&abc, INVENTORY).await.ended_with(403);
    let minted = client.send(client.mint_ask("msp", &client.issuer("msp"))).await.ended_with(401);
    assert_eq!(minted.json()["error"], "invalid_client");
    client.send(client.exchange_ask(&msp, "abc")).await.ended_with(401);
    client.dialect(&["shut_out_user=unauthorized_401"]);
    client.get(&msp, TENANTS).await.ended_with(401);
}

#[tokio::test]
async fn a_blocked_user_is_let_in_again_when_that_is_over() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let patch = |status: &str| {
        let text = format!("users: {{change: [{{email: {ADMIN}, status: {status}}}]}}");
        client.emulator().patch_world(&Patch::read(text.as_bytes()).unwrap()).unwrap()
    };
    for status in ["BLOCKED", "SUSPENDED"] {
        let changes = patch(status);
        assert_eq!((changes.users_changed, changes.devices_changed.len()), (vec![ADMIN.to_owned()], 0));
        client.get(&msp, TENANTS).await.ended_with(403);
        client.get(&abc, INVENTORY).await.ended_with(403);
        client.send(client.mint_ask("msp", &client.issuer("msp"))).await.ended_with(401);
        client.send(client.exchange_ask(&msp, "abc")).await.ended_with(401);
        client.dialect(&["shut_out_user=unauthorized_401"]);
        client.get(&msp, TENANTS).await.ended_with(401);
        client.get(&abc, INVENTORY).await.ended_with(401);
        client.dialect(&["shut_out_user=forbidden_403"]);
        patch("VERIFIED");
        client.get(&msp, TENANTS).await.ended_with(200);
        client.get(&abc, INVENTORY).await.ended_with(200);
        client.mint("msp").await;
    }
    let status = client.get(&msp, USERS).await.column("userStatus");
    assert_eq!(status, ["VERIFIED"]);
    let nobody = "users: {change: [{email: msp.admim@example.com, status: BLOCKED}]}";
    let misfits = client.emulator().patch_world(&Patch::read(nobody.as_bytes()).unwrap()).unwrap_err();
    assert!(misfits.to_string().contains("did you mean msp.admin@example.com?"), "{misfits}");
}

#[tokio::test]
async fn a_removal_can_be_seen_to_take_its_time() {
    let client = Client::speaking(&["user_removal=staged"]).await;
    let msp = client.mint("msp").await;
    invite(&client, &msp, "guest@example.com").await.ended_with(201);
    let path = path_of(&client, &msp, "guest@example.com").await;
    client.send(Ask::new("DELETE", &path).bearer(&msp)).await.ended_with(204);
    let status = async || client.get(&msp, &path).await.json()["userStatus"].clone();
    assert_eq!(status().await, "DELETE_IN_PROGRESS");
    client.send(Ask::new("DELETE", &path).bearer(&msp)).await.ended_with(412);
    client.advance("10s");
    assert_eq!(status().await, "DELETED");
    let deleted = client.list(&msp, USERS, &[("filter", "userStatus eq 'DELETED'")]).await;
    assert_eq!(deleted.column("username"), ["guest@example.com"]);
    client.dialect(&["user_removal=gone"]);
    client.get(&msp, &path).await.ended_with(412);
    // Whoever is invited again is back, by the same id.
    invite(&client, &msp, "guest@example.com").await.ended_with(201);
    assert_eq!(status().await, "UNVERIFIED");
}

#[tokio::test]
async fn each_effect_on_a_user_is_told_once() {
    let client = Client::speaking(&["audit=mutations"]).await;
    let msp = client.mint("msp").await;
    invite(&client, &msp, "guest@example.com").await.ended_with(201);
    invite(&client, &msp, "guest@example.com").await.ended_with(409);
    let path = path_of(&client, &msp, "guest@example.com").await;
    client.send(ask("PUT", &path, &msp, &json!({}))).await.ended_with(200);
    client.send(Ask::new("DELETE", &path).bearer(&msp)).await.ended_with(204);
    let log = client.get(&msp, AUDIT).await.ended_with(200);
    let told = ["removed", "updated", "invited"].map(|what| format!("User guest@example.com {what}"));
    assert_eq!(log.column("description"), told);
    for row in rows(&log) {
        assert_eq!([&row["category"], &row["user"]["username"]], ["User Management", ADMIN]);
        assert_eq!(row["hasDetails"], true);
    }
    let exchanges = client.emulator().history().exchanges();
    let changes: Vec<_> =
        exchanges.iter().filter_map(|it| it.response.as_ref()).flat_map(|it| it.changes.clone()).collect();
    assert_eq!(
        changes,
        ["invited", "changed", "removed"].map(|what| format!("user guest@example.com {what}"))
    );
}

#[tokio::test]
async fn every_list_is_read_whole_by_a_client_that_pages_by_itself() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for number in 0..7 {
        client.advance("1s");
        invite(&client, &msp, &format!("user{number}@example.com")).await.ended_with(201);
    }
    // As gl-style clients page: a small limit and an offset that grows by what came, until `total`.
    for (path, limit) in [
        (TENANTS, 2),
        (DEVICES, 97),
        (USERS, 3),
        ("/subscriptions/v1/subscriptions", 2),
        ("/service-catalog/v1/service-managers", 1),
        ("/service-catalog/v1/per-region-service-managers", 2),
        (super::PROVISIONS, 1),
        (AUDIT, 2),
        ("/audit-log/v2beta1/logs", 3),
    ] {
        let limit = limit.to_string();
        let most: &[_] = if path.starts_with("/audit-log") { &[("limit", "2000")] } else { &[] };
        let whole = rows(&client.list(&msp, path, most).await.ended_with(200));
        let (mut seen, mut total) = (Vec::new(), 1);
        while (seen.len() as u64) < total {
            let offset = seen.len().to_string();
            let page =
                client.list(&msp, path, &[("limit", &limit), ("offset", &offset)]).await.ended_with(200);
            total = page.json()["total"].as_u64().unwrap();
            let page = rows(&page);
            assert!(!page.is_empty(), "{path} at {offset} of {total}");
            seen.extend(page);
        }
        assert_eq!(seen.len() as u64, total, "{path}");
        assert_eq!(seen, whole, "{path}: full records, in one order");
        let mut ids: Vec<_> = seen.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), seen.len(), "{path}: each record once");
    }
}
