//! Sorting, selecting and paging against the obvious way to do them, alone and together with a filter.

use std::{
    cell::Cell,
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use greenroom_model::{
    filter::{
        self, Field,
        grammars::{
            CENTRAL_DEVICE_INVENTORY_SORT, CENTRAL_DEVICES_SORT, CENTRAL_LIST_TENANTS_SORT, GLP_DEVICES,
            GLP_DEVICES_SORT, GLP_SUBSCRIPTIONS_SORT,
        },
    },
    page,
    select::{Selection, Unknown},
    sort::{self, SortKey},
};
use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// A row with a field of every kind, few values each, and its number, by which ties show.
#[derive(Clone, Debug, PartialEq)]
struct Device {
    number: usize,
    model: Option<&'static str>,
    region: &'static str,
    flex: bool,
    created: i64,
    stock: Option<i64>,
}

const KNOWN: &[&str] = &["model", "region", "isFlex", "createdAt", "stock"];

fn devices() -> impl Strategy<Value = Vec<Device>> {
    let device = (
        option::of(select(vec!["AP-515", "AP-635", "ap-515", ""])),
        select(vec!["eu-west", "EU-WEST", "us-west"]),
        any::<bool>(),
        0..4_i64,
        option::of(-20..20_i64),
    );
    vec(device, 0..60).prop_map(|devices| {
        let number = |(number, (model, region, flex, created, stock))| Device {
            number,
            model,
            region,
            flex,
            created,
            stock,
        };
        devices.into_iter().enumerate().map(number).collect()
    })
}

/// As a handler would: regions are words.
fn field<'a>(device: &'a Device, name: &str) -> Field<'a> {
    match name {
        "model" => device.model.map_or(Field::Null, Field::Text),
        "region" => Field::Word(device.region),
        "isFlex" => Field::Truth(device.flex),
        "createdAt" => Field::Instant(Timestamp::from_second(device.created).unwrap()),
        "stock" => device.stock.map_or(Field::Null, Field::Number),
        _ => panic!("{name}"),
    }
}

fn keys() -> impl Strategy<Value = Vec<SortKey>> {
    let key = (select(KNOWN), any::<bool>());
    vec(key.prop_map(|(field, descending)| SortKey { field: field.to_owned(), descending }), 0..4)
}

/// Which of two rows comes first, said field by field. `None` is less than anything.
fn naive_order(one: &Device, other: &Device, keys: &[SortKey]) -> Ordering {
    for key in keys {
        let order = match key.field.as_str() {
            "model" => one.model.cmp(&other.model),
            "region" => one.region.to_lowercase().cmp(&other.region.to_lowercase()),
            "isFlex" => one.flex.cmp(&other.flex),
            "createdAt" => one.created.cmp(&other.created),
            _ => one.stock.cmp(&other.stock),
        };
        match (order, key.descending) {
            (Ordering::Equal, _) => {}
            (order, false) => return order,
            (order, true) => return order.reverse(),
        }
    }
    Ordering::Equal
}

/// The rows between two places, of which either may lie behind the end or before the other.
fn naive_slice<T: Clone>(rows: &[T], from: usize, to: usize) -> Vec<T> {
    rows.iter()
        .enumerate()
        .filter(|(place, _)| (from..to).contains(place))
        .map(|(_, row)| row.clone())
        .collect()
}

fn numbers(devices: &[Device]) -> Vec<usize> {
    devices.iter().map(|device| device.number).collect()
}

/// `field [asc|desc]` with commas, and spaces and case as it comes.
fn written(keys: &[SortKey], spelling: usize) -> String {
    let (comma, gap) = [(",", " "), (", ", "  "), (" , ", " ")][spelling % 3];
    let (up, down) = [("", "desc"), ("asc", "DESC"), ("ASC", "Desc")][spelling / 3 % 3];
    let step = |key: &SortKey| format!("{}{gap}{}", key.field, if key.descending { down } else { up });
    keys.iter().map(step).collect::<Vec<_>>().join(comma)
}

