"""What `alerts:` may say and probably does not mean. None of it is an error."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from auditor.incident_model import Match
from auditor.model import Care, Flow
from auditor.settings.alerts import Alerts
from auditor.settings.problems import Path, quoted
from auditor.settings.service import ServiceSettings
from auditor.settings.warnings import about
from auditor.settings.yaml_tree import Tree


def find_alert_warnings(
    alerts: Alerts,
    service: ServiceSettings,
    flows: Mapping[str, Flow],
    destinations: list[str],
    tree: Tree,
    *,
    more_flows: bool,
) -> Iterator[str]:
    """Sentences with line and key. `more_flows`: flows are found by an audit too, with names not known here."""
    yield from _never_reached(alerts, tree)
    yield from _unused(alerts, service, tree)
    yield from _unknown_names(alerts, flows, destinations, tree, more_flows=more_flows)


def _never_reached(alerts: Alerts, tree: Tree) -> Iterator[str]:
    """What stands below a route that takes everything of its severities and does not continue."""
    taken = ""
    for index, route in enumerate(alerts.routes):
        if taken:
            yield about(("alerts", "routes", index), f"is never reached: route {taken} takes everything", tree)
        elif route.match == Match() and not route.goes_on:
            taken = route.name


def _unused(alerts: Alerts, service: ServiceSettings, tree: Tree) -> Iterator[str]:
    used = {name for route in alerts.routes for name in route.to}
    used |= {one.fallback for one in alerts.channels.values()} | {one.route for one in service.reports}
    for name in alerts.channels:
        if name not in used and alerts.routes:
            yield about(("alerts", "channels", name), "no route leads to it: nobody is told by it", tree)


def _unknown_names(
    alerts: Alerts, flows: Mapping[str, Flow], destinations: list[str], tree: Tree, *, more_flows: bool
) -> Iterator[str]:
    known: dict[str, Iterable[str]] = {"destination": destinations}
    if not more_flows:
        known |= _names_of(flows)
    for index, route in enumerate(alerts.routes):
        path: Path = ("alerts", "routes", index, "match")
        for name, names in known.items():
            pattern = getattr(route.match, name)
            if pattern and not any(fnmatchcase(one, pattern) for one in names):
                yield about((*path, name), f"{quoted(pattern)} fits no {name} of this configuration", tree)


def _names_of(flows: Mapping[str, Flow]) -> dict[str, Iterable[str]]:
    datasets = [dataset for flow in flows.values() for dataset in flow.datasets]
    cares: list[Care] = [flow.care for flow in flows.values()] + [dataset.care for dataset in datasets]
    return {
        "flow": list(flows),
        "dataset": [name for dataset in datasets for name in (dataset.id, dataset.name) if name],
        "team": [care.team for care in cares],
        "owner": [care.owner for care in cares],
        "tag": [tag for care in cares for tag in care.tags],
    }
