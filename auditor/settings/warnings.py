"""What a configuration may say and probably does not mean. None of it is an error."""

from collections.abc import Iterator, Mapping

from auditor.model import ArrivalClock, Flow
from auditor.settings.destinations import Destination
from auditor.settings.problems import Path, quoted
from auditor.settings.template import names_dataset, names_time
from auditor.settings.yaml_tree import Tree


def find_warnings(
    tree: Tree, destinations: Mapping[str, Destination], flows: Mapping[str, Flow], *, more_flows: bool = False
) -> Iterator[str]:
    """Sentences with line and key, as in `line 12: flows.web-3h: …`. `more_flows`: others are found by an audit."""
    yield from _read_as_text(tree)
    for flow in flows.values():
        yield from _unjudgeable(flow, tree)
        if flow.arrival is ArrivalClock.RUN and not flow.flow_id:
            sentence = "arrives when its run ended (arrival: run), and names no experience_platform and flow_id to ask"
            yield about(("flows", flow.name), f"{sentence}; modification times are used", tree)
    yield from _same_folders(flows, tree)
    yield from _same_place(destinations, tree)
    used = {flow.destination for flow in flows.values()}
    for name in destinations:
        if name not in used and not more_flows:
            yield about(("destinations", name), "no flow exports to it, so that nothing is expected there", tree)


def about(path: Path, sentence: str, tree: Tree) -> str:
    """`line 12: flows.web-3h: sentence`."""
    return f"{place_of(path, tree)}: {tree.render(path)}: {sentence}"


def place_of(path: Path, tree: Tree) -> str:
    """`line 12`, or `teams/web.yaml line 12` in an included file."""
    spot = tree.spot_of(path)
    return f"{spot.file} line {spot.line}".lstrip()


def _read_as_text(tree: Tree) -> Iterator[str]:
    for path, word in tree.bare.items():
        yield about(path, f"is read as the text {quoted(word)}; quote it to say so, or leave the value out", tree)


def _unjudgeable(flow: Flow, tree: Tree) -> Iterator[str]:
    path: Path = ("flows", flow.name, "folder_template")
    template = flow.folder_template
    if not names_time(template):
        sentence = "names no export time to the minute (%EXPORT_TIME% or %DATETIME(…)%): exports cannot be judged"
        yield about(path, sentence, tree)
    if not names_dataset(template) and len(flow.datasets) > 1:
        sentence = f"names no dataset, and the flow has {len(flow.datasets)}: whose export a folder is cannot be judged"
        yield about(path, sentence, tree)
    if "%DATASET_ID%" not in template and "%DATASET_NAME%" in template:
        for index, dataset in enumerate(flow.datasets):
            if not dataset.name:
                place: Path = ("flows", flow.name, "datasets", index)
                yield about(place, "has no name, and the folders are named by it (%DATASET_NAME%)", tree)


def _same_folders(flows: Mapping[str, Flow], tree: Tree) -> Iterator[str]:
    """Templates without a dataset put the exports of two flows into the same folders."""
    first: dict[tuple[str, str], str] = {}
    for flow in flows.values():
        if names_dataset(flow.folder_template):
            continue
        other = first.setdefault((flow.destination, flow.folder_template), flow.name)
        if other != flow.name:
            sentence = (
                f"names no dataset, and flow {quoted(other)} exports to the same folders: they cannot be told apart"
            )
            yield about(("flows", flow.name, "folder_template"), sentence, tree)


def _same_place(destinations: Mapping[str, Destination], tree: Tree) -> Iterator[str]:
    first: dict[tuple[str, str, str], str] = {}
    for name, destination in destinations.items():
        other = first.setdefault((destination.type, destination.place, destination.facts.folder), name)
        if other != name:
            sentence = f"is the same place as {quoted(other)}: each calls the other's datasets unknown; use one name"
            yield about(("destinations", name), sentence, tree)
