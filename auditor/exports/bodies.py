"""What is sent to have each object made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.exports.logins import make_auth
from auditor.exports.places import CONNECTION_SPEC, FLOW_SPEC, make_params
from auditor.exports.schedule import make_schedule
from auditor.exports.steps import Kind, Ref
from auditor.flow.specs import DATA_LAKE
from auditor.model import Flow
from auditor.settings import Destination
from auditor.settings.exports import Export

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Declared:
    """A flow that is to be set up, with all that the configuration says of it."""

    export: Export
    flow: Flow
    destination: Destination

    def ref(self, kind: Kind) -> Ref:
        """What it is called there. Connections are named after the dataflow, a base connection as configured."""
        name = self.export.name
        names = {Kind.SOURCE: f"{name} source", Kind.TARGET: f"{name} target", Kind.FLOW: name}
        return Ref(self.export.experience_platform, kind, names.get(kind, self.export.base_connection))

    @property
    def dataset_ids(self) -> list[str]:
        return [dataset.id for dataset in self.flow.datasets]


def make_source(declared: Declared, names: Mapping[str, str]) -> Body:
    """`names` of datasets by id, as Experience Platform has them."""
    datasets = [{"dataSetId": one, "name": names[one]} for one in declared.dataset_ids]
    return {**_told(declared, Kind.SOURCE), "connectionSpec": _spec(DATA_LAKE), "params": {"datasets": datasets}}


def make_base(declared: Declared) -> Body:
    """Raises: OSError where a key file cannot be read."""
    auth = make_auth(declared.destination)
    spec = {"connectionSpec": _spec(CONNECTION_SPEC[declared.destination.type])}
    return {"name": declared.ref(Kind.BASE).name, **({"auth": auth} if auth else {}), **spec}


def make_target(declared: Declared, base: Ref) -> Body:
    return {
        **_told(declared, Kind.TARGET),
        "baseConnectionId": base,
        "params": make_params(declared.flow, declared.destination),
        "connectionSpec": _spec(CONNECTION_SPEC[declared.destination.type]),
    }


def make_flow(declared: Declared, sources: Sequence[Ref], targets: Sequence[Ref]) -> Body:
    return {
        **_told(declared, Kind.FLOW),
        "flowSpec": _spec(FLOW_SPEC[declared.destination.type]),
        "sourceConnectionIds": list(sources),
        "targetConnectionIds": list(targets),
        "transformations": [],
        "scheduleParams": make_schedule(declared.flow),
    }


def _told(declared: Declared, kind: Kind) -> dict[str, Any]:
    return {"name": declared.ref(kind).name, "description": "Set up by export-auditor"}


def _spec(spec_id: str) -> dict[str, str]:
    return {"id": spec_id, "version": "1.0"}
