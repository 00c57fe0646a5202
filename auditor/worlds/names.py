"""The names Experience Platform gives: part files, export folders, manifests and what these say."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from random import Random

from auditor.worlds.model import ManifestFile, WorldDataset, WorldFlow
from auditor.worlds.records import make_uuid

SANDBOX = "prod"
ORGANIZATION = "Example Retail"


class Write:
    """One write of a Spark job: its part files share `tid` and UUID, the number counts up with the task."""

    def __init__(self, random: Random) -> None:
        self.tid = random.randrange(10**18, 2**63 - 1)
        self.uuid = make_uuid(random)
        self.first = random.randrange(1_000, 4_000_000)

    def name(self, task: int, extension: str, *, attempt: int = 1) -> str:
        return f"part-{task:05d}-tid-{self.tid}-{self.uuid}-{self.first + task}-{attempt}-c000.{extension}"


def render_folder(folder: str, flow: WorldFlow, dataset: WorldDataset, export_time: datetime, destination: str) -> str:
    """The key prefix of an export folder, ending with "/" (or "" at the root of the destination)."""
    digits = "%Y%m%d%H%M%S" if flow.digits == 14 else "%Y%m%d%H%M"
    values = {
        "DATASET_ID": dataset.id,
        "DATASET_NAME": dataset.name,
        "DESTINATION": "Amazon S3",
        "DESTINATION_NAME": "Amazon S3",
        "DESTINATION_INSTANCE_NAME": destination,
        "DESTINATION_INSTANCE_ID": flow.id,
        "SANDBOX_NAME": SANDBOX,
        "ORGANIZATION_NAME": ORGANIZATION,
        "DATETIME(YYYYMMdd_HHmmss)": export_time.strftime("%Y%m%d_%H%M%S"),
        "EXPORT_TIME": "exportTime=" + export_time.strftime(digits),
    }
    path = "/".join(part for part in (folder, _fill(flow.template, values)) if part.strip("/"))
    return f"{path.strip('/')}/" if path.strip("/") else ""


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub("%([^%]+)%", lambda match: values[match.group(1)], template).strip("/")


def manifest_name(flow: WorldFlow, flow_run_id: str) -> str:
    return f"manifest-{flow.id}-{flow_run_id}.json"


def render_manifest(manifest: ManifestFile) -> bytes:
    """The text of a manifest in the shape of Adobe's sample: one line, no spaces, no final newline."""
    added = dict(manifest.resized)
    results = [
        {
            "sinkPath": manifest.sink_path,
            "name": part.name,
            "size": len(part.render()) + added.get(part.name, 0),
        }
        for part in manifest.listed
    ]
    told = {
        "flowRunId": manifest.flow_run_id,
        "scheduledTime": manifest.scheduled.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "exportResults": results,
    }
    data = json.dumps(told, separators=(",", ":")).encode()
    for edit in manifest.edits:
        data = edit(data)
    return data
