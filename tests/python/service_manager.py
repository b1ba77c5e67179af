"""Reads the service managers, and the provisions of an MSP and of one tenant.

argv: the tenant's name.
"""

import json
import sys

from pycentral import MSPBase
from pycentral.glp import ServiceManager

with MSPBase(token_info="token.yaml", log_level="CRITICAL") as msp_conn:
    tenant_conn = msp_conn.get_tenant_connection(tenant_name=sys.argv[1])
    module = ServiceManager()
    of_msp = module.get_service_manager_provisions(msp_conn)
    of_tenant = module.get_service_manager_provisions(tenant_conn)
    behind = module.get_service_manager_provisions(tenant_conn, limit=1, offset=1)
    too_many = module.get_service_manager_provisions(tenant_conn, limit=2001)
    managers = module.get_service_managers(msp_conn, limit=2, offset=1)
    regions = module.get_service_manager_by_region(msp_conn)
    wanted = [("Aruba Central", "US West"), ("Aruba Central", "EU West"), ("Aruba Central", "Mars"), ("Nobody", "US West")]
    applications = [module.get_application_id_and_region(msp_conn, *names) for names in wanted]

print(
    json.dumps(
        {
            "of_msp": of_msp["msg"],
            "of_tenant": of_tenant["msg"],
            "behind": behind["msg"],
            "too_many": [too_many["code"], too_many["msg"]["message"]],
            "managers": [[row["name"] for row in managers["msg"]["items"]], managers["msg"]["total"]],
            "regions": len(regions["msg"]["items"]),
            "applications": applications,
        }
    )
)
