//! Random operations on devices, judged by a table of a dozen lines that knows nothing of the fleet.

use std::{cell::RefCell, collections::BTreeMap};

use greenroom_model::{
    fleet::{DeviceType, Listed, Mix, Share},
    sample::DEFAULT_SEED,
    world::World,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::{CENTRAL_DEVICES, DEVICES, INVENTORY, cell, delete, patch, rows};
use crate::client::{Answer, Client};

/// A device as its owner remembers it.
#[derive(Clone, Debug)]
struct Known {
    on_board: bool,
    notes: String,
}

#[derive(Clone, Debug)]
enum Deed {
    Note(prop::sample::Index, String),
    Delete(prop::sample::Index),
    Nobody,
    Stranger(prop::sample::Index),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (any::<prop::sample::Index>(), "[a-c]{0,3}").prop_map(|(at, notes)| Deed::Note(at, notes)),
        2 => any::<prop::sample::Index>().prop_map(Deed::Delete),
        1 => Just(Deed::Nobody),
        1 => any::<prop::sample::Index>().prop_map(Deed::Stranger),
    ];
    prop::collection::vec(deed, 1..24)
}

/// The sample world whose tenant without devices has some of each sort, generated and listed.
fn world() -> World {
    let mut world = World::sample(DEFAULT_SEED);
    let listed = |serial: &str, kind, provisioned| Listed {
        serial: Some(serial.into()),
        provisioned,
        site: Some("Branch".into()),
        ..Listed::new(kind)
    };
    let share = Share {
        mix: Mix { network: 12, compute: 2, storage: 1, unassigned: 2 },
        listed: vec![
            listed("ZZ9", DeviceType::Switch, true),
            listed("AA1", DeviceType::AccessPoint, true),
            listed("CN00700004X", DeviceType::Gateway, true),
            listed("MM5", DeviceType::AccessPoint, false),
            listed("SRV1", DeviceType::Compute, false),
        ],
        ..Share::default()
    };
    let empty = world.workspace_named("empty").unwrap();
    world.plant(empty, share).unwrap();
    world
}

#[test]
fn random_changes_are_those_of_a_plain_table() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // What the deeds came to, in all cases together: to be sure that there is something of everything.
    let ends = RefCell::new(BTreeMap::new());
    let config = Config { cases: 10, failure_persistence: None, ..Config::default() };
    let judged = TestRunner::new(config).run(&deeds(), |deeds| {
        runtime.block_on(judge(&deeds, &ends));
        Ok(())
    });
    judged.unwrap_or_else(|error| panic!("{error}"));
    let ends = ends.into_inner();
    assert!(ends.len() == 6 && ends.values().all(|times| *times > 0), "{ends:?}");
}

async fn judge(deeds: &[Deed], ends: &RefCell<BTreeMap<(&'static str, u16), usize>>) {
    let end = |deed: &'static str, answer: &Answer, expected: u16| {
        assert_eq!(answer.status, expected, "{deed}: {}", answer.body);
        *ends.borrow_mut().entry((deed, expected)).or_default() += 1;
    };
    let client = Client::of(world()).await;
    let msp = client.mint("msp").await;
    let token = client.exchange(&msp, "empty").await;
    let stranger = client.exchange(&msp, "example").await;
    let inventory = rows(&client.list(&token, INVENTORY, &[("limit", "1000")]).await.ended_with(200));
    let known = |row: &Value| {
        let known = Known { on_board: row["isProvisioned"] == "Yes", notes: String::new() };
        (cell(row, "serialNumber"), known)
    };
    let mut table: BTreeMap<_, _> = inventory.iter().map(known).collect();
    assert_eq!(table.len(), 16);
    let (first, last) = (table.keys().next().unwrap(), table.keys().last().unwrap());
    assert_eq!((first.as_str(), last.as_str()), ("AA1", "ZZ9"), "listed devices are among the others");
    assert!(!table["MM5"].on_board);
    for deed in deeds {
        let named = |at: &prop::sample::Index| at.get(&table.keys().collect::<Vec<_>>()).to_string();
        match deed {
            Deed::Note(at, notes) => {
                let serial = named(at);
                let answer = client.send(patch(&token, &serial, &json!({"notes": notes}).to_string())).await;
                let device = table.get_mut(&serial).unwrap();
                end("note", &answer, if device.on_board { 200 } else { 404 });
                if device.on_board {
                    device.notes.clone_from(notes);
                }
            }
            Deed::Delete(at) => {
                let serial = named(at);
                let device = table.get_mut(&serial).unwrap();
                let answer = client.send(delete(&token, &serial)).await;
                end("delete", &answer, if device.on_board { 202 } else { 404 });
                device.on_board = false;
            }
            Deed::Nobody => {
                end("nobody", &client.send(delete(&token, "NOBODY")).await, 404);
            }
            Deed::Stranger(at) => {
                end("stranger", &client.send(delete(&stranger, &named(at))).await, 404);
            }
        }
        agrees(&client, &token, &table, deed).await;
    }
}

/// Compares all that can be read with the table.
async fn agrees(client: &Client, token: &str, table: &BTreeMap<String, Known>, after: &Deed) {
    let inventory = rows(&client.list(token, INVENTORY, &[("limit", "1000")]).await.ended_with(200));
    let shown: Vec<_> =
        inventory.iter().map(|row| (cell(row, "serialNumber"), row["isProvisioned"] == "Yes")).collect();
    let expected: Vec<_> = table.iter().map(|(serial, device)| (serial.clone(), device.on_board)).collect();
    assert_eq!(shown, expected, "{after:?}");
    let on_board: Vec<_> = table.iter().filter(|(_, device)| device.on_board).collect();
    let mut shown = Vec::new();
    for page in 1..=4 {
        let query = [("limit", "5"), ("next", &*page.to_string())];
        let answer = client.list(token, CENTRAL_DEVICES, &query).await.ended_with(200);
        assert_eq!(answer.json()["total"], on_board.len(), "{after:?}");
        shown.extend(answer.column("serialNumber"));
    }
    let expected: Vec<_> = on_board.iter().map(|(serial, _)| (*serial).clone()).collect();
    assert_eq!(shown, expected, "{after:?}");
    let sites: Vec<_> = inventory.iter().map(|row| format!("'{}'", cell(row, "siteId"))).collect();
    let filter = format!("siteId in ({})", unique(sites).join(", "));
    let noted = rows(&client.list(token, CENTRAL_DEVICES, &[("filter", &filter)]).await.ended_with(200));
    let shown: Vec<_> = noted.iter().map(|row| cell(row, "notes")).collect();
    let expected: Vec<_> = on_board.iter().map(|(_, device)| device.notes.clone()).collect();
    assert_eq!(shown, expected, "{after:?}");
    let glp = client.get(token, DEVICES).await.ended_with(200).json();
    assert_eq!(glp["total"], 22, "{after:?}");
}

fn unique(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts
}
