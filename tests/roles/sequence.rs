//! Random sequences of role changes and calls: each call is answered by the role that its user has at that
//! time, and what was refused changes nothing. The oracle holds sets of words and knows nothing of roles.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use greenroom_emulator::command::{AssignRole, Command, Reply, WorldView};
use greenroom_model::{
    role::{Permission, Resource, Role},
    sample::DEFAULT_SEED,
    world::World,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use super::{CREDENTIALS, INVENTORY, MONITORED, PROVISIONS, TENANTS, named, post};
use crate::client::{Answer, Ask, Client};

const USERS: [&str; 2] = ["msp.admin@example.com", "ops.user@example.com"];
const ROLES: [&str; 6] = ["Administrator", "Operator", "Observer", "one", "two", "three"];

#[derive(Clone, Copy, Debug)]
enum Call {
    /// A list, read with one of the user's tokens.
    Read(usize, usize),
    /// The devices, read with a token that is exchanged for it.
    ReadExchanged,
    CreateCredential,
    ResetCredential,
    DeleteCredential,
    CreateTenant,
    RenameTenant,
    DeleteTenant,
    Note(usize),
    LetGo(usize),
}

/// Lists, and the permission that HPE's pages want for each.
const LISTS: [(&str, &str); 6] = [
    (CREDENTIALS, "view on workspace"),
    ("/devices/v1/devices", "view on device_management"),
    ("/audit-log/v1/logs", "view on audit_log"),
    (PROVISIONS, "view on service_catalog"),
    (INVENTORY, "view on network_monitoring"),
    (TENANTS, "view on platform_customer_account"),
];

impl Call {
    fn needs(self) -> &'static str {
        match self {
            Self::Read(list, _) => LISTS[list].1,
            Self::ReadExchanged => "view on device_management",
            Self::CreateCredential | Self::ResetCredential => "edit on workspace",
            Self::DeleteCredential => "delete on workspace",
            Self::CreateTenant | Self::RenameTenant => "edit on platform_customer_account",
            Self::DeleteTenant => "delete on platform_customer_account",
            Self::Note(_) => "edit on network_monitoring",
            Self::LetGo(_) => "delete on network_monitoring",
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Assign(usize, usize),
    Call(usize, Call),
}

/// What the roles `one`, `two` and `three` grant, as `view on workspace`.
type Custom = Vec<BTreeSet<String>>;

fn custom() -> impl Strategy<Value = Custom> {
    let resource = prop::sample::select(Resource::ALL.map(Resource::name).to_vec());
    let permission = prop::sample::select(vec!["view", "edit", "delete"]);
    let grant =
        (permission, resource).prop_map(|(permission, resource)| format!("{permission} on {resource}"));
    prop::collection::vec(prop::collection::btree_set(grant, 0..9), 3)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = prop_oneof![
        6 => (0..LISTS.len(), 0..3_usize).prop_map(|(list, token)| Call::Read(list, token)),
        1 => Just(Call::ReadExchanged),
        2 => Just(Call::CreateCredential),
        1 => Just(Call::ResetCredential),
        1 => Just(Call::DeleteCredential),
        2 => Just(Call::CreateTenant),
        1 => Just(Call::RenameTenant),
        1 => Just(Call::DeleteTenant),
        2 => (0..15_usize).prop_map(Call::Note),
        1 => (0..15_usize).prop_map(Call::LetGo),
    ];
    let user = || prop_oneof![3 => Just(0_usize), 1 => Just(1_usize)];
    let step = prop_oneof![
        1 => (user(), 0..ROLES.len()).prop_map(|(user, role)| Step::Assign(user, role)),
        4 => (user(), call).prop_map(|(user, call)| Step::Call(user, call)),
    ];
    prop::collection::vec(step, 1..50)
}

/// What there is, as its users remember it.
struct Oracle {
    roles: [usize; 2],
    custom: Custom,
    /// Credentials and tenants that were made here, by id.
    credentials: [Vec<String>; 2],
    tenants: Vec<String>,
    /// Of devices on board, by serial number.
    notes: BTreeMap<String, String>,
    made: usize,
}

impl Oracle {
    fn grants(&self, user: usize, needs: &str) -> bool {
        match self.roles[user] {
            0 => true,
            1 => !needs.starts_with("delete"),
            2 => needs.starts_with("view"),
            custom => self.custom[custom - 3].contains(needs),
        }
    }
}

/// How often each kind of call was done and denied.
type Ends = RefCell<BTreeMap<(&'static str, bool), usize>>;

#[test]
fn each_call_is_judged_by_the_role_of_its_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ends = Ends::default();
    let config = Config { cases: 16, failure_persistence: None, ..Config::default() };
    let judged = TestRunner::new(config).run(&(custom(), steps()), |(custom, steps)| {
        runtime.block_on(judge(custom, &steps, &ends));
        Ok(())
    });
    judged.unwrap_or_else(|error| panic!("{error}"));
    // Of the twelve permissions that are asked for most were had, and most were missed.
    let ends = ends.into_inner();
    let had = ends.keys().filter(|(_, granted)| *granted).count();
    assert!(had >= 10 && ends.len() - had >= 8, "{ends:?}");
}

fn world(custom: &Custom) -> World {
    let mut world = World::sample(DEFAULT_SEED);
    for (name, words) in ROLES[3..].iter().zip(custom) {
        let mut role = Role::default();
        for resource in Resource::ALL {
            let granted = |permission: &Permission| {
                words.contains(&format!("{} on {}", permission.name(), resource.name()))
            };
            role.grants.insert(resource, Permission::ALL.into_iter().filter(granted).collect());
        }
        world.roles.insert((*name).to_owned(), role);
    }
    world
}

fn shown(client: &Client) -> WorldView {
    let Ok(Reply::World(world)) = client.emulator().run(Command::World) else { panic!("a world") };
    world
}

fn assign(client: &Client, user: usize, role: usize) {
    let wish = AssignRole { user: USERS[user].to_owned(), role: ROLES[role].to_owned() };
    client.emulator().run(Command::AssignRole(wish)).unwrap();
}

async fn judge(custom: Custom, steps: &[Step], ends: &Ends) {
    let client = Client::of(world(&custom)).await;
    let msp = client.mint("msp").await;
    let tokens = [
        [msp.clone(), client.mint_sso("msp").await, client.exchange(&msp, "abc").await],
        [client.mint("standard").await, client.mint_sso("standard").await, client.mint("standard").await],
    ];
    let serials = client.get(&msp, MONITORED).await.column("serialNumber");
    let mut oracle = Oracle {
        roles: [0, 0],
        custom,
        credentials: Default::default(),
        tenants: Vec::new(),
        notes: serials.iter().map(|serial| (serial.clone(), String::new())).collect(),
        made: 0,
    };
    for step in steps {
        match *step {
            Step::Assign(user, role) => {
                assign(&client, user, role);
                oracle.roles[user] = role;
            }
            Step::Call(user, call) => {
                let before = shown(&client);
                let Some((ask, done)) = ask(&client, &tokens[user], &serials, &oracle, user, call).await
                else {
                    continue;
                };
                let answer = client.send(ask).await;
                let granted = oracle.grants(user, call.needs());
                *ends.borrow_mut().entry((call.needs(), granted)).or_default() += 1;
                let case = format!("{step:?} as {}: {}", ROLES[oracle.roles[user]], answer.body);
                assert_eq!(answer.status, if granted { done } else { 403 }, "{case}");
                let last = client.emulator().history().exchanges().pop().and_then(|last| last.response);
                let denied = last.unwrap().refused.as_deref() == Some("denied");
                assert_eq!(denied, !granted, "{case}");
                if granted && answer.status < 300 {
                    happened(&mut oracle, &serials, user, call, &answer);
                }
                let read = matches!(call, Call::Read(..) | Call::ReadExchanged);
                if !granted || read || answer.status >= 300 {
                    assert_eq!(shown(&client), before, "{case}");
                }
                agrees(&client, &oracle, &case);
            }
        }
    }
    assign(&client, 0, 0);
    let filter = format!("serialNumber in ('{}')", serials.join("','"));
    let left = client.list(&msp, MONITORED, &[("filter", &filter)]).await.ended_with(200);
    let left = left.json();
    let notes = left["items"].as_array().unwrap().iter().map(|row| {
        (
            row["serialNumber"].as_str().unwrap().to_owned(),
            row["notes"].as_str().unwrap_or_default().to_owned(),
        )
    });
    assert_eq!(notes.collect::<BTreeMap<_, _>>(), oracle.notes);
}

/// The request of a call and the status it ends with if it is granted; none if there is nothing to do it to.
async fn ask(
    client: &Client,
    tokens: &[String; 3],
    serials: &[String],
    oracle: &Oracle,
    user: usize,
    call: Call,
) -> Option<(Ask, u16)> {
    let token = &tokens[0];
    let (ask, done) = match call {
        Call::Read(list, with) => {
            // Only an MSP has tenants, whatever the role grants.
            let msp = user == 0 && with < 2;
            let done = if LISTS[list].0 == TENANTS && !msp { 403 } else { 200 };
            return Some((Ask::get(LISTS[list].0).bearer(&tokens[with]), done));
        }
        Call::ReadExchanged if user == 0 => {
            let exchanged = client.exchange(token, "oneil").await;
            return Some((Ask::get("/devices/v1/devices").bearer(&exchanged), 200));
        }
        Call::ReadExchanged => return None,
        Call::CreateCredential => {
            // The MSP's user has two at first, the other three; the most are seven (glp.md §2.4, §11 U11).
            let had = oracle.credentials[user].len() + [2, 3][user];
            let body = json!({"credentialName": format!("made {}", oracle.made)});
            (post(CREDENTIALS, body), if had < 7 { 201 } else { 400 })
        }
        Call::ResetCredential => {
            let id = oracle.credentials[user].last()?;
            (Ask::new("POST", &format!("{CREDENTIALS}/{id}/reset")), 200)
        }
        Call::DeleteCredential => {
            let id = oracle.credentials[user].last()?;
            (Ask::new("DELETE", &format!("{CREDENTIALS}/{id}")), 204)
        }
        // All that follows is the MSP's.
        _ if user == 1 => return None,
        Call::CreateTenant => (post(TENANTS, named(&format!("Made {}", oracle.made))), 201),
        Call::RenameTenant => {
            let path = format!("{TENANTS}/{}", oracle.tenants.last()?);
            (Ask::new("PUT", &path).body(named(&format!("Made {}", oracle.made)).to_string()), 200)
        }
        Call::DeleteTenant => (Ask::new("DELETE", &format!("{TENANTS}/{}", oracle.tenants.last()?)), 204),
        Call::Note(at) => {
            let serial = &serials[at % serials.len()];
            let body = json!({"notes": oracle.made.to_string()}).to_string();
            let done = if oracle.notes.contains_key(serial) { 200 } else { 404 };
            (Ask::new("PATCH", &format!("{MONITORED}/{serial}")).body(body), done)
        }
        Call::LetGo(at) => {
            let serial = &serials[at % serials.len()];
            let done = if oracle.notes.contains_key(serial) { 202 } else { 404 };
            (Ask::new("DELETE", &format!("{MONITORED}/{serial}")), done)
        }
    };
    Some((ask.bearer(token), done))
}

/// A call was done.
fn happened(oracle: &mut Oracle, serials: &[String], user: usize, call: Call, answer: &Answer) {
    oracle.made += 1;
    let made = (oracle.made - 1).to_string();
    match call {
        Call::CreateCredential => {
            oracle.credentials[user].push(answer.json()["id"].as_str().unwrap().to_owned());
        }
        Call::DeleteCredential => drop(oracle.credentials[user].pop()),
        Call::CreateTenant => {
            let location = answer.header("location").unwrap();
            oracle.tenants.push(location.rsplit('/').next().unwrap().to_owned());
        }
        Call::DeleteTenant => drop(oracle.tenants.pop()),
        Call::Note(at) => drop(oracle.notes.insert(serials[at % serials.len()].clone(), made)),
        Call::LetGo(at) => drop(oracle.notes.remove(&serials[at % serials.len()])),
        _ => {}
    }
}

/// What there is besides the sample is what was made and not deleted.
fn agrees(client: &Client, oracle: &Oracle, case: &str) {
    let world = shown(client);
    let sample = [
        "msp",
        "msp-central",
        "msp-classic",
        "standard",
        "standard-central",
        "standard-classic",
        "standard-data",
        "dedicated",
    ];
    let made: BTreeSet<_> = world
        .clients
        .iter()
        .filter(|client| !sample.contains(&client.name.as_str()))
        .map(|client| client.client_id.as_str())
        .collect();
    assert_eq!(made, oracle.credentials.iter().flatten().map(String::as_str).collect(), "{case}");
    for tenant in &oracle.tenants {
        assert!(world.workspaces.iter().any(|workspace| workspace.id == *tenant), "{case}");
    }
}
