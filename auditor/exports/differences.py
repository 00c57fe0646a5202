"""In what an object that has the right name is not the one that is declared. Pure but for the sandbox it is handed."""

from collections.abc import Iterator, Mapping

from adapters.experience_platform.types import BaseConnection, Flow, SourceConnection, TargetConnection
from auditor.exports.bodies import Declared
from auditor.exports.logins import find_other_place
from auditor.exports.places import FLOW_SPEC, make_params
from auditor.exports.sandbox import Sandbox
from auditor.exports.schedule import LAYOUT_BY_DEFAULT, make_schedule
from auditor.settings.exports import is_id

_WHERE = ("bucketName", "container", "path", "remotePath")
_ONE_IN_THE_WORLD = ("s3", "gcs", "data-landing-zone")
_RUNNING = ("enabled", "enabling", "updating")


def find_source_differences(source: SourceConnection, declared: Declared) -> Iterator[str]:
    if {dataset for dataset, _ in source.datasets} != set(declared.dataset_ids):
        yield "its datasets are others"


def find_target_differences(target: TargetConnection, declared: Declared, base_id: str) -> Iterator[str]:
    """`base_id`: "" where the base connection is not there yet."""
    if target.base_connection != base_id:
        yield "its base connection is another one"
    yield from _find_params(target.params, declared)


def _find_params(params: Mapping[str, str], declared: Declared) -> Iterator[str]:
    wanted = make_params(declared.flow, declared.destination)
    for name in [key for key in wanted if key != "mode" and not _same(key, params.get(key, ""), wanted[key])]:
        yield f"its {name} is another one"


def _same(name: str, told: str, wanted: str) -> bool:
    if name == "remotePath":  # on a server, a slash in front means its top
        return told.rstrip("/") == wanted
    return told.strip("/") == wanted if name == "path" else told == wanted


def find_flow_differences(flow: Flow, declared: Declared, sandbox: Sandbox) -> Iterator[str]:
    """Raises: DestinationError where the flow's connections cannot be read."""
    if flow.state.lower() not in _RUNNING:
        yield f"it is not enabled (state {flow.state or 'not told'})"
    if flow.flow_spec != FLOW_SPEC[declared.destination.type]:
        yield "it exports to another type of destination"
        return
    yield from _find_schedule(flow, declared)
    datasets = {one for name in flow.source_connections for one, _ in sandbox.read_source(name).datasets}
    if datasets != set(declared.dataset_ids):
        yield "its datasets are others"
    for name in flow.target_connections:
        target = sandbox.read_target(name)
        yield from _find_params(target.params, declared)
        yield from _find_base(target, declared, sandbox)


def find_shared_datasets(flow: Flow, declared: Declared, sandbox: Sandbox) -> list[str]:
    """The declared datasets that an enabled dataflow exports to the very place. Raises: DestinationError."""
    if flow.state.lower() not in _RUNNING or flow.flow_spec != FLOW_SPEC[declared.destination.type]:
        return []
    wanted = make_params(declared.flow, declared.destination)
    where = [name for name in wanted if name in _WHERE]
    targets = [sandbox.read_target(name) for name in flow.target_connections]
    if not any(all(_same(name, one.params.get(name, ""), wanted[name]) for name in where) for one in targets):
        return []
    if not any(is_same_place(base, declared) for one in targets for base in _bases(one, sandbox)):
        return []
    exported = {one for name in flow.source_connections for one, _ in sandbox.read_source(name).datasets}
    return [one for one in declared.dataset_ids if one in exported]


def is_same_place(base: BaseConnection, declared: Declared) -> bool:
    """Whether it is known that what lies there by one name is the same: names of buckets are unique in the world,
    a sandbox has one landing zone; accounts and servers are the same where the base connections say so."""
    kind = declared.destination.type
    told = kind in _ONE_IN_THE_WORLD or is_declared_base(base, declared) or bool(base.place)
    return told and not [*find_other_place(base, declared.destination)]


def _bases(target: TargetConnection, sandbox: Sandbox) -> list[BaseConnection]:
    return [one for one in sandbox.list_bases(target.connection_spec) if one.id == target.base_connection]


def _find_base(target: TargetConnection, declared: Declared, sandbox: Sandbox) -> Iterator[str]:
    bases = [one for one in _bases(target, sandbox) if is_declared_base(one, declared)]
    if not bases:
        yield "its base connection is another one"
    for base in bases:
        yield from find_other_place(base, declared.destination)


def is_declared_base(base: BaseConnection, declared: Declared) -> bool:
    """By id where one is configured, else by name."""
    wanted = declared.export.base_connection
    return wanted == (base.id if is_id(wanted) else base.name)


def _find_schedule(flow: Flow, declared: Declared) -> Iterator[str]:
    told, wanted = flow.schedule, make_schedule(declared.flow)
    if told is None:
        yield "it has no schedule"
        return
    if (told.interval, told.time_unit) != (wanted["interval"], wanted["timeUnit"]):
        yield f"it exports every {told.interval} {told.time_unit}"
    if told.start_s != wanted["startTime"]:
        yield "its schedule has another start"
    if "endTime" in wanted and told.end_s != wanted["endTime"]:
        yield "its schedule has another end"
    if told.export_mode and told.export_mode != wanted["exportMode"]:
        yield f"its export mode is {told.export_mode}"
    if (told.folder_template or LAYOUT_BY_DEFAULT) != wanted.get("foldernameTemplate", LAYOUT_BY_DEFAULT):
        yield "its folder names are others"
