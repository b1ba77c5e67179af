//! Roles: every operation asked with every role, and a change of role that acts on tokens already issued.

mod scopes;
mod sequence;

use std::collections::BTreeMap;

use greenroom_emulator::command::{AssignRole, Command, FidelityRow, Reply, WorldView};
use greenroom_model::{
    role::{Permission, Resource, Role},
    sample::DEFAULT_SEED,
    world::World,
};
use serde_json::json;

use crate::{
    classic::{self, Application},
    client::{Answer, Ask, CENTRAL, Client},
};

const ADMIN: &str = "msp.admin@example.com";

/// What an operation is asked about.
struct Scene {
    client: Client,
    msp: String,
    /// The same user's at Classic Central.
    classic: String,
    tenant: String,
    credential: String,
    device: String,
    provision: String,
    subscription: String,
    /// The operation of a device that was added.
    order: String,
    /// The operation of a subscription that was added.
    claim: String,
    /// The service manager of Central.
    manager: String,
    /// A provision without devices.
    provisioned: String,
    user: String,
    guest: String,
    /// A line of the audit log that has details, in each version.
    line: String,
    line_v2beta1: String,
    /// Of the devices that Central monitors.
    serials: Vec<String>,
    /// An access point, a switch, a gateway, a client, a wireless network and a site.
    seen: Vec<String>,
}

/// One operation: the route, the permission that HPE's pages want for it, a request that does it, and the
/// status of success.
struct Operation {
    route: &'static str,
    needs: &'static str,
    ask: fn(&Scene) -> Ask,
    done: u16,
}

impl Operation {
    fn is_classic(&self) -> bool {
        self.route.starts_with("classic.")
    }
}

/// Every operation there is. What takes something away comes last.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

