//! What GLP shows of a device: its fields one by one, or all of them as JSON.

use std::{cell::OnceCell, fmt, ops::Range};

use greenroom_model::{
    filter::{Field, Filter},
    fleet::{self, Device, DeviceType, SharedFleet, Tags},
    id::{WorkspaceId, parse_uuid},
    select::Selection,
    tenancy::WorkspaceKind,
    time::Iso,
    world::{WorkspaceIx, World},
};
use serde::{Serialize, Serializer};
use serde_json::json;
use smol_str::{SmolStr, ToSmolStr};
use uuid::Uuid;

use crate::{
    json::{self, Uri},
    table,
};

/// The devices that a workspace sees, to be read without holding the world.
pub(super) struct Inventory {
    fleet: SharedFleet,
    shares: Vec<Share>,
}

/// What it sees of one workspace.
struct Share {
    workspace: WorkspaceIx,
    devices: u32,
    id: WorkspaceId,
    management: Option<&'static str>,
    /// Another workspace than the one that looks.
    of_tenant: bool,
    /// An MSP owns devices and uses none (`glp.md §6.2`).
    in_use: bool,
}

/// Where a device stands in an [`Inventory`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    share: u32,
    index: u32,
}

impl Place {
    /// Among the devices of the first workspace.
    pub(super) fn first(index: u32) -> Self {
        Self { share: 0, index }
    }
}

impl Inventory {
    /// All that `viewer` sees.
    pub(super) fn new(world: &World, viewer: WorkspaceIx) -> Self {
        Self::of(world, viewer, world.visible_devices(viewer).into_iter().map(|(workspace, _)| workspace))
    }

    /// What `viewer` sees of these workspaces.
    pub(super) fn of(
        world: &World,
        viewer: WorkspaceIx,
        workspaces: impl IntoIterator<Item = WorkspaceIx>,
    ) -> Self {
        let fleet = world.fleet();
        let share = |workspace| Share {
            workspace,
            devices: fleet.count(workspace),
            id: world.workspace(workspace).id,
            management: world.management(workspace),
            of_tenant: workspace != viewer,
            in_use: world.workspace(workspace).kind != WorkspaceKind::Msp,
        };
        let shares = workspaces.into_iter().map(share).collect();
        Self { shares, fleet }
    }

    /// How many devices there are.
    pub(super) fn total(&self) -> usize {
        self.shares.iter().map(|share| share.devices as usize).sum()
    }

    /// The devices of these rows, in the order in which they were added to their workspaces.
    pub(super) fn places(&self, rows: Range<usize>) -> impl Iterator<Item = Place> {
        let mut before = 0;
        self.shares.iter().zip(0..).flat_map(move |(share, number)| {
            let within = |row: usize| row.saturating_sub(before).min(share.devices as usize) as u32;
            let indices = within(rows.start)..within(rows.end);
            before += share.devices as usize;
            let index = |nth| self.fleet.nth(share.workspace, nth);
            indices.filter_map(move |nth| Some(Place { share: number, index: index(nth)? }))
        })
    }

    /// The devices that a filter names, if it names them.
    pub(super) fn named(&self, filter: &Filter) -> Option<Vec<Place>> {
        let fleet = &self.fleet;
        let devices: Vec<Device<'_>> = if let Some(serials) = table::only(filter, "serialNumber") {
            serials.into_iter().filter_map(|serial| fleet.by_serial(serial)).collect()
        } else if let Some(ids) = table::only(filter, "id") {
            ids.into_iter().filter_map(|id| fleet.by_id(parse_uuid(id)?)).collect()
        } else {
            let macs = table::only(filter, "macAddress")?;
            macs.into_iter().filter_map(|mac| fleet.by_mac(mac)).collect()
        };
        let mut places: Vec<_> = devices.iter().filter_map(|device| self.place(device)).collect();
        places.sort_unstable();
        places.dedup();
        Some(places)
    }

    pub(super) fn place(&self, device: &Device<'_>) -> Option<Place> {
        let share = self.shares.iter().position(|share| share.workspace == device.workspace())?;
        Some(Place { share: u32::try_from(share).ok()?, index: device.index() })
    }

    /// The row at a place of this inventory.
    pub(super) fn row(&self, place: Place) -> Row<'_> {
        let share = &self.shares[place.share as usize];
        let device = self.fleet.device(share.workspace, place.index).expect("a place leads to a device");
        Row { device, share, texts: Default::default() }
    }
}

/// One row of the list.
pub(super) struct Row<'a> {
    device: Device<'a>,
    share: &'a Share,
    /// Texts that had to be made to be compared.
    texts: [OnceCell<SmolStr>; 6],
}

