//! Roles: every operation asked with every role, and a change of role that acts on tokens already issued.

mod sequence;

use std::collections::BTreeMap;

use greenroom_emulator::command::{AssignRole, Command, FidelityRow, Reply, WorldView};
use greenroom_model::{
    role::{Permission, Resource, Role},
    sample::DEFAULT_SEED,
    world::World,
};
use serde_json::json;

use crate::client::{Answer, Ask, CENTRAL, Client};

const ADMIN: &str = "msp.admin@example.com";

/// What an operation is asked about.
struct Scene {
    client: Client,
    msp: String,
    tenant: String,
    credential: String,
    device: String,
    provision: String,
    /// Of the devices that Central monitors.
    serials: Vec<String>,
}

/// One operation: the route, the permission that HPE's pages want for it, a request that does it, and the
/// status of success.
struct Operation {
    route: &'static str,
    needs: &'static str,
    ask: fn(&Scene) -> Ask,
    done: u16,
}

/// Every operation there is. What takes something away comes last.
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
    row("glp.msp-tenants.delete", "delete on platform_customer_account", |it| it.of_tenant("DELETE"), 204),
];

const CREDENTIALS: &str = "/workspaces/v1/credentials";
const TENANTS: &str = "/workspaces/v1/msp-tenants";
const PROVISIONS: &str = "/service-catalog/v1/service-manager-provisions";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
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
        let id = |answer: Answer| answer.column("id").remove(0);
        let credential = client.send(post(CREDENTIALS, json!({"credentialName": "old"})).bearer(&msp)).await;
        let credential = credential.ended_with(201).json()["id"].as_str().unwrap().to_owned();
        let device = id(client.get(&msp, "/devices/v1/devices?limit=1").await);
        let provision = id(client.get(&msp, PROVISIONS).await);
        let serials = client.get(&msp, MONITORED).await.column("serialNumber");
        Self {
            tenant: client.workspace("empty").to_owned(),
            credential: format!("{CREDENTIALS}/{credential}"),
            device: format!("/devices/v1/devices/{device}"),
            provision: format!("{PROVISIONS}/{provision}"),
            client,
            msp,
            serials,
        }
    }

    fn of_tenant(&self, method: &str) -> Ask {
        Ask::new(method, &format!("{TENANTS}/{}", self.tenant))
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
    let expected: BTreeMap<_, _> = OPERATIONS.iter().map(|it| (it.route, it.needs)).collect();
    assert_eq!(expected.len(), OPERATIONS.len(), "each once");
    let routes = routes(&client);
    let there: BTreeMap<_, _> =
        routes.iter().filter_map(|row| Some((row.route.as_str(), row.needs.as_deref()?))).collect();
    assert_eq!(there, expected, "served on the left, this table on the right: give a new operation its row");
    // What needs no permission wants credentials, or is open to everyone.
    assert!(routes.iter().all(|row| row.needs.is_some() != row.route.starts_with("oauth.")));
}

#[tokio::test]
async fn an_operation_is_done_exactly_when_the_role_grants_what_it_needs() {
    let roles: Vec<_> = Scene::set().await.world().roles.into_keys().collect();
    assert_eq!(roles.len(), 3 + 1 + 18);
    for role in &roles {
        let scene = Scene::set().await;
        // The token was issued before.
        scene.assign(role);
        for operation in OPERATIONS {
            let case = format!("{role} and {}", operation.route);
            let answer = scene.client.send((operation.ask)(&scene).bearer(&scene.msp)).await;
            if grants(role, operation.needs) {
                assert_eq!(answer.status, operation.done, "{case}: {}", answer.body);
                assert_eq!(scene.refusal(), None, "{case}");
            } else {
                assert_eq!(answer.status, 403, "{case}: {}", answer.body);
                assert_eq!(answer.json()["errorCode"], code(operation.route), "{case}");
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
    for operation in OPERATIONS {
        scene.client.send((operation.ask)(&scene).bearer(&scene.msp)).await.ended_with(403);
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
    assert_eq!(world.roles["Operator"].len(), 6);
    assert!(world.roles["Operator"].values().all(|granted| *granted == ["view", "edit"]));
    let notes = scene.client.emulator().history().entries(0).0;
    let noted = format!("{ADMIN} has the role Observer now");
    assert!(notes.iter().any(|entry| format!("{:?}", entry.event).contains(&noted)), "{notes:?}");
}