proptest! {
    #[test]
    fn a_page_is_cut_from_what_a_full_stable_sort_gives(
        devices in devices(), keys in keys(), from in 0usize..70, length in 0usize..70,
    ) {
        let asked = Cell::new(0);
        let value = |row: usize, name: &str| {
            asked.set(asked.get() + 1);
            sort::Value::from(field(&devices[row], name))
        };
        let found = sort::page(devices.len(), &keys, from..from + length, value);
        let mut sorted = devices.clone();
        sorted.sort_by(|one, other| naive_order(one, other, &keys));
        prop_assert_eq!(&found, &numbers(&naive_slice(&sorted, from, from + length)));
        prop_assert!(asked.get() <= devices.len() * keys.len());
    }

    #[test]
    fn orders_are_read_in_every_spelling(keys in keys(), spelling in 0usize..9) {
        prop_assert_eq!(sort::parse(&written(&keys, spelling), KNOWN), Ok(keys));
    }

    #[test]
    fn what_is_no_order_is_refused_at_its_place(keys in keys(), wrong in 0usize..5, spelling in 0usize..9) {
        let (wrong, place) =
            [("colour", 0), ("model up", 6), ("model asc desc", 10), ("", 0), ("Model", 0)][wrong];
        let before = written(&keys, spelling);
        let joint = if keys.is_empty() { "" } else { ", " };
        let text = format!("{before}{joint}{wrong},region");
        let error = sort::parse(&text, KNOWN).unwrap_err();
        prop_assert_eq!(error.at, before.len() + joint.len() + place, "{}: {}", text, error);
    }

    #[test]
    fn no_order_panics(text in ".{0,40}", seasoned in "((model|asc|desc|[a-z, ])( ?)){0,12}") {
        for text in [text, seasoned] {
            if let Err(error) = sort::parse(&text, KNOWN) {
                prop_assert!(text.is_char_boundary(error.at), "{}: {}", text, error);
            }
        }
    }

    #[test]
    fn a_selection_keeps_what_was_named_in_the_order_of_the_row(
        row in vec((select(vec!["id", "model", "tags", "region", "type"]), 0..9_i32), 0..5),
        values in vec(vec(select(vec!["id", "model", "tags", "colour", "", " region ", "ID"]), 1..4), 0..4),
    ) {
        const MEMBERS: &[&str] = &["id", "model", "tags", "region", "type"];
        let row: Map<String, Value> = row.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let texts: Vec<_> = values.iter().map(|names| names.join(",")).collect();
        let named: Vec<_> = values.concat().iter().map(|name| name.trim()).collect();
        let texts = || texts.iter().map(String::as_str);

        let selection = Selection::parse(texts(), MEMBERS, Unknown::Ignored).unwrap();
        let nothing = !named.iter().any(|name| MEMBERS.contains(name));
        let mut expected = Vec::new();
        for (name, value) in &row {
            if nothing || named.contains(&name.as_str()) {
                expected.push((name.clone(), value.clone()));
            }
        }
        let Value::Object(cut) = selection.cut(Value::Object(row.clone())) else { panic!("no object") };
        prop_assert_eq!(cut.into_iter().collect::<Vec<_>>(), expected);
        for name in MEMBERS {
            prop_assert_eq!(selection.wants(name), nothing || named.contains(name), "{}", name);
        }

        let strict = Selection::parse(texts(), MEMBERS, Unknown::Refused);
        match named.iter().find(|name| !name.is_empty() && !MEMBERS.contains(name)) {
            None => prop_assert_eq!(strict, Ok(selection)),
            Some(unknown) => {
                let error = strict.unwrap_err();
                let joined = texts().collect::<Vec<_>>().join(",");
                prop_assert!(joined[error.at..].starts_with(unknown), "{}: {}", joined, error);
                prop_assert!(error.message.contains(unknown), "{}", error);
            }
        }
    }

    #[test]
    fn a_list_is_filtered_then_sorted_then_cut(
        devices in devices(),
        keys in keys(),
        models in vec(select(vec!["AP-515", "AP-635", "x"]), 1..3),
        flex in any::<bool>(),
        (offset, limit, number) in (0usize..70, 0usize..20, 1usize..8),
        spelling in 0usize..9,
    ) {
        // As handlers do it.
        let text = format!("model in '{}' or isFlex eq {flex}", models.join("','"));
        let filter = filter::parse(&text, GLP_DEVICES).unwrap().unwrap();
        let keys = sort::parse(&written(&keys, spelling), KNOWN).unwrap();
        let rows: Vec<_> = devices.iter().filter(|device| filter.matches(&|name| field(device, name))).collect();
        let value = |row: usize, name: &str| sort::Value::from(field(rows[row], name));
        let shown = |range| -> Vec<usize> {
            sort::page(rows.len(), &keys, range, value).into_iter().map(|row| rows[row].number).collect()
        };

        // As anyone would.
        let mut list = Vec::new();
        for device in &devices {
            if models.iter().any(|model| device.model == Some(*model)) || device.flex == flex {
                list.push(device.clone());
            }
        }
        list.sort_by(|one, other| naive_order(one, other, &keys));
        let list = numbers(&list);

        prop_assert_eq!(shown(page::by_offset(rows.len(), offset, limit)), naive_slice(&list, offset, offset + limit));
        let numbered = page::by_number(rows.len(), number, limit);
        let before = (number - 1) * limit;
        prop_assert_eq!(shown(numbered.rows.clone()), naive_slice(&list, before, before + limit));
        let more = list.len() > before + limit && limit > 0;
        prop_assert_eq!(numbered.next, more.then_some(number + 1));
        prop_assert_eq!(numbered.past_end, number > 1 && limit > 0 && before >= list.len());

        // Walking meets every row once, in order.
        if limit > 0 {
            let (mut by_offset, mut by_number) = (Vec::new(), Vec::new());
            while by_offset.len() < list.len() {
                by_offset.extend(shown(page::by_offset(rows.len(), by_offset.len(), limit)));
            }
            let mut next = Some(1);
            while let Some(number) = next {
                let page = page::by_number(rows.len(), number, limit);
                next = page.next;
                by_number.extend(shown(page.rows));
            }
            prop_assert_eq!((&by_offset, &by_number), (&list, &list));
        }
    }
}