const OPERATIONS: &[Operation] = &[
    row("glp.credentials.list", "view on workspace", |_| Ask::get(CREDENTIALS), 200),
    row(
        "glp.credentials.create",
        "edit on workspace",
        |_| post(CREDENTIALS, json!({"credentialName": "new"})),
        201,
    ),
    row(
        "glp.credentials.reset",
        "edit on workspace",
        |it| Ask::new("POST", &format!("{}/reset", it.credential)),
        200,
    ),
    row("glp.credentials.delete", "delete on workspace", |it| Ask::new("DELETE", &it.credential), 204),
    row("classic.devices.list", "view on network_monitoring", |_| Ask::get(classic::DEVICES), 200),
    row("classic.groups.list", "view on network_monitoring", |_| Ask::get(classic::GROUPS), 200),
    row("classic.customers.list", "view on network_monitoring", |_| Ask::get(classic::CUSTOMERS), 200),
    row(
        "classic.customers.get",
        "view on network_monitoring",
        |_| Ask::get(&format!("{}/{NOBODY}", classic::CUSTOMERS)),
        404,
    ),
    row("classic.audit-log.list", "view on audit_log", |_| Ask::get(classic::LOG), 200),
    row("glp.msp-tenants.list", "view on platform_customer_account", |_| Ask::get(TENANTS), 200),
    row("glp.msp-tenants.create", "edit on platform_customer_account", |_| post(TENANTS, named("New")), 201),
    row(
        "glp.msp-tenants.update",
        "edit on platform_customer_account",
        |it| it.of_tenant("PUT").body(named("Other").to_string()),
        200,
    ),
    row("glp.workspaces.get", "view on platform_customer_account", |it| Ask::get(&it.own("")), 200),
    row(
        "glp.workspaces.contact",
        "view on platform_customer_account",
        |it| Ask::get(&it.own("/contact")),
        200,
    ),
    row("glp.devices.list", "view on device_management", |_| Ask::get("/devices/v1/devices"), 200),
    row("glp.devices.get", "view on device_management", |it| Ask::get(&it.device), 200),
    row("glp.audit-log.list", "view on audit_log", |_| Ask::get("/audit-log/v1/logs"), 200),
    row("glp.audit-log.details", "view on audit_log", |it| Ask::get(&format!("{}/detail", it.line)), 200),
    row("glp.audit-log.v2beta1.list", "view on audit_log", |_| Ask::get("/audit-log/v2beta1/logs"), 200),
    row("glp.audit-log.v2beta1.get", "view on audit_log", |it| Ask::get(&it.line_v2beta1), 200),
    row(
        "glp.audit-log.v2beta1.details",
        "view on audit_log",
        |it| Ask::get(&format!("{}/details", it.line_v2beta1)),
        200,
    ),
    row(
        "glp.devices.add",
        "edit on device_management",
        |_| {
            post(
                "/devices/v1/devices",
                json!({"network": [], "compute": [{"serialNumber": "SRV3", "partNumber": "P1"}], "storage": []}),
            )
        },
        202,
    ),
    row(
        "glp.devices.update",
        "edit on device_management",
        |_| Ask::new("PATCH", &format!("/devices/v1/devices?id={NOBODY}")).body(r#"{"subscription": []}"#),
        202,
    ),
    row("glp.devices.operation", "view on device_management", |it| Ask::get(&it.order), 200),
    row(
        "glp.devices.list-v2beta1",
        "view on device_management",
        |_| Ask::get("/devices/v2beta1/devices?limit=1"),
        200,
    ),
    row(
        "glp.devices.get-v2beta1",
        "view on device_management",
        |it| Ask::get(&it.device.replace("/v1/", "/v2beta1/")),
        200,
    ),
    row(
        "glp.devices.add-v2beta1",
        "edit on device_management",
        |_| {
            let body = json!({"deviceType": "COMPUTE", "serialNumber": "SRV2", "partNumber": "P1"});
            post("/devices/v2beta1/devices", body)
        },
        202,
    ),
    row(
        "glp.devices.update-v2beta1",
        "edit on device_management",
        |_| Ask::new("PATCH", &format!("/devices/v2beta1/devices?id={NOBODY}")).body(r#"{"archived": true}"#),
        202,
    ),
    row("glp.subscriptions.list", "view on device_management", |_| Ask::get(SUBSCRIPTIONS), 200),
    row("glp.subscriptions.get", "view on device_management", |it| Ask::get(&it.subscription), 200),
    row(
        "glp.subscriptions.add",
        "edit on device_management",
        |_| post(SUBSCRIPTIONS, json!({"subscriptions": [{"key": "NOBODYKNOWSIT"}]})),
        202,
    ),
    row(
        "glp.subscriptions.update",
        "edit on device_management",
        |_| {
            let path = format!("{SUBSCRIPTIONS}?id=00000000-0000-4000-8000-000000000000");
            Ask::new("PATCH", &path).body(json!({"tags": {"a": "b"}}).to_string())
        },
        202,
    ),
    row(
        "glp.subscriptions.unclaim",
        "edit on device_management",
        |_| {
            let items = json!({"items": [{"id": "00000000-0000-4000-8000-000000000000"}]});
            Ask::new("DELETE", "/subscriptions/v2beta1/subscriptions/bulk").body(items.to_string())
        },
        202,
    ),
    row("glp.subscriptions.operation", "view on device_management", |it| Ask::get(&it.claim), 200),
    row("glp.auto-subscription-settings.list", "view on device_management", |_| Ask::get(SETTINGS), 200),
    row(
        "glp.auto-subscription-settings.get",
        "view on device_management",
        |it| Ask::get(&it.settings()),
        200,
    ),
    row(
        "glp.auto-subscription-settings.update",
        "edit on device_management",
        |it| {
            let none = json!({"autoSubscriptionSettings": []});
            Ask::new("PATCH", &it.settings()).body(none.to_string())
        },
        200,
    ),
    row("glp.service-managers.list", "view on service_catalog", |_| Ask::get(MANAGERS), 200),
    row("glp.service-managers.get", "view on service_catalog", |it| Ask::get(&it.manager), 200),
    row("glp.per-region-service-managers.list", "view on service_catalog", |_| Ask::get(REGIONS), 200),
    row(
        "glp.per-region-service-managers.get",
        "view on service_catalog",
        |_| Ask::get("/service-catalog/v1/per-region-service-managers/us-west"),
        200,
    ),
    row(
        "glp.service-manager-provisions.create",
        "edit on service_catalog",
        |it| post(PROVISIONS, it.provisioning("us-east")),
        201,
    ),
    row(
        "glp.service-manager-provisions.delete",
        "delete on service_catalog",
        |it| Ask::new("DELETE", &it.provisioned),
        204,
    ),
    row("glp.users.list", "view on user_management", |_| Ask::get(USERS), 200),
    row("glp.users.get", "view on user_management", |it| Ask::get(&it.user), 200),
    row(
        "glp.users.invite",
        "edit on user_management",
        |_| post(USERS, json!({"email": "new@example.com"})),
        201,
    ),
    row("glp.users.update", "edit on user_management", |it| Ask::new("PUT", &it.user).body("{}"), 200),
    row("glp.users.remove", "delete on user_management", |it| Ask::new("DELETE", &it.guest), 204),
    row("glp.service-manager-provisions.list", "view on service_catalog", |_| Ask::get(PROVISIONS), 200),
    row("glp.service-manager-provisions.get", "view on service_catalog", |it| Ask::get(&it.provision), 200),
    row("central.device-inventory", "view on network_monitoring", |_| Ask::get(INVENTORY), 200),
    row(
        "central.list-tenants",
        "view on network_monitoring",
        |_| Ask::get("/network-msp/v1/list-tenants?limit=1&next=1"),
        200,
    ),
    row("central.devices.list", "view on network_monitoring", |_| Ask::get(MONITORED), 200),
    row("central.aps.list", "view on network_monitoring", |_| Ask::get("/network-monitoring/v1/aps"), 200),
    row(
        "central.switches.list",
        "view on network_monitoring",
        |_| Ask::get("/network-monitoring/v1/switches"),
        200,
    ),
    row(
        "central.gateways.list",
        "view on network_monitoring",
        |_| Ask::get("/network-monitoring/v1/gateways"),
        200,
    ),
    row(
        "central.clients.list",
        "view on network_monitoring",
        |_| Ask::get("/network-monitoring/v1/clients"),
        200,
    ),
    row(
        "central.wlans.list",
        "view on network_monitoring",
        |_| Ask::get("/network-monitoring/v1/wlans"),
        200,
    ),
    row(
        "central.sites-health.list",
        "view on network_monitoring",
        |_| Ask::get("/network-monitoring/v1/sites-health"),
        200,
    ),
    row(
        "central.sites-device-health.list",
        "view on network_monitoring",
        |_| Ask::get("/network-monitoring/v1/sites-device-health"),
        200,
    ),
    row(
        "central.alerts.list",
        "view on network_monitoring",
        |_| Ask::get("/network-notifications/v1/alerts"),
        200,
    ),
    row("central.aps.get", "view on network_monitoring", |it| Ask::get(&it.seen[0]), 200),
    row("central.switches.get", "view on network_monitoring", |it| Ask::get(&it.seen[1]), 200),
    row("central.gateways.get", "view on network_monitoring", |it| Ask::get(&it.seen[2]), 200),
    row("central.clients.get", "view on network_monitoring", |it| Ask::get(&it.seen[3]), 200),
    row("central.wlans.get", "view on network_monitoring", |it| Ask::get(&it.seen[4]), 200),
    row("central.site-health.get", "view on network_monitoring", |it| Ask::get(&it.seen[5]), 200),
    row(
        "central.devices.set-notes",
        "edit on network_monitoring",
        |it| Ask::new("PATCH", &it.monitored(0)).body(json!({"notes": "new"}).to_string()),
        200,
    ),
    row(
        "central.devices.delete",
        "delete on network_monitoring",
        |it| Ask::new("DELETE", &it.monitored(0)),
        202,
    ),
    row(
        "central.devices.delete-alias",
        "delete on network_monitoring",
        |it| Ask::new("DELETE", &format!("/devices/{}", it.serials[1])).at(CENTRAL),
        200,
    ),
    row("pcbe.catalogs.list", "view on data_services", |_| Ask::get(CATALOGS), 200),
    row(
        "pcbe.catalogs.get",
        "view on data_services",
        |_| Ask::get(&format!("{CATALOGS}/f3b72767-4f59-4af5-8e34-cc2828baa954")),
        200,
    ),
    row("glp.msp-tenants.delete", "delete on platform_customer_account", |it| it.of_tenant("DELETE"), 204),
];

/// All operations.
fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(scopes::SCOPES)
}

const USERS: &str = "/identity/v1/users";
const CREDENTIALS: &str = "/workspaces/v1/credentials";
const TENANTS: &str = "/workspaces/v1/msp-tenants";
const PROVISIONS: &str = "/service-catalog/v1/service-manager-provisions";
const SUBSCRIPTIONS: &str = "/subscriptions/v1/subscriptions";
const SETTINGS: &str = "/subscriptions/v1/auto-subscription-settings";
const MANAGERS: &str = "/service-catalog/v1/service-managers";
const REGIONS: &str = "/service-catalog/v1/per-region-service-managers";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
const CATALOGS: &str = "/private-cloud-business/v1beta1/system-software-catalogs";
const MONITORED: &str = "/network-monitoring/v1/devices";

const fn row(route: &'static str, needs: &'static str, ask: fn(&Scene) -> Ask, done: u16) -> Operation {
    Operation { route, needs, ask, done }
}

fn post(path: &str, body: serde_json::Value) -> Ask {
    Ask::new("POST", path).body(body.to_string())
}

fn named(name: &str) -> serde_json::Value {
    json!({"workspaceName": name})
}

impl Scene {
    /// A world with every custom role there can be of one permission, and one of none.
    async fn set() -> Self {
        let mut world = World::sample(DEFAULT_SEED);
        world.roles.insert("nothing".to_owned(), Role::default());
        for resource in Resource::ALL {
            for permission in Permission::ALL {
                let mut role = Role::default();
                role.grants.insert(resource, [permission].into());
                world.roles.insert(format!("only {} on {}", permission.name(), resource.name()), role);
            }
        }
        let client = Client::of(world).await;
        client.dialect(&["central_delete_alias=on"]);
        let msp = client.mint("msp").await;
        scopes::made(&client, &msp).await;
        let id = |answer: Answer| answer.column("id").remove(0);
        let credential = client.send(post(CREDENTIALS, json!({"credentialName": "old"})).bearer(&msp)).await;
        let credential = credential.ended_with(201).json()["id"].as_str().unwrap().to_owned();
        let device = id(client.get(&msp, "/devices/v1/devices?limit=1").await);
        let provision = id(client.get(&msp, PROVISIONS).await);
        let [line, line_v2beta1] = ["/audit-log/v1/logs", "/audit-log/v2beta1/logs"].map(async |path| {
            let ids = client.get(&msp, path).await.column("id");
            format!("{path}/{}", ids.last().unwrap())
        });
        let (line, line_v2beta1) = (line.await, line_v2beta1.await);
        let user = id(client.get(&msp, USERS).await);
        let guest = client.send(post(USERS, json!({"email": "guest@example.com"})).bearer(&msp)).await;
        let guest = guest.ended_with(201).header("location").unwrap().to_owned();
        let serials = client.get(&msp, MONITORED).await.column("serialNumber");
        let mut seen = Vec::new();
        for (list, one, name) in [
            ("aps", "aps", "id"),
            ("switches", "switches", "id"),
            ("gateways", "gateways", "id"),
            ("clients", "clients", "id"),
            ("wlans", "wlans", "wlanName"),
            ("sites-health", "site-health", "id"),
        ] {
            let found = client.get(&msp, &format!("/network-monitoring/v1/{list}")).await.column(name);
            // The first device goes in the course of this.
            seen.push(format!("/network-monitoring/v1/{one}/{}", found.last().unwrap()));
        }
        let subscription = id(client.get(&msp, SUBSCRIPTIONS).await);
        let claim = post(SUBSCRIPTIONS, json!({"subscriptions": [{"key": "EGREENROOM0000001"}]}));
        let claim =
            client.send(claim.bearer(&msp)).await.ended_with(202).header("location").unwrap().to_owned();
        let order =
            json!({"network": [], "compute": [{"serialNumber": "SRV1", "partNumber": "P1"}], "storage": []});
        let order = client.send(post("/devices/v1/devices", order).bearer(&msp)).await.ended_with(202);
        let manager = format!("{MANAGERS}/{}", id(client.get(&msp, MANAGERS).await));
        let wish = json!({"serviceManagerId": manager.rsplit('/').next(), "region": "eu-west"});
        let provisioned = client.send(post(PROVISIONS, wish).bearer(&msp)).await.ended_with(201);
        Self {
            subscription: format!("{SUBSCRIPTIONS}/{subscription}"),
            order: order.header("location").unwrap().to_owned(),
            claim,
            manager,
            provisioned: provisioned.header("location").unwrap().to_owned(),
            tenant: client.workspace("empty").to_owned(),
            credential: format!("{CREDENTIALS}/{credential}"),
            device: format!("/devices/v1/devices/{device}"),
            provision: format!("{PROVISIONS}/{provision}"),
            user: format!("{USERS}/{user}"),
            guest,
            line,
            line_v2beta1,
            classic: Application::of("msp-classic").pair(&client).await.0,
            client,
            msp,
            serials,
            seen,
        }
    }

    /// An operation as the user asks for it.
    async fn send(&self, operation: &Operation) -> Answer {
        let token = if operation.is_classic() { &self.classic } else { &self.msp };
        self.client.send((operation.ask)(self).bearer(token)).await
    }

    fn of_tenant(&self, method: &str) -> Ask {
        Ask::new(method, &format!("{TENANTS}/{}", self.tenant))
    }

    fn settings(&self) -> String {
        format!("{SETTINGS}/{}", self.client.workspace("msp"))
    }

    fn provisioning(&self, region: &str) -> serde_json::Value {
        json!({"serviceManagerId": self.manager.rsplit('/').next(), "region": region})
    }

    fn monitored(&self, nth: usize) -> String {
        format!("{MONITORED}/{}", self.serials[nth])
    }

    fn own(&self, below: &str) -> String {
        format!("/workspaces/v1/workspaces/{}{below}", self.client.workspace("msp"))
    }

    fn assign(&self, role: &str) {
        let wish = AssignRole { user: ADMIN.to_owned(), role: role.to_owned() };
        let Reply::User(user) = self.client.emulator().run(Command::AssignRole(wish)).unwrap() else {
            panic!("a user")
        };
        assert_eq!((user.email.as_str(), user.role.as_str()), (ADMIN, role));
    }

    fn world(&self) -> WorldView {
        let Ok(Reply::World(world)) = self.client.emulator().run(Command::World) else { panic!("a world") };
        world
    }

    /// The refusal that the history tells of the last request: code and sentence.
    fn refusal(&self) -> Option<(String, String)> {
        let last = self.client.emulator().history().exchanges().pop()?.response?;
        Some((last.refused?, last.why?))
    }
}

/// What a role grants, told apart by other means than the model's.
fn grants(role: &str, needs: &str) -> bool {
    let permission = needs.split(' ').next().unwrap();
    match role {
        "Administrator" => true,
        "Operator" => ["view", "edit"].contains(&permission),
        "Observer" => permission == "view",
        custom => custom.strip_prefix("only ") == Some(needs),
    }
}

/// The error code of a refused operation: its family's, but where the service has its own (`glp.md §4`).
fn code(route: &str) -> &'static str {
    match route {
        "glp.credentials.delete" => "HPE_GL_WORKSPACES_UNABLE_DELETE_CREDENTIALS",
        "glp.credentials.reset" => "HPE_GL_WORKSPACES_UNABLE_RESET_CREDENTIALS",
        route if route.starts_with("classic.") => "Forbidden",
        _ => "HPE_GL_ERROR_FORBIDDEN",
    }
}