impl Row<'_> {
    fn text(&self, slot: usize, make: impl FnOnce() -> SmolStr) -> Field<'_> {
        Field::Text(self.texts[slot].get_or_init(make))
    }

    /// `deviceType` and `category`.
    fn kind(&self) -> (&'static str, &'static str) {
        match self.device.kind() {
            DeviceType::AccessPoint => ("AP", "NETWORK"),
            DeviceType::Switch => ("SWITCH", "NETWORK"),
            DeviceType::Gateway => ("GATEWAY", "NETWORK"),
            DeviceType::Compute => ("COMPUTE", "COMPUTE"),
            DeviceType::Storage => ("STORAGE", "STORAGE"),
        }
    }

    fn assigned_state(&self) -> &'static str {
        if self.device.application().is_some() { "ASSIGNED_TO_SERVICE" } else { "UNASSIGNED" }
    }

    /// The value of a tag.
    pub(super) fn tag(&self, key: &str) -> Field<'_> {
        self.device.tags().get(key).map_or(Field::Null, |value| Field::Text(value))
    }
}

impl table::Row for Row<'_> {
    /// By the names of `filter::grammars::GLP_DEVICES` and of the members of a row; what is null in
    /// every row needs no name here.
    fn field(&self, name: &str) -> Field<'_> {
        let device = &self.device;
        let some = |text: Option<&'static str>| text.map_or(Field::Null, Field::Text);
        match name {
            "id" => self.text(0, || device.id().to_smolstr()),
            "serialNumber" => self.text(1, || device.serial()),
            "macAddress" => self.text(2, || device.mac()),
            "partNumber" => Field::Text(device.part_number()),
            "deviceType" => Field::Text(self.kind().0),
            "model" => Field::Text(device.model()),
            "make" => Field::Text(MAKE),
            "category" => Field::Text(self.kind().1),
            "archived" => Field::Truth(device.archived()),
            "isFlex" => Field::Truth(false),
            "assignedState" => Field::Text(self.assigned_state()),
            "region" => device.application().map_or(Field::Null, |(_, region)| Field::Text(region)),
            "application/id" if device.application().is_some() => self.text(3, || {
                device.application().map(|(manager, _)| manager.to_smolstr()).unwrap_or_default()
            }),
            "tenantWorkspaceId" if self.share.of_tenant => self.text(4, || self.share.id.to_smolstr()),
            "inUseWorkspaceId" if self.share.in_use => self.text(5, || self.share.id.plain().into()),
            "ownership" | "source" => Field::Text(MANAGED),
            "management" => some(self.share.management),
            "createdAt" => Field::Instant(device.created_at()),
            "updatedAt" => Field::Instant(device.updated_at()),
            _ => Field::Null,
        }
    }
}

const MAKE: &str = "HPE";
const MANAGED: &str = "MANAGED";

/// The members of a device, in the order in which they are shown (`glp.md §6.2`).
pub(super) const MEMBERS: &[&str] = &[
    "id",
    "type",
    "serialNumber",
    "partNumber",
    "macAddress",
    "deviceType",
    "model",
    "make",
    "category",
    "deviceName",
    "secondaryName",
    "archived",
    "assignedState",
    "region",
    "application",
    "subscription",
    "tags",
    "location",
    "contact",
    "warranty",
    "dedicatedPlatformWorkspace",
    "tenantWorkspaceId",
    "billingAccountId",
    "billingAccountName",
    "billingTier",
    "subscriptionCategory",
    "isFlex",
    "ownership",
    "source",
    "management",
    "inUseWorkspace",
    "manufacturedDate",
    "createdAt",
    "updatedAt",
];

/// A row as JSON (`glp.md §6.2`). Members without a value are null, as live.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: Uuid,
    r#type: &'static str,
    serial_number: SmolStr,
    part_number: &'a str,
    mac_address: SmolStr,
    device_type: &'static str,
    model: &'a str,
    make: &'static str,
    category: &'static str,
    device_name: (),
    secondary_name: (),
    archived: bool,
    assigned_state: &'static str,
    region: Option<&'a str>,
    application: Option<Application>,
    subscription: Subscriptions<'a>,
    tags: &'a Tags,
    location: Option<Location<'a>>,
    contact: Option<Contact<'a>>,
    warranty: (),
    dedicated_platform_workspace: (),
    tenant_workspace_id: Option<Uuid>,
    billing_account_id: (),
    billing_account_name: (),
    billing_tier: (),
    subscription_category: (),
    is_flex: bool,
    ownership: &'static str,
    source: &'static str,
    management: Option<&'static str>,
    in_use_workspace: Option<InUse>,
    manufactured_date: (),
    created_at: Iso,
    updated_at: Iso,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    id: Uuid,
    resource_uri: Uri<Uuid>,
}

