"""Reads the provisions of an MSP and of one tenant, and everything that Greenroom does not serve yet.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.glp import Devices, ServiceManager, Subscriptions, UserMgmt

NOBODY = "00000000-0000-4000-8000-000000000000"

with MSPBase(token_info="token.yaml", log_level="CRITICAL") as msp_conn:
    tenant_conn = msp_conn.get_tenant_connection(tenant_name=sys.argv[1])
    module = ServiceManager()
    of_msp = module.get_service_manager_provisions(msp_conn)
    of_tenant = module.get_service_manager_provisions(tenant_conn)
    behind = module.get_service_manager_provisions(tenant_conn, limit=1, offset=1)
    too_many = module.get_service_manager_provisions(tenant_conn, limit=2001)
    unserved = {
        "Devices.get_status": Devices().get_status(msp_conn, NOBODY),
        "ServiceManager.get_service_managers": module.get_service_managers(msp_conn),
        "ServiceManager.get_service_manager_by_region": module.get_service_manager_by_region(msp_conn),
        "Subscriptions.get_subscription": Subscriptions().get_subscription(msp_conn),
        "Subscriptions.get_status": Subscriptions().get_status(msp_conn, NOBODY),
        "UserMgmt.get_users": UserMgmt().get_users(msp_conn),
        "UserMgmt.get_user": UserMgmt().get_user(msp_conn, id=NOBODY),
    }
    application = module.get_application_id_and_region(msp_conn, "Aruba Central", "US West")

print(
    json.dumps(
        {
            "of_msp": of_msp["msg"],
            "of_tenant": of_tenant["msg"],
            "behind": behind["msg"],
            "too_many": [too_many["code"], too_many["msg"]["message"]],
            "unserved": {name: resp["code"] for name, resp in unserved.items()},
            "application": application,
        }
    )
)
