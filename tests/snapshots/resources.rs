//! Answers and refusals of the resource APIs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom_emulator::command::{AssignRole, Command};
use greenroom_model::{role::Role, sample::DEFAULT_SEED, world::World};
use serde_json::{Value, json};

use crate::client::{APIGW, Ask, CENTRAL, Client, GLP};

const TENANTS: &str = "/workspaces/v1/msp-tenants";
const WORKSPACES: &str = "/workspaces/v1/workspaces";
const DEVICES: &str = "/devices/v1/devices";
const USERS: &str = "/identity/v1/users";
const AUDIT: &str = "/audit-log/v1/logs";
const AUDIT_V2BETA1: &str = "/audit-log/v2beta1/logs";
const PROVISIONS: &str = "/service-catalog/v1/service-manager-provisions";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
const LIST_TENANTS: &str = "/network-msp/v1/list-tenants";

/// A token that nobody issued, with a key id of somebody else.
fn alien() -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({"alg": "RS256", "kid": "somebody-else"}));
    format!("{head}.{}.{}", part(json!({"sub": "x"})), URL_SAFE_NO_PAD.encode("signature"))
}

#[tokio::test]
async fn answers_of_glp() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let get = |path: &str| Ask::get(path).bearer(&msp);
    let page = |path, limit, offset| get(path).query(&[("limit", limit), ("offset", offset)]);
    client.shot("msp-tenants", page(TENANTS, "2", "1")).await;
    client.shot("msp-tenants-none", get(TENANTS).query(&[("filter", "workspaceName eq 'Nobody'")])).await;
    client.shot("workspace-msp", get(&format!("{WORKSPACES}/{}", client.workspace("msp")))).await;
    // The MSP's own network devices, servers, storage, unassigned; then those of the first tenant.
    client.shot("devices-own", page(DEVICES, "1", "0")).await;
    client.shot("devices-compute", page(DEVICES, "1", "15")).await;
    client.shot("devices-storage", page(DEVICES, "1", "18")).await;
    client.shot("devices-unassigned", page(DEVICES, "1", "20")).await;
    let of_tenant = client.shot("devices-of-tenant", page(DEVICES, "1", "22")).await;
    let id = of_tenant.column("id").remove(0);
    client.shot("device", get(&format!("{DEVICES}/{id}"))).await;
    client.shot("devices-past-end", page(DEVICES, "5", "5000")).await;
    client.shot("audit-log", page(AUDIT, "2", "0")).await;
    let sign_in = client.get(&msp, AUDIT).await.column("id").pop().unwrap();
    client.shot("audit-details", get(&format!("{AUDIT}/{sign_in}/detail"))).await;
    client.shot("audit-log-v2beta1", page(AUDIT_V2BETA1, "2", "0")).await;
    let sign_in = client.get(&msp, AUDIT_V2BETA1).await.column("id").pop().unwrap();
    client.shot("audit-entry-v2beta1", get(&format!("{AUDIT_V2BETA1}/{sign_in}"))).await;
    client.shot("audit-details-v2beta1", get(&format!("{AUDIT_V2BETA1}/{sign_in}/details"))).await;
    let provisions = client.shot("provisions", get(PROVISIONS)).await;
    let id = provisions.column("id").remove(0);
    client.shot("provision", get(&format!("{PROVISIONS}/{id}"))).await;
    client.shot("head", Ask::new("HEAD", TENANTS).bearer(&msp)).await;
    let tenant = client.exchange(&msp, "oneil").await;
    let own = format!("{WORKSPACES}/{}", client.workspace("oneil"));
    client.shot("workspace-tenant", Ask::get(&own).bearer(&tenant)).await;
    let standard = client.mint("standard").await;
    let own = format!("{WORKSPACES}/{}", client.workspace("standard"));
    client.shot("workspace-standard", Ask::get(&own).bearer(&standard)).await;
}