/// A value that counts how often it is compared.
struct Counted<'a>(u64, &'a Cell<u64>);

impl Ord for Counted<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.1.set(self.1.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Counted<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Counted<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Counted<'_> {}

/// A page of many rows must not cost the order of all of them.
#[test]
fn a_page_compares_each_row_a_few_times_only() {
    let compared = Cell::new(0);
    let keys = [SortKey { field: "n".to_owned(), descending: false }];
    let many = 100_000;
    let scattered = |row: usize| (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let mut sorted: Vec<_> = (0..many).collect();
    sorted.sort_by_key(|row| scattered(*row));
    for start in [0, 20, many / 2, many - 20] {
        compared.set(0);
        let page = sort::page(many, &keys, start..start + 20, |row, _| Counted(scattered(row), &compared));
        assert_eq!(page, sorted[start..(start + 20).min(many)]);
        let each = compared.get() / many as u64;
        assert!(each < 8, "{each} comparisons a row for the page from {start} on; sorting takes 17");
    }
}

/// What the services sort by is written once, without doubles, and can be asked for.
#[test]
fn the_sortable_fields_of_every_service() {
    let services = BTreeMap::from([
        ("devices", GLP_DEVICES_SORT),
        ("subscriptions", GLP_SUBSCRIPTIONS_SORT),
        ("inventory", CENTRAL_DEVICE_INVENTORY_SORT),
        ("devices of Central", CENTRAL_DEVICES_SORT),
        ("list-tenants", CENTRAL_LIST_TENANTS_SORT),
    ]);
    for (text, service) in [
        ("serialNumber,macAddress desc", "devices"),
        ("key, quote desc", "subscriptions"),
        ("siteId, siteName, serialNumber, deviceName, macAddress", "inventory"),
        ("deviceType asc, ipv4 desc, model, deviceGroupName, deviceFunction", "inventory"),
        ("siteId, siteName, serialNumber, deviceName, deployment, model", "devices of Central"),
        ("alerts DESC", "list-tenants"),
        ("tenantName, totalSites, deviceHealthStatus ASC", "list-tenants"),
        ("degradedSites, deviceOwnership, createdTime", "list-tenants"),
    ] {
        assert!(sort::parse(text, services[service]).is_ok(), "{service}: {text}");
    }
    for (service, fields) in services {
        assert_eq!(fields.iter().collect::<BTreeSet<_>>().len(), fields.len(), "{service}");
        assert!(sort::parse("colour", fields).is_err(), "{service}");
    }
    assert!(sort::parse("macAddress", CENTRAL_DEVICES_SORT).is_err());
    assert!(sort::parse("tags", GLP_DEVICES_SORT).is_err(), "a member of members has no order");
}
