//! Wireless networks (`central.md §6.9`).

use greenroom_model::{
    filter::{Field, grammars},
    fleet::{Device, Fleet, WLANS, Wlan},
    refusal::Refusal,
    sort,
    world::{Session, WorkspaceIx, World},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use smol_str::{SmolStr, ToSmolStr};

use super::{get, limit, next, page_of, page_text, read_filter, read_sort};
use crate::route::{Api, Ask, Reply, Route};

/// The route whose 404 has a code of its own (`central.md §4.3`).
pub(crate) const WLAN: &str = "central.wlans.get";

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            ("central.wlans.list", "/network-monitoring/v1/wlans"),
            Api::CentralMonitoring,
            &["filter", "limit", "next", "serial-number", "site-id", "sort"],
            "central.md §6.9",
            list,
        )
        .without("networks other than Greenroom's own three, which access points offer by the seed"),
        get(
            (WLAN, "/network-monitoring/v1/wlans/{wlan-name}"),
            Api::CentralMonitoring,
            &["serial-number", "site-id"],
            "HPE's monitoring.json",
            one,
        )
        .without("networks other than Greenroom's own three"),
    ]
}

/// Which access points are asked about.
struct At {
    site: Option<SmolStr>,
    serial: Option<SmolStr>,
}

impl At {
    fn read(ask: &Ask) -> Self {
        let text = |name| ask.text(name).map(SmolStr::new);
        Self { site: text("site-id"), serial: text("serial-number") }
    }

    /// The devices, of which access points on board offer networks.
    fn devices<'f>(&self, fleet: &'f Fleet, workspace: WorkspaceIx) -> impl Iterator<Item = Device<'f>> {
        let one = self.serial.as_ref().map(|serial| fleet.monitored(workspace, serial));
        let all = one.is_none().then(|| fleet.network(workspace));
        let here = |device: &Device<'_>| match &self.site {
            Some(id) => device.site().is_some_and(|site| site.id.to_smolstr() == *id),
            None => true,
        };
        one.flatten().into_iter().chain(all.into_iter().flatten()).filter(here)
    }

    /// How many there are to look at.
    fn rows(&self, fleet: &Fleet, workspace: WorkspaceIx) -> usize {
        if self.serial.is_some() { 1 } else { fleet.mix(workspace).network as usize }
    }

    /// The networks that they offer, in the order of their names.
    fn offered(&self, fleet: &Fleet, workspace: WorkspaceIx) -> Vec<&'static Wlan> {
        let mut most = 0;
        // Who offers more offers what the others do.
        for device in self.devices(fleet, workspace) {
            most = most.max(device.wlans().count());
            if most == WLANS.len() {
                break;
            }
        }
        WLANS[..most].iter().collect()
    }
}

fn list(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let limit = limit(world, ask, Some(20), 0..=1000)?;
    let number = next(ask)?.unwrap_or(1);
    let filter = read_filter(world, ask, grammars::CENTRAL_WLANS)?;
    let sort = read_sort(ask, grammars::CENTRAL_WLANS_SORT)?;
    let (fleet, workspace, at) = (world.fleet(), session.workspace, At::read(ask));
    let past_end = world.dialect.page_past_end;
    Ok(Reply::later(at.rows(&fleet, workspace), move || {
        let mut found = at.offered(&fleet, workspace);
        found.retain(|wlan| {
            let band = wlan.band();
            filter.as_ref().is_none_or(|filter| filter.matches(&|_| Field::Text(&band)))
        });
        let page = page_of(past_end, found.len(), number, limit)?;
        let text = |row: usize, name: &str| SmolStr::new(text(found[row], name));
        let shown = sort::page(found.len(), &sort, page.rows.clone(), text);
        let items: Vec<_> = shown.iter().map(|row| wlan(found[*row])).collect();
        Ok(page_text(&items, &page, items.len(), found.len()))
    }))
}

fn one(world: &World, session: &Session, ask: &Ask, _: Timestamp) -> Result<Reply, Refusal> {
    let (fleet, workspace, at) = (world.fleet(), session.workspace, At::read(ask));
    let name = SmolStr::new(ask.segment("wlan-name"));
    Ok(Reply::later(at.rows(&fleet, workspace), move || {
        let offered = at.offered(&fleet, workspace);
        let found = offered.into_iter().find(|wlan| wlan.name == name);
        let found = found.ok_or_else(|| Refusal::NotFound(format!("network {name}")))?;
        let clients = at.devices(&fleet, workspace).flat_map(|device| device.clients());
        let mut row = wlan(found);
        row["clientCount"] =
            clients.filter(|client| client.connected() && client.wlan() == Some(found)).count().into();
        Ok(row.to_string())
    }))
}

fn text(wlan: &Wlan, name: &str) -> String {
    match name {
        "wlanName" => wlan.name.to_owned(),
        "band" => wlan.band(),
        "status" => ENABLED.to_owned(),
        "securityLevel" => wlan.level.to_owned(),
        "security" => wlan.security.to_owned(),
        _ => wlan.vlan.to_owned(),
    }
}

const ENABLED: &str = "ENABLED";

/// A network as lists and access points show it.
pub(super) fn wlan(wlan: &Wlan) -> Value {
    json!({
        "id": format!("wlans/{}", wlan.name),
        // That of access points, as HPE's monitoring.json says.
        "type": "network-monitoring/access-point-monitoring",
        "wlanName": wlan.name,
        "band": wlan.band(),
        "security": wlan.security,
        "securityLevel": wlan.level,
        "status": ENABLED,
        "vlan": wlan.vlan,
    })
}