fn routes(client: &Client) -> Vec<FidelityRow> {
    let Ok(Reply::Fidelity(table)) = client.emulator().run(Command::Fidelity) else { panic!("a table") };
    table.routes
}

#[tokio::test]
async fn the_table_has_every_operation_with_what_it_needs() {
    let client = Client::start().await;
    let expected: BTreeMap<_, _> = operations().map(|it| (it.route, it.needs)).collect();
    assert_eq!(expected.len(), operations().count(), "each once");
    let routes = routes(&client);
    let there: BTreeMap<_, _> =
        routes.iter().filter_map(|row| Some((row.route.as_str(), row.needs.as_deref()?))).collect();
    assert_eq!(there, expected, "served on the left, this table on the right: give a new operation its row");
    // What needs no permission wants credentials, or is open to everyone.
    let signs_in = |route: &str| {
        route.starts_with("oauth.")
            || ["classic.sign-in", "classic.authorize", "classic.token"].contains(&route)
    };
    assert!(routes.iter().all(|row| row.needs.is_some() != signs_in(&row.route)));
}

#[tokio::test]
async fn an_operation_is_done_exactly_when_the_role_grants_what_it_needs() {
    let roles: Vec<_> = Scene::set().await.world().roles.into_keys().collect();
    assert_eq!(roles.len(), 3 + 1 + Resource::ALL.len() * Permission::ALL.len());
    for role in &roles {
        let scene = Scene::set().await;
        // The token was issued before.
        scene.assign(role);
        for operation in operations() {
            let case = format!("{role} and {}", operation.route);
            let answer = scene.send(operation).await;
            if grants(role, operation.needs) {
                assert_eq!(answer.status, operation.done, "{case}: {}", answer.body);
                // What is not there was looked for, and so was granted.
                let missing = scene.refusal().filter(|_| operation.done == 404);
                assert_eq!(scene.refusal(), missing, "{case}");
            } else {
                assert_eq!(answer.status, 403, "{case}: {}", answer.body);
                let member = if operation.is_classic() { "message" } else { "errorCode" };
                assert_eq!(answer.json()[member], code(operation.route), "{case}");
                let why = format!("the role {role} does not grant {}", operation.needs);
                assert_eq!(scene.refusal(), Some(("denied".to_owned(), why)), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_denied_changes_nothing() {
    let scene = Scene::set().await;
    let lists = async || {
        scene.assign("Administrator");
        let mut bodies = Vec::new();
        for path in [CREDENTIALS, TENANTS, INVENTORY, MONITORED, "/devices/v1/devices"] {
            bodies.push(scene.client.get(&scene.msp, path).await.ended_with(200).body);
        }
        (scene.world(), bodies)
    };
    let before = lists().await;
    scene.assign("nothing");
    for operation in operations() {
        scene.send(operation).await.ended_with(403);
    }
    assert_eq!(lists().await, before);
}

#[tokio::test]
async fn a_change_of_role_acts_on_every_token_of_the_user_and_on_no_other() {
    let scene = Scene::set().await;
    let client = &scene.client;
    let sso = client.mint_sso("msp").await;
    let central = client.mint("msp-central").await;
    let tenant = client.exchange(&scene.msp, "abc").await;
    let standard = client.mint("standard").await;
    let inventory = async |token: &str| client.get(token, INVENTORY).await.status;
    for (role, status) in [("Observer", 200), ("nothing", 403), ("only view on network_monitoring", 200)] {
        scene.assign(role);
        for token in [&scene.msp, &sso, &central, &tenant] {
            assert_eq!(inventory(token).await, status, "{role}");
        }
        assert_eq!(inventory(&standard).await, 200, "{role}: the user of another workspace");
    }
    // Tokens are issued whatever the role is; it decides at the time of the call.
    scene.assign("nothing");
    let minted = client.mint("msp").await;
    let exchanged = client.exchange(&minted, "oneil").await;
    assert_eq!((inventory(&minted).await, inventory(&exchanged).await), (403, 403));
    scene.assign("Observer");
    assert_eq!((inventory(&minted).await, inventory(&exchanged).await), (200, 200));
    let create = |token: &str| post(TENANTS, named("By an observer")).bearer(token);
    client.send(create(&minted)).await.ended_with(403);
    scene.assign("Operator");
    client.send(create(&minted)).await.ended_with(201);
    client.send(scene.of_tenant("DELETE").bearer(&minted)).await.ended_with(403);
    scene.assign("Administrator");
    client.send(scene.of_tenant("DELETE").bearer(&minted)).await.ended_with(204);
}

/// The token comes before, what is asked after: a stranger learns nothing, and a user without permission
/// does not learn whether something is there.
#[tokio::test]
async fn permission_comes_after_token_and_route_and_before_everything_else() {
    let scene = Scene::set().await;
    scene.assign("nothing");
    let client = &scene.client;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let get = |path: &str| Ask::get(path).bearer(&scene.msp);
    client.send(Ask::get(TENANTS).bearer("not-a-token-at-all")).await.ended_with(401);
    client.send(get("/workspaces/v1/nothing")).await.ended_with(404);
    client.send(Ask::new("DELETE", TENANTS).bearer(&scene.msp)).await.ended_with(405);
    for path in [
        format!("{TENANTS}?limit=0"),
        format!("{TENANTS}?filter=nonsense"),
        format!("/devices/v1/devices/{nobody}"),
        format!("/workspaces/v1/workspaces/{nobody}"),
        "/workspaces/v1/workspaces/garbage".to_owned(),
        format!("{INVENTORY}?colour=red"),
        "/network-msp/v1/list-tenants".to_owned(),
    ] {
        client.send(get(&path)).await.ended_with(403);
    }
    client.send(post(TENANTS, json!([])).bearer(&scene.msp)).await.ended_with(403);
    client.send(Ask::new("HEAD", TENANTS).bearer(&scene.msp)).await.ended_with(403);
    let standard = client.mint("standard").await;
    client.get(&standard, TENANTS).await.ended_with(403);
    assert_eq!(scene.refusal().unwrap().0, "not_an_msp");
}

#[tokio::test]
async fn the_world_shows_users_and_what_their_roles_grant() {
    let scene = Scene::set().await;
    scene.assign("Observer");
    let world = scene.world();
    let role =
        |email: &str| world.users.iter().find(|user| user.email == email).map(|user| user.role.as_str());
    assert_eq!(role(ADMIN), Some("Observer"));
    assert_eq!(role("ops.user@example.com"), Some("Administrator"));
    assert_eq!(world.roles["nothing"], BTreeMap::new());
    let only = [("audit_log".to_owned(), vec!["edit".to_owned()])];
    assert_eq!(world.roles["only edit on audit_log"], only.into());
    assert_eq!(world.roles["Operator"].len(), Resource::ALL.len());
    assert!(world.roles["Operator"].values().all(|granted| *granted == ["view", "edit"]));
    let notes = scene.client.emulator().history().entries(0).0;
    let noted = format!("{ADMIN} has the role Observer now");
    assert!(notes.iter().any(|entry| format!("{:?}", entry.event).contains(&noted)), "{notes:?}");
}
