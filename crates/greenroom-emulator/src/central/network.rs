//! What the device lists of Central have in common: the fields of a network device, and which devices a
//! page shows.

use std::cell::OnceCell;

use greenroom_model::{
    dialect::PagePastEnd,
    filter::{Field, Filter, Grammar},
    fleet::{Device, DeviceType, Fleet},
    page::Numbered,
    refusal::Refusal,
    sort::{self, SortKey},
    world::{Session, WorkspaceIx, World},
};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use smol_str::{SmolStr, ToSmolStr};

use super::{limit, next, page_of, page_text, read_filter, read_sort};
use crate::{
    json::{self, Quoted},
    route::{Ask, Reply},
    table::{self, Row as _},
};

/// What a list knows, as data.
pub(super) struct List {
    pub(super) default_limit: usize,
    pub(super) filter: Grammar,
    pub(super) sort: &'static [&'static str],
    /// Whether it shows only what is on board.
    pub(super) monitored: bool,
    /// What it shows, if not everything.
    pub(super) kind: Option<DeviceType>,
}

/// What was asked of a list.
pub(super) struct Query {
    pub(super) filter: Option<Filter>,
    sort: Vec<SortKey>,
    /// `site-assigned`.
    pub(super) sited: Option<bool>,
    monitored: bool,
    kind: Option<DeviceType>,
    number: usize,
    limit: usize,
    past_end: PagePastEnd,
}

/// The page that answers a [`Query`].
pub(super) struct Picked {
    /// The ranks of its devices in the order of serial numbers.
    pub(super) ranks: Vec<u32>,
    page: Numbered,
    total: usize,
}

impl Query {
    pub(super) fn read(world: &World, ask: &Ask, list: &List) -> Result<Self, Refusal> {
        Ok(Self {
            limit: limit(world, ask, Some(list.default_limit), 0..=1000)?,
            number: next(ask)?.unwrap_or(1),
            filter: read_filter(world, ask, list.filter)?,
            sort: read_sort(ask, list.sort)?,
            sited: None,
            monitored: list.monitored,
            kind: list.kind,
            past_end: world.dialect.page_past_end,
        })
    }

    /// How many devices it takes a look at to answer.
    pub(super) fn looks_at(&self, fleet: &Fleet, workspace: WorkspaceIx) -> usize {
        let all = fleet.mix(workspace).network as usize;
        match self.named() {
            Some(serials) => serials.len(),
            None if self.is_plain() => self.limit.min(all),
            None => all,
        }
    }

    /// Finds the devices of the page.
    pub(super) fn pick(&self, fleet: &Fleet, workspace: WorkspaceIx) -> Result<Picked, Refusal> {
        let all = 0..fleet.mix(workspace).network;
        let row = |rank: u32| fleet.network_at(workspace, rank).map(Row::new);
        if self.is_plain() {
            let total = if self.monitored { fleet.census(workspace).monitored() } else { all.end } as usize;
            let page = page_of(self.past_end, total, self.number, self.limit)?;
            let ranks = match self.monitored {
                true => fleet.monitored_ranks(workspace, page.rows.clone()),
                false => all.skip(page.rows.start).take(page.rows.len()).collect(),
            };
            return Ok(Picked { ranks, page, total });
        }
        let passes = |rank: &u32| row(*rank).is_some_and(|row| self.passes(&row));
        let ranks: Vec<u32> = match self.named() {
            Some(serials) => {
                let of = |serial| fleet.by_serial(serial).filter(|device| device.workspace() == workspace);
                let devices = serials.into_iter().filter_map(of).filter(Device::assigned);
                let mut ranks: Vec<_> =
                    devices.map(|device| fleet.network_rank(workspace, &device.serial())).collect();
                ranks.sort_unstable();
                ranks.dedup();
                ranks.retain(passes);
                ranks
            }
            None => all.filter(passes).collect(),
        };
        let total = ranks.len();
        let page = page_of(self.past_end, total, self.number, self.limit)?;
        let value = |place: usize, name: &str| {
            row(ranks[place]).map_or(sort::Value::Null, |row| row.field(name).into())
        };
        let shown = sort::page(total, &self.sort, page.rows.clone(), value);
        let ranks = shown.into_iter().map(|place| ranks[place]).collect();
        Ok(Picked { ranks, page, total })
    }

    /// Whether every device is shown, in the order of serial numbers.
    fn is_plain(&self) -> bool {
        self.filter.is_none() && self.sort.is_empty() && self.sited.is_none() && self.kind.is_none()
    }

    /// The serial numbers that the filter names, if it names them.
    fn named(&self) -> Option<Vec<&str>> {
        table::only(self.filter.as_ref()?, "serialNumber")
    }

    fn passes(&self, row: &Row<'_>) -> bool {
        self.kind.is_none_or(|kind| row.device.kind() == kind)
            && (!self.monitored || row.device.provisioned())
            && self.sited.is_none_or(|sited| row.device.site().is_some() == sited)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(&|name| row.field(name)))
    }
}

impl Picked {
    /// The page as JSON.
    pub(super) fn json(&self, items: impl Serialize) -> String {
        page_text(items, &self.page, self.ranks.len(), self.total)
    }
}

