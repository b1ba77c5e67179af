"""Writes down which paths the monitoring modules call: every public call once for each metric it may want."""

import inspect
import json

import pycentral.new_monitoring as monitoring
from pycentral.new_monitoring import aps, gateways

VALUES = {
    "serial_number": "SN1",
    "client_mac": "02:00:00:00:00:01",
    "site_id": 1,
    "port_index": 1,
    "port_number": "1",
    "radio_number": 1,
    "vlan_id": 1,
}


class Recorder:
    """A connection that writes down what it is asked for, and refuses it."""

    def __init__(self):
        self.paths = set()

    def command(self, api_method, api_path, **_):
        self.paths.add((api_method, "/" + api_path.lstrip("/")))
        return {"code": 500, "msg": "written down"}


METRICS = sorted(
    {
        metric
        for module in (aps, gateways)
        for name, value in vars(module).items()
        if name.endswith("METRICS")
        for metric in value
    }
)
paths, silent = set(), []
for owner in (getattr(monitoring, name) for name in dir(monitoring)):
    if not inspect.isclass(owner):
        continue
    for name, call in inspect.getmembers(owner, inspect.isfunction):
        if name.startswith("_"):
            continue
        wanted = inspect.signature(call).parameters.values()
        needed = [it.name for it in wanted if it.default is inspect.Parameter.empty]
        recorder = Recorder()
        for metric in METRICS if "metric" in needed else [None]:
            given = {it: VALUES.get(it, "x1") for it in needed}
            given["central_conn"] = recorder
            if "metric" in needed:
                given["metric"] = metric
            try:
                call(**given)
            except Exception:
                pass
        if not recorder.paths:
            silent.append(f"{owner.__name__}.{name}")
        paths |= recorder.paths

print(json.dumps({"paths": sorted(paths), "silent": silent}))
