"""Reads every list of the monitoring module that Greenroom serves, and one of each kind, for one tenant.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.new_monitoring import (
    WLAN,
    Clients,
    MonitoringAPs,
    MonitoringGateways,
    MonitoringSites,
    MonitoringSwitches,
)


def refusal(call, *args, **options):
    try:
        call(*args, **options)
    except Exception as error:
        return str(error)
    return None


with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
    conn = msp_conn.get_tenant_connection(tenant_name=sys.argv[1])
    aps = MonitoringAPs.get_all_aps(conn, filter_str="status eq 'ONLINE'", sort="deviceName desc")
    switches = MonitoringSwitches.get_all_switches(conn)
    gateways = MonitoringGateways.get_all_gateways(conn)
    wlans = WLAN.get_all_wlans(conn)
    sites = MonitoringSites.get_all_sites(conn)
    clients = Clients.get_all_clients(conn)
    site = sites[0]
    result = {
        "aps": [ap["deviceName"] for ap in aps],
        "clients_of_aps": sum(ap["clientCount"] for ap in aps),
        "ap": MonitoringAPs.get_ap_details(conn, aps[0]["serialNumber"])["deviceName"],
        "switches": len({switch["serialNumber"] for switch in switches}),
        "switch": MonitoringSwitches.get_switch_details(conn, switches[0]["serialNumber"])["status"],
        "gateways": len({gateway["serialNumber"] for gateway in gateways}),
        "gateway": MonitoringGateways.get_gateway_details(conn, gateways[0]["serialNumber"])["mode"],
        "wlans": [wlan["wlanName"] for wlan in wlans],
        "wlans_of_ap": len(WLAN.get_wlans(conn, serial_number=aps[0]["serialNumber"])["items"]),
        "sites": [[site["siteName"], site["devices"]["count"], site["clients"]["count"]] for site in sites],
        "site_health": [sum(site["health"].values()), sum(site["devices"]["health"].values())],
        "site_alerts": site["alerts"],
        "site": MonitoringSites.list_site_information(conn, int(site["id"]))["type"],
        "site_devices": len(MonitoringSites.list_sites_device_health(conn)["items"]),
        "clients": len({client["macAddress"] for client in clients}),
        "wireless": len(Clients.get_wireless_clients(conn)),
        "wired": len(Clients.get_wired_clients(conn)),
        "connected": len(Clients.get_connected_clients(conn)),
        "failed": len(Clients.get_failed_clients(conn)),
        "failed_today": len(Clients.get_all_clients(conn, filter_str="status eq 'Failed'", duration="1d")),
        "of_device": len(Clients.get_clients_associated_device(conn, aps[0]["serialNumber"])),
        "of_site": len(Clients.get_all_clients(conn, site_id=site["id"])),
        "client": Clients.get_client_details(conn, clients[0]["macAddress"])["status"],
        "alerts": conn.command("GET", "network-notifications/v1/alerts", api_params={"limit": 100})["msg"]["total"],
        "not_served": refusal(MonitoringAPs.get_all_radios, conn),
    }

print(json.dumps(result))
