//! Clients of access points and switches (`central.md §6.7`).

use greenroom_model::{
    dialect::PagePastEnd,
    filter::{Field, Filter, grammars},
    fleet::{Client, DeviceType, Fleet},
    page::{self, Numbered},
    refusal::Refusal,
    sort::{self, SortKey},
    time::Iso,
    world::{Session, WorkspaceIx, World},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use smol_str::{SmolStr, ToSmolStr};

use super::{get, limit, network::SiteId, next, page_of, page_text, read_filter, read_sort, shown};
use crate::{
    json::Rows,
    route::{Api, Ask, Reply, Route},
    table,
};

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            ("central.clients.list", "/network-monitoring/v1/clients"),
            Api::CentralMonitoring,
            &[
                "end-at",
                "filter",
                "limit",
                "next",
                "serial-number",
                "site-id",
                "site-name",
                "sort",
                "start-at",
            ],
            "central.md §6.7",
            list,
        )
        .without(NOT_SERVED),
        get(
            ("central.clients.get", "/network-monitoring/v1/clients/{mac-address}"),
            Api::CentralMonitoring,
            &[],
            "central.md §6.7",
            one,
        )
        .without(NOT_SERVED),
    ]
}

const NOT_SERVED: &str = "clients of gateways, tunnels, tags and Multi-Link Operation; a `status` other than Connected and \
                          Failed: who is there follows from the seed and the devices";

/// What was asked of the list.
struct Query {
    filter: Option<Filter>,
    sort: Vec<SortKey>,
    site: Option<SmolStr>,
    site_name: Option<SmolStr>,
    serial: Option<SmolStr>,
    /// Clients that are not connected are shown if they tried in this time.
    tried: (Timestamp, Timestamp),
    number: usize,
    limit: usize,
    past_end: PagePastEnd,
}

fn list(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let text = |name| ask.text(name).map(SmolStr::new);
    let query = Query {
        limit: limit(world, ask, Some(100), 1..=1000)?,
        number: next(ask)?.unwrap_or(1),
        filter: read_filter(world, ask, grammars::CENTRAL_CLIENTS)?,
        sort: read_sort(ask, grammars::CENTRAL_CLIENTS_SORT)?,
        tried: window(ask, now)?,
        site: text("site-id"),
        site_name: text("site-name"),
        serial: text("serial-number"),
        past_end: world.dialect.page_past_end,
    };
    let (fleet, workspace, absent) = (world.fleet(), session.workspace, world.dialect.central_absent);
    let looks_at = if query.serial.is_some() { 1 } else { fleet.mix(workspace).network as usize };
    Ok(Reply::later(looks_at, move || {
        let (page, shown_clients, total) = query.pick(&fleet, workspace, now)?;
        let items = || shown_clients.iter().map(|client| shown(item(client, query.tried.1, now), absent));
        Ok(page_text(Rows(items), &page, shown_clients.len(), total))
    }))
}

fn one(world: &World, session: &Session, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
    let (fleet, mac) = (world.fleet(), ask.segment("mac-address"));
    let client = fleet.client(session.workspace, mac);
    let client = client.ok_or_else(|| Refusal::NotFound(format!("client {mac}")))?;
    Ok(Reply::ok(shown(item(&client, now, now), world.dialect.central_absent)))
}

/// `start-at` and `end-at`: by default the last three hours, at most seven days, with a site a month
/// (`central.md §6.7`).
fn window(ask: &Ask, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
    let refuse = |name, message: &str| Refusal::Query { name, message: message.to_owned() };
    let instant = |name| match ask.text(name) {
        None => Ok(None),
        Some(text) => {
            let fault = |_| refuse(name, "must be a date and time of RFC 3339");
            text.parse::<Timestamp>().map(Some).map_err(fault)
        }
    };
    let hours = SignedDuration::from_hours;
    let end = instant("end-at")?.unwrap_or(now);
    let start = match instant("start-at")? {
        Some(start) => start,
        None => end.saturating_sub(hours(3)).unwrap_or(end),
    };
    let sited = ask.text("site-id").is_some() || ask.text("site-name").is_some();
    let (longest, words) = if sited {
        (31, "must be at most a month before end-at")
    } else {
        (7, "must be at most 7 days before end-at")
    };
    match end.duration_since(start) {
        length if length <= SignedDuration::ZERO => Err(refuse("start-at", "must be before end-at")),
        length if length > hours(24 * longest) => Err(refuse("start-at", words)),
        _ => Ok((start, end)),
    }
}

