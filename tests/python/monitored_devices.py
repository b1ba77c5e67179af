"""Reads, notes and deletes devices of one tenant with the monitoring module.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.new_monitoring import MonitoringDevices
from pycentral.scopes import Device

with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
    conn = msp_conn.get_tenant_connection(tenant_name=sys.argv[1])
    devices = MonitoringDevices.get_all_devices(central_conn=conn)
    serial = devices[0]["serialNumber"]
    provisioned = Device.get_all_devices(conn, new_central_provisioned=True)
    device = Device(serial=serial, central_conn=conn)
    device.get()
    noted = conn.command(
        api_method="PATCH",
        api_path=f"network-monitoring/v1/devices/{serial}",
        api_data={"notes": "Behind the plant"},
    )
    one = MonitoringDevices.get_devices(conn, filter_str=f"serialNumber eq '{serial}'")
    try:
        deleted = MonitoringDevices.delete_device(conn, serial)[0]
    except Exception as error:
        deleted = str(error)
    left = MonitoringDevices.get_all_devices(central_conn=conn)

print(
    json.dumps(
        {
            "serials": [device["serialNumber"] for device in devices],
            "provisioned": [device["serialNumber"] for device in provisioned],
            "materialized": device.materialized,
            "persona": getattr(device, "config_persona", None),
            "noted": [noted["code"], noted["msg"]],
            "notes": [device["notes"] for device in one["items"]],
            "deleted": deleted,
            "left": len(left),
        }
    )
)