/// None for a device that uses none.
#[derive(Serialize)]
#[serde(untagged)]
enum Subscriptions<'a> {
    None([(); 0]),
    One([Subscription<'a>; 1]),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscription<'a> {
    id: Uuid,
    resource_uri: Uri<Uuid>,
    key: &'a str,
    tier: &'a str,
    start_time: Iso,
    end_time: Iso,
}

/// What is known of a location: nobody serves the locations themselves.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    id: &'a str,
    resource_uri: Uri<&'a str>,
}

/// Who is to be asked about a device. Only what is known is there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contact<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_uri: Option<Uri<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
}

impl<'a> Contact<'a> {
    fn of(contact: &'a fleet::Contact) -> Self {
        let nobody = Self {
            r#type: "NON-WORKSPACE-USER",
            id: None,
            resource_uri: None,
            email: None,
            first_name: None,
            last_name: None,
            phone_number: None,
        };
        match contact {
            fleet::Contact::User(id) => Self {
                r#type: "WORKSPACE-USER",
                id: Some(id),
                resource_uri: Some(Uri("/identity/v1/users/", id)),
                ..nobody
            },
            fleet::Contact::Other { email, first_name, last_name, phone } => Self {
                email: Some(email),
                first_name: first_name.as_deref(),
                last_name: last_name.as_deref(),
                phone_number: phone.as_deref(),
                ..nobody
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InUse {
    id: Plain,
    resource_uri: Uri<Plain>,
    r#type: &'static str,
}

/// An id of 32 hex digits without dashes.
#[derive(Clone, Copy)]
struct Plain(Uuid);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.simple().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.simple().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'a> Row<'a> {
    fn item(&self) -> Item<'a> {
        let (device, share) = (self.device, self.share);
        let (device_type, category) = self.kind();
        let created_at = Iso(device.created_at());
        let subscription = match device.subscription() {
            Some(held) => Subscriptions::One([Subscription {
                id: held.id,
                resource_uri: Uri("/subscriptions/v1beta1/subscriptions/", held.id),
                key: &held.key,
                tier: &held.tier,
                start_time: Iso(held.start),
                end_time: Iso(held.end),
            }]),
            None => Subscriptions::None([]),
        };
        Item {
            id: device.id(),
            r#type: "devices/device",
            serial_number: device.serial(),
            part_number: device.part_number(),
            mac_address: device.mac(),
            device_type,
            model: device.model(),
            make: MAKE,
            category,
            device_name: (),
            secondary_name: (),
            archived: device.archived(),
            assigned_state: self.assigned_state(),
            region: device.application().map(|(_, region)| region),
            application: device.application().map(|(manager, _)| Application {
                id: manager,
                resource_uri: Uri("/service-catalog/v1beta1/service-managers/", manager),
            }),
            subscription,
            tags: device.tags(),
            location: device
                .location()
                .map(|id| Location { id, resource_uri: Uri("/locations/v1beta1/locations/", id) }),
            contact: device.contact().map(Contact::of),
            warranty: (),
            dedicated_platform_workspace: (),
            tenant_workspace_id: share.of_tenant.then_some(share.id.0),
            billing_account_id: (),
            billing_account_name: (),
            billing_tier: (),
            subscription_category: (),
            is_flex: false,
            ownership: MANAGED,
            source: MANAGED,
            management: share.management,
            in_use_workspace: share.in_use.then_some(InUse {
                id: Plain(share.id.0),
                resource_uri: Uri("/workspaces/v1/workspaces/", Plain(share.id.0)),
                r#type: "workspaces/workspace",
            }),
            manufactured_date: (),
            created_at,
            updated_at: Iso(device.updated_at()),
        }
    }
}

/// A page of the list.
#[derive(Serialize)]
struct Page<T> {
    items: T,
    count: usize,
    offset: usize,
    total: usize,
}

impl Inventory {
    /// The page that shows these devices, as JSON.
    pub(super) fn page(
        &self,
        places: &[Place],
        selection: &Selection,
        offset: usize,
        total: usize,
    ) -> String {
        let count = places.len();
        let item = |place: &Place| self.row(*place).item();
        match selection {
            Selection::All => {
                let items = json::Rows(|| places.iter().map(item));
                json::text(&Page { items, count, offset, total })
            }
            Selection::Only(_) => {
                let items = json::Rows(|| places.iter().map(|place| selection.cut(json!(item(place)))));
                json::text(&Page { items, count, offset, total })
            }
        }
    }

    /// One device, as JSON.
    pub(super) fn one(&self, place: Place) -> String {
        json::text(&self.row(place).item())
    }
}
