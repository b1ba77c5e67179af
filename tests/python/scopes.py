"""Every call of pycentral.scopes, beginning with enable_scope=True.

argv: the serial number of a device.
"""

import json
import sys

from pycentral import NewCentralBase
from pycentral.scopes import Scopes
from pycentral.scopes.device import Device
from pycentral.scopes.scope_maps import ScopeMaps
from pycentral.scopes.site import Site

PLACE = {
    "address": "5 Test Street",
    "city": "San Diego",
    "state": "California",
    "country": "United States",
    "zipcode": "92101",
    "timezone": "America/Los_Angeles",
}

with NewCentralBase(token_info="token.yaml", enable_scope=True, log_level="ERROR") as conn:
    scopes = conn.scopes
    serial = scopes.devices[0].get_serial()
    device = Device(central_conn=conn, serial=serial)
    device.get()
    site = scopes.sites[0]
    result = {
        "global": scopes.id,
        "sites": [[it.get_id(), it.get_name()] for it in scopes.sites],
        "site_devices": sum(len(it.devices) for it in scopes.sites),
        "site_counts": sum(it.associated_devices for it in scopes.sites),
        "groups": [[it.get_id(), it.get_name(), len(it.devices) == int(it.device_count)] for it in scopes.device_groups],
        "collections": len(scopes.site_collections),
        "devices": len(scopes.devices),
        "sited": len([it for it in scopes.devices if it.site_id]),
        "device": [device.get_id() == scopes.devices[0].get_id(), device.materialized],
        "levels": {
            scope: [level["scopeType"] for level in scopes.get_hierarchy(scope, id=id)[0]["hierarchy"]]
            for scope, id in [
                ("site", site.get_id()),
                ("device", next(it for it in scopes.devices if it.site_id).get_id()),
                ("device_group", scopes.device_groups[0].get_id()),
            ]
        },
        "listed": [
            scopes.get_sites(limit=1, sort="scopeName DESC")["msg"]["items"][0]["scopeName"],
            scopes.get_sites(filter_field="scopeName eq 'HQ'")["msg"]["total"],
            scopes.get_site_collections()["msg"]["total"],
        ],
    }
    result["created"] = scopes.create_site({"name": "Lab", **PLACE})
    lab = scopes.find_site(site_names="Lab")
    result["lab"] = [lab.city, lab.timezone, lab.associated_devices, lab.get()["scopeName"]]
    result["twice"] = scopes.create_site({"name": "Lab", **PLACE})
    lab.address = "6 Test Street"
    result["updated"] = [lab.update(), lab.get()["address"]]
    result["collection"] = scopes.create_site_collection(
        {"name": "West", "description": "All of it"}, site_ids=[lab.get_id()]
    )
    west = scopes.find_site_collection(site_collection_names="West")
    result["counted"] = [west.associated_sites, west.associated_devices, lab.get()["collectionName"]]
    west.description = "Most of it"
    result["described"] = [west.update(), west.get()["description"]]
    result["added"] = scopes.add_sites_to_site_collection(
        site_collection_id=west.get_id(), site_ids=[site.get_id()]
    )
    result["counted_again"] = [west.associated_sites, west.associated_devices == site.associated_devices]
    result["nested"] = [
        level["scopeType"] for level in scopes.get_hierarchy("site", id=lab.get_id())[0]["hierarchy"]
    ]
    assign = dict(profile_name="profiles/lab", profile_persona="CAMPUS_AP")
    result["assigned"] = [
        scopes.assign_profile_to_scope(scope="site", scope_id=lab.get_id(), **assign),
        scopes.assign_profile_to_scope(scope="global", **assign),
    ]
    maps = ScopeMaps()
    result["maps"] = sorted(row["scope-name"] for row in maps.get(conn))
    again = Scopes(central_conn=conn)
    result["profiles"] = [
        len(again.assigned_profiles),
        [len(it.assigned_profiles) for it in again.sites],
    ]
    result["unassigned"] = scopes.unassign_profile_to_scope(scope="site", scope_id=lab.get_id(), **assign)
    result["unassigned_again"] = maps.unassociate_profile_from_scope(
        conn, lab.get_id(), "profiles/lab", "CAMPUS_AP"
    )["code"]
    result["removed"] = scopes.remove_sites_from_site_collection(site_ids=[lab.get_id()])
    left = Scopes(central_conn=conn)
    result["left"] = [it.get_name() for it in left.sites if it.site_collection_id]
    fresh = left.find_site(site_names="Lab")
    result["deleted"] = [fresh.delete(), left.find_site_collection(site_collection_names="West").delete()]
    end = Scopes(central_conn=conn)
    result["end"] = [[it.get_name() for it in end.sites], len(end.site_collections), end.id == scopes.id]

print(json.dumps(result))