impl Query {
    /// The clients of the page, and how many there are on all pages.
    fn pick<'f>(
        &self,
        fleet: &'f Fleet,
        workspace: WorkspaceIx,
        now: Timestamp,
    ) -> Result<(Numbered, Vec<Client<'f>>, usize), Refusal> {
        // Without an order only the page is kept.
        let wanted = match self.sort.is_empty() {
            true => page::by_number(usize::MAX, self.number, self.limit).rows,
            false => 0..usize::MAX,
        };
        let (mut total, mut found) = (0, Vec::new());
        let mut enter = |client| {
            if wanted.contains(&total) {
                found.push(client);
            }
            total += 1;
        };
        let clients =
            |rank| fleet.network_at(workspace, rank).into_iter().flat_map(|device| device.clients());
        match &self.serial {
            Some(serial) => fleet
                .monitored(workspace, serial)
                .into_iter()
                .flat_map(|device| device.clients())
                .filter(|client| self.passes(client))
                .for_each(&mut enter),
            None => (0..fleet.mix(workspace).network)
                .flat_map(clients)
                .filter(|client| self.passes(client))
                .for_each(&mut enter),
        }
        let page = page_of(self.past_end, total, self.number, self.limit)?;
        if !self.sort.is_empty() {
            let value = |row: usize, name: &str| value(&found[row], name, self.tried.1, now);
            let rows = sort::page(total, &self.sort, page.rows.clone(), value);
            found = rows.into_iter().map(|row| found[row]).collect();
        }
        Ok((page, found, total))
    }

    fn passes(&self, client: &Client<'_>) -> bool {
        let site = client.device().site();
        let asks_status = |filter| table::mentions(filter, "status");
        let (start, end) = self.tried;
        self.site.as_ref().is_none_or(|id| site.is_some_and(|site| site.id.to_smolstr() == *id))
            && self.site_name.as_ref().is_none_or(|name| site.is_some_and(|site| site.name == *name))
            && (client.connected() || client.failed_at(end).is_some_and(|at| at >= start))
            // Who does not ask for a status sees the connected ones.
            && (client.connected() || self.filter.as_ref().is_some_and(asks_status))
            && self.filter.as_ref().is_none_or(|filter| filter.matches(&|name| field(client, name)))
    }
}

/// What can be filtered by.
fn field(client: &Client<'_>, name: &str) -> Field<'static> {
    match name {
        "clientConnectionType" => Field::Word(connection(client)),
        "status" => Field::Word(status(client)),
        "wlanName" => client.wlan().map_or(Field::Null, |wlan| Field::Text(wlan.name)),
        "vlanId" => Field::Text(client.vlan().0),
        "role" => Field::Text(role(client)),
        _ => Field::Null,
    }
}

/// What can be sorted by.
fn value(client: &Client<'_>, name: &str, end: Timestamp, now: Timestamp) -> sort::Value {
    let instant = |at: Option<Timestamp>| at.map_or(sort::Value::Null, sort::Value::Instant);
    match name {
        "clientName" => sort::Value::Text(client.name()),
        "macAddress" => sort::Value::Text(client.mac()),
        "ipv4" => sort::Value::Text(client.ipv4()),
        "connectedDeviceSerial" => sort::Value::Text(client.device().serial()),
        "connectedTo" => sort::Value::Text(client.device().name()),
        "port" => client.port().map_or(sort::Value::Null, sort::Value::Text),
        "lastSeenAt" => instant(last_seen(client, end)),
        "connectedAt" => instant(client.connected().then(|| client.connected_at(now))),
        _ => field(client, name).into(),
    }
}

pub(super) fn connection(client: &Client<'_>) -> &'static str {
    if client.wlan().is_some() { "Wireless" } else { "Wired" }
}

fn status(client: &Client<'_>) -> &'static str {
    if client.connected() { "Connected" } else { "Failed" }
}

fn role(client: &Client<'_>) -> &'static str {
    client.wlan().map_or("employee", |wlan| wlan.role)
}

fn last_seen(client: &Client<'_>, end: Timestamp) -> Option<Timestamp> {
    if client.connected() { None } else { client.failed_at(end) }
}

fn item(client: &Client<'_>, end: Timestamp, now: Timestamp) -> Value {
    let (device, mac, name, make) = (client.device(), client.mac(), client.name(), client.make());
    let (site, wlan, radio) = (device.site(), client.wlan(), client.radio());
    let (vlan, vlan_name) = client.vlan();
    json!({
        "id": mac,
        "type": "network-monitoring/client-monitoring",
        "macAddress": mac,
        "clientName": name,
        "clientConnectionType": connection(client),
        "status": status(client),
        "ipv4": client.connected().then(|| client.ipv4()),
        "ipv6": null,
        "connectedAt": client.connected().then(|| Iso(client.connected_at(now))),
        // HPE's monitoring.json: of a client that is online "this value will be 0".
        "lastSeenAt": last_seen(client, end).map_or_else(|| json!(0), |at| json!(Iso(at))),
        "connectedDeviceSerial": device.serial(),
        "connectedDeviceType": if device.kind() == DeviceType::AccessPoint { "AP" } else { "Switch" },
        "connectedTo": device.name(),
        "hostName": name,
        "userName": null,
        "siteId": SiteId(site.map(|site| site.id)),
        "siteName": site.map(|site| site.name),
        "vlanId": vlan,
        "vlanName": vlan_name,
        "wlanName": wlan.map(|wlan| wlan.name),
        "wirelessBand": radio.map(|(_, band)| band.of_client()),
        "wirelessChannel": radio.map(|(_, band)| band.channel()),
        "wirelessSecurity": wlan.map(|wlan| wlan.security),
        "keyManagement": wlan.map(|wlan| wlan.keys),
        "authenticationType": wlan.map(|wlan| wlan.authentication),
        "snr": client.snr(),
        "phyType": radio.map(|_| "802.11ax"),
        "mloOperMode": null,
        "bssid": radio.zip(wlan).map(|((number, _), wlan)| device.bssid(number, wlan)),
        "radioMacAddress": radio.map(|(number, _)| device.radio_mac(number)),
        "port": client.port(),
        "role": role(client),
        "tunnelType": null,
        "tunnelId": null,
        "clientCategory": make.category,
        "clientFunction": make.function,
        "clientManufacturer": make.manufacturer,
        "clientOperatingSystem": make.system,
        "clientTags": null,
        "clientVendor": make.manufacturer,
        "clientCapabilities": radio.map(|_| "802.11ax"),
    })
}