/// One network device, to be filtered and sorted by.
struct Row<'a> {
    device: Device<'a>,
    /// Texts that had to be made to be compared.
    texts: [OnceCell<SmolStr>; 5],
}

impl<'a> Row<'a> {
    fn new(device: Device<'a>) -> Self {
        Self { device, texts: Default::default() }
    }

    fn text(&self, slot: usize, make: impl FnOnce() -> SmolStr) -> Field<'_> {
        Field::Text(self.texts[slot].get_or_init(make))
    }
}

impl table::Row for Row<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let device = &self.device;
        fn some(text: Option<&str>) -> Field<'_> {
            text.map_or(Field::Null, Field::Text)
        }
        match name {
            "serialNumber" => self.text(0, || device.serial()),
            "deviceName" => self.text(1, || device.name()),
            "macAddress" => self.text(2, || device.mac()),
            "ipv4" => self.text(3, || device.ipv4()),
            "siteId" => self.text(4, || device.site().map(|site| site.id.to_smolstr()).unwrap_or_default()),
            "siteName" => device.site().map_or(Field::Null, |site| Field::Text(site.name)),
            "deviceType" => Field::Word(device_type(device.kind())),
            "model" => Field::Text(device.model()),
            "firmwareVersion" => Field::Text(device.firmware()),
            "deviceFunction" => Field::Word(device.function()),
            "isProvisioned" => Field::Word(if device.provisioned() { "Yes" } else { "No" }),
            "deviceGroupName" => some(device.group().map(|(_, name)| name)),
            "deployment" => Field::Word(DEPLOYMENT),
            "status" => Field::Word(status(device)),
            "clusterName" => some(cluster_name(device)),
            _ => Field::Null,
        }
    }
}

/// `deviceType`. Central manages network devices only.
pub(super) fn device_type(kind: DeviceType) -> &'static str {
    match kind {
        DeviceType::AccessPoint => "ACCESS_POINT",
        DeviceType::Switch => "SWITCH",
        DeviceType::Gateway => "GATEWAY",
        DeviceType::Compute | DeviceType::Storage => "UNKNOWN",
    }
}

pub(super) fn status(device: &Device<'_>) -> &'static str {
    if device.online() { "ONLINE" } else { "OFFLINE" }
}

/// The same, as switches and gateways spell it (`central.md §8` item 19).
pub(super) fn title_status(device: &Device<'_>) -> &'static str {
    if device.online() { "Online" } else { "Offline" }
}

/// For how long a device that answers has been up: since it was added.
pub(super) fn uptime(device: &Device<'_>, now: Timestamp) -> Option<u64> {
    let up = now.as_millisecond() - device.created_at().as_millisecond();
    device.online().then(|| u64::try_from(up).unwrap_or_default())
}

/// The device of that kind that a path names, if Central monitors it.
pub(super) fn named<'w>(
    fleet: &'w Fleet,
    workspace: WorkspaceIx,
    ask: &Ask,
    kind: DeviceType,
) -> Result<Device<'w>, Refusal> {
    let serial = ask.segment("serial-number");
    let found = fleet.monitored(workspace, serial).filter(|device| device.kind() == kind);
    found.ok_or_else(|| Refusal::NotFound(format!("device {serial}")))
}

/// A device as the lists and pages of its family begin, `r#type` being what the family calls it; `rest` is what the
/// family says besides.
pub(super) fn told(device: &Device<'_>, r#type: &str, rest: Value) -> Value {
    let serial = device.serial();
    let mut row = json!({
        "id": serial,
        "type": r#type,
        "serialNumber": serial,
        "deviceName": device.name(),
        "macAddress": device.mac(),
        "siteId": SiteId(device.site().map(|site| site.id)),
    });
    if let (Value::Object(row), Value::Object(rest)) = (&mut row, rest) {
        row.extend(rest);
    }
    row
}

/// The list of the devices of one kind, of which each is shown by `item`.
pub(super) fn listed(
    world: &World,
    session: &Session,
    ask: &Ask,
    list: &List,
    item: impl Fn(Device<'_>) -> Value + Send + 'static,
) -> Result<Reply, Refusal> {
    let query = Query::read(world, ask, list)?;
    let (fleet, workspace) = (world.fleet(), session.workspace);
    Ok(Reply::later(query.looks_at(&fleet, workspace), move || {
        let picked = query.pick(&fleet, workspace)?;
        let devices = || picked.ranks.iter().filter_map(|rank| fleet.network_at(workspace, *rank));
        Ok(picked.json(json::Rows(|| devices().map(&item))))
    }))
}

/// `clusterName`: gateways form one.
pub(super) fn cluster_name(device: &Device<'_>) -> Option<&'static str> {
    (device.kind() == DeviceType::Gateway).then_some("gateways")
}

/// `deployment` of every device.
pub(super) const DEPLOYMENT: &str = "Standalone";

/// `type` of every device (`central.md §1.1`).
pub(super) const TYPE: &str = "network-monitoring/device-monitoring";

/// The id of a site in quotes, or empty quotes (`central.md §1.1`).
pub(super) struct SiteId(pub(super) Option<u64>);

impl Serialize for SiteId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(id) => Quoted(id).serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}
