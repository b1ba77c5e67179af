"""Reads all pages of the device inventory of one tenant.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.new_monitoring import MonitoringDevices

with MSPBase(token_info="token.yaml", log_level="ERROR") as msp_conn:
    tenant_conn = msp_conn.get_tenant_connection(tenant_name=sys.argv[1])
    devices = MonitoringDevices.get_all_device_inventory(central_conn=tenant_conn)

print(json.dumps({"serials": [device.get("serialNumber") for device in devices]}))