#[tokio::test]
async fn answers_of_users() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let ask = |method: &str, path: &str, body: &str| {
        let ask = Ask::new(method, path).bearer(&msp).header("content-type", "application/json");
        ask.body(body.to_owned())
    };
    let guest = r#"{"email": "guest@example.com", "sendWelcomeEmail": true}"#;
    let invited = client.shot("user-invited", ask("POST", USERS, guest)).await;
    let path = invited.header("location").unwrap().to_owned();
    client
        .shots([
            ("users", Ask::get(USERS).bearer(&msp).query(&[("limit", "2"), ("offset", "0")])),
            ("user", Ask::get(&path).bearer(&msp)),
            ("users-409", ask("POST", USERS, guest)),
            ("users-451", ask("POST", USERS, r#"{"email": "guest@example.com.ir"}"#)),
            ("users-422-email", ask("POST", USERS, r#"{"email": "guest"}"#)),
            ("users-400-no-json", ask("POST", USERS, "{")),
            ("user-updated", ask("PUT", &path, r#"{"language": "de", "idleTimeout": 600}"#)),
            ("users-422-language", ask("PUT", &path, r#"{"language": "xx"}"#)),
            ("user-removed", Ask::new("DELETE", &path).bearer(&msp)),
            ("users-405", Ask::new("PATCH", USERS).bearer(&msp)),
        ])
        .await;
    let own = client.get(&msp, USERS).await.column("id").remove(0);
    client.send(Ask::new("DELETE", &format!("{USERS}/{own}")).bearer(&msp)).await.ended_with(204);
    client.shot("glp-403-shut-out", Ask::get(USERS).bearer(&msp)).await;
    client.shot("central-403-shut-out", Ask::get(INVENTORY).bearer(&msp)).await;
}

#[tokio::test]
async fn answers_of_central() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let page = |path, limit, next| Ask::get(path).bearer(&msp).query(&[("limit", limit), ("next", next)]);
    client
        .shots([
            ("list-tenants", page(LIST_TENANTS, "2", "1")),
            ("list-tenants-last", page(LIST_TENANTS, "5", "2")),
            ("device-inventory", page(INVENTORY, "2", "1")),
            ("device-inventory-unsited", page(INVENTORY, "1", "8")),
            ("device-inventory-last", page(INVENTORY, "4", "4")),
            ("device-inventory-past-end", page(INVENTORY, "4", "5")),
            ("device-inventory-limit-0", page(INVENTORY, "0", "1")),
        ])
        .await;
    client.dialect(&["created_time_unit=seconds", "is_provisioned=YES", "central_rate_reset=seconds"]);
    client
        .shots([
            ("list-tenants-seconds", page(LIST_TENANTS, "1", "1")),
            ("device-inventory-upper", page(INVENTORY, "1", "1")),
        ])
        .await;
    client.dialect(&["rate_headers=none"]);
    client.shot("device-inventory-no-rate-headers", page(INVENTORY, "0", "1")).await;
}

#[tokio::test]
async fn refused_tokens_of_glp() {
    let client = Client::start().await;
    let get = Ask::get(TENANTS);
    let forged = alien();
    client
        .shots([
            ("glp-401-no-token", get.clone()),
            ("glp-401-no-token-devices", Ask::get(DEVICES)),
            ("glp-401-other-scheme", get.clone().basic("id", "a-secret-of-nobody")),
            ("glp-401-undecodable", get.clone().bearer("not-a-token-at-all")),
            ("glp-401-unknown-kid", get.clone().bearer(&forged)),
            ("glp-401-wrong-service", get.clone().bearer(&client.mint("msp-central").await)),
        ])
        .await;
    let old = client.mint("msp").await;
    client.dialect(&["rotate_on_issue=newest_only"]);
    let token = client.mint("msp").await;
    client.shot("glp-401-revoked", get.clone().bearer(&old)).await;
    client.advance("15m");
    let expired = get.bearer(&token);
    client.shot("glp-401-expired", expired.clone()).await;
    client.dialect(&["www_authenticate=off"]);
    client.shot("glp-401-expired-unchallenged", expired.clone()).await;
    client.dialect(&["www_authenticate=by_family", "glp_auth_error=service"]);
    client.shot("glp-401-expired-service", expired.clone()).await;
    client.dialect(&["glp_auth_error=expired_not_401"]);
    client.shot("glp-403-expired-not-401", expired).await;
}

#[tokio::test]
async fn refusals_of_glp() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let standard = client.mint("standard").await;
    let get = |path: &str| Ask::get(path).bearer(&msp);
    let with = |path, name, value| get(path).query(&[(name, value)]);
    let nobody = "00000000-0000-0000-0000-000000000000";
    let own = format!("{WORKSPACES}/{}", client.workspace("msp"));
    client
        .shots([
            ("workspaces-403-not-an-msp", Ask::get(TENANTS).bearer(&standard)),
            ("workspaces-403-foreign", Ask::get(&own).bearer(&standard)),
            ("workspaces-422-limit", with(TENANTS, "limit", "301")),
            ("workspaces-422-limit-0", with(TENANTS, "limit", "0")),
            ("workspaces-422-offset", with(TENANTS, "offset", "-1")),
            ("workspaces-422-filter-syntax", with(TENANTS, "filter", "workspaceName eq")),
            ("workspaces-422-filter-field", with(TENANTS, "filter", "colour eq 'red'")),
            ("workspaces-422-id", get(&format!("{WORKSPACES}/garbage"))),
            ("devices-400-limit", with(DEVICES, "limit", "2001")),
            ("devices-400-limit-text", with(DEVICES, "limit", "many")),
            ("devices-400-filter", with(DEVICES, "filter", "colour eq 'red'")),
            ("devices-400-id", get(&format!("{DEVICES}/garbage"))),
            ("devices-404", get(&format!("{DEVICES}/{nobody}"))),
            ("devices-405", Ask::new("DELETE", DEVICES).bearer(&msp)),
            ("devices-413", Ask::new("POST", DEVICES).bearer(&msp).body(vec![b'x'; (1 << 20) + 1])),
            ("audit-400-limit", with(AUDIT, "limit", "2001")),
            ("audit-400-offset", with(AUDIT, "offset", "x")),
            ("audit-400-select", with(AUDIT_V2BETA1, "select", "colour")),
            ("audit-400-filter", with(AUDIT_V2BETA1, "filter", "colour eq 'red'")),
            ("audit-401", Ask::get(AUDIT_V2BETA1)),
            ("audit-404", get(&format!("{AUDIT_V2BETA1}/nobody/details"))),
            ("users-400-limit", with(USERS, "limit", "601")),
            ("users-400-filter", with(USERS, "filter", "colour eq 'red'")),
            ("users-422-id", get(&format!("{USERS}/garbage"))),
            ("users-412", get(&format!("{USERS}/{nobody}"))),
            ("catalog-400-limit", with(PROVISIONS, "limit", "2001")),
            ("catalog-400-limit-0", with(PROVISIONS, "limit", "0")),
            ("catalog-400-offset", with(PROVISIONS, "offset", "-1")),
            ("catalog-400-filter", with(PROVISIONS, "filter", "region ne 'us-west'")),
            ("catalog-400-id", get(&format!("{PROVISIONS}/garbage"))),
            ("catalog-404", get(&format!("{PROVISIONS}/{nobody}"))),
            ("glp-404", get("/devices/v9/devices")),
            ("glp-404-central-path", get(INVENTORY).at(GLP)),
            ("data-404", get("/private-cloud-business/v1/systems").at("us1.data.cloud.hpe.com")),
            ("dedicated-404", {
                let token = client.mint("dedicated").await;
                Ask::get(DEVICES).bearer(&token).at("dedicated.example.com")
            }),
        ])
        .await;
    client.dialect(&["wrong_workspace_token=unauthorized_401"]);
    client.shot("workspaces-401-foreign", Ask::get(&own).bearer(&standard)).await;
    client.dialect(&["page_past_end=400"]);
    client.shot("devices-400-past-end", with(DEVICES, "offset", "5000")).await;
    client.dialect(&["edge_errors=html"]);
    client.shot("glp-404-html", get("/devices/v9/devices")).await;
    client.dialect(&["rate_limits=custom:1/1m"]);
    client.get(&msp, AUDIT_V2BETA1).await.ended_with(200);
    client.shot("audit-429", get(AUDIT_V2BETA1)).await;
    let mut world = World::sample(DEFAULT_SEED);
    world.roles.insert("Observer".to_owned(), Role::default());
    let client = Client::of(world).await;
    let observer = AssignRole { user: "msp.admin@example.com".to_owned(), role: "Observer".to_owned() };
    client.emulator().run(Command::AssignRole(observer)).unwrap();
    client.shot("audit-403", Ask::get(AUDIT_V2BETA1).bearer(&client.mint("msp").await)).await;
}

#[tokio::test]
async fn refusals_of_central() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let get = |path: &str| Ask::get(path).bearer(&msp);
    let with = |path, name, value| get(path).query(&[("limit", "5"), ("next", "1"), (name, value)]);
    let standard = client.mint("standard").await;
    let full = format!("{LIST_TENANTS}?limit=5&next=1");
    let long = format!("serialNumber eq '{}'", "x".repeat(256));
    client
        .shots([
            ("central-401-no-token", Ask::get(INVENTORY)),
            ("central-401-unknown", Ask::get(INVENTORY).bearer("not-a-token-at-all")),
            ("central-400-unknown-query", with(INVENTORY, "end", "1")),
            ("central-400-filter-field", with(INVENTORY, "filter", "colour eq 'red'")),
            ("central-400-filter-or", with(INVENTORY, "filter", "model eq 'a' or model eq 'b'")),
            ("central-400-filter-long", with(INVENTORY, "filter", &long)),
            ("central-400-sort", with(INVENTORY, "sort", "colour")),
            ("central-400-limit", get(INVENTORY).query(&[("limit", "1001")])),
            ("central-400-next", get(INVENTORY).query(&[("next", "0")])),
            ("central-400-site-assigned", with(INVENTORY, "site-assigned", "yes")),
            ("central-400-msp-limit-missing", get(LIST_TENANTS).query(&[("next", "1")])),
            ("central-400-msp-next-missing", get(LIST_TENANTS).query(&[("limit", "1")])),
            ("central-403-not-an-msp", Ask::get(&full).bearer(&standard)),
            ("central-404", get("/network-monitoring/v1/nothing")),
            ("central-404-glp-path", get(DEVICES).at(CENTRAL)),
            ("central-405", Ask::new("POST", INVENTORY).bearer(&msp)),
            ("central-413", Ask::new("POST", INVENTORY).bearer(&msp).body(vec![b'x'; (1 << 20) + 1])),
        ])
        .await;
    client.dialect(&["page_past_end=400"]);
    client.shot("central-400-past-end", get(INVENTORY).query(&[("next", "9")])).await;
    client.dialect(&["edge_errors=html"]);
    client.shot("central-404-html", get("/network-monitoring/v1/nothing")).await;
    client.advance("15m");
    client.shot("central-401-expired", get(INVENTORY)).await;
    client.dialect(&["central_auth_error=documented", "www_authenticate=on"]);
    client.shot("central-401-expired-documented", get(INVENTORY)).await;
}

#[tokio::test]
async fn gateways_of_classic_central() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let get = |path: &str| Ask::get(path).bearer(&msp).at(APIGW);
    let inventory = format!("{INVENTORY}?limit=0");
    client.shot("apigw-200-new-central", get(&inventory)).await;
    client.shot("apigw-401-classic", get("/monitoring/v2/aps")).await;
    client.dialect(&["apigw_hosts=classic"]);
    client.shot("apigw-401-new-central-path", get(&inventory)).await;
    client.dialect(&["mixed_services=lenient"]);
    client.shot("apigw-404-classic", get("/monitoring/v2/aps")).await;
}
