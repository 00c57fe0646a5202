"""What was discovered, brought into a configuration that people keep: nothing of theirs is moved or removed. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from auditor.propose.discovered import Discovery
from auditor.propose.discovered_changes import Change
from auditor.propose.discovered_writing import (
    render_dataset,
    render_destination,
    render_flow,
    render_flow_id,
    render_instant,
    render_left_out,
    render_schedule,
)
from auditor.propose.quoting import render_comment, render_value
from auditor.propose.yaml_edits import CannotEditError, Edits, is_block, is_shared, is_written_below

MARK: Final = "# discover: "
"""Begins the lines above a flow that tell what a person has to decide. The next merge renews them."""


@dataclass(frozen=True, slots=True)
class Merged:
    text: str
    elsewhere: tuple[str, ...] = ()  # flows that an included file holds: what would be changed there


def merge(text: str, discovery: Discovery, changes: Sequence[Change]) -> Merged:
    """`text` with what is new and what changed. Raises CannotEditError where it cannot be changed in place."""
    edits = Edits(text)
    merging = _Merging(edits)
    for change in changes:
        merging.change(change)
    merging.mark()
    merging.add("destinations", [line for one in discovery.destinations for line in render_destination(one)])
    left = [one for one in discovery.left_out if one.flow.version.flow_id not in text]
    flows = [line for one in discovery.flows for line in ["", *render_flow(one)]]
    if left and (flows or merging.has("flows")):
        flows += ["", *render_left_out(left)]
    merging.add("flows", flows if merging.has("flows") else flows[1:])
    return Merged(edits.result(), tuple(merging.elsewhere))


class _Merging:
    def __init__(self, edits: Edits) -> None:
        self._edits = edits
        self._tell: dict[int, list[str]] = {}  # by the line of the flow
        self.elsewhere: list[str] = []

    def has(self, section: str) -> bool:
        return self._edits.child(self._edits.root, section) is not None

    def add(self, section: str, lines: Sequence[str]) -> None:
        """`lines`, indented by two, at the end of a section."""
        if not lines:
            return
        edits = self._edits
        found = edits.child(edits.root, section)
        if found is None:
            self._add_section(section, lines)
            return
        key, value = found
        if isinstance(value, MappingNode) and value.value and is_block(value):
            if not is_written_below(value, key):
                raise CannotEditError(
                    f"{section} is an alias (*); write what it stands for, so that it can be added to"
                )
            indent = " " * edits.column_of(value)
            edits.insert_lines(edits.line_after(value), [f"{indent}{line[2:]}" if line else "" for line in lines])
        elif isinstance(value, MappingNode) and value.value:
            raise CannotEditError(
                f"{section} is written in braces; write it as indented lines, so that it can be added to"
            )
        else:  # `flows:` or `flows: {}`
            edits.replace(key.end_mark.index, max(edits.end_of(value), key.end_mark.index), ":")
            edits.insert_lines(edits.line_after(key), lines)

    def _add_section(self, section: str, lines: Sequence[str]) -> None:
        """At the end of the file."""
        edits, root = self._edits, self._edits.root
        if root is None or not is_block(root):
            raise CannotEditError(
                "the file is written in braces; write it as indented lines, so that it can be added to"
            )
        if any(line.rstrip() == "..." for line in edits.text[edits.end_of(root) :].split("\n")):
            raise CannotEditError('the file ends with the line "..."; remove it, so that something can be added behind')
        indent = " " * edits.column_of(root)
        written = [f"{indent}{line}" if line else "" for line in (f"{section}:", *lines)]
        edits.insert_lines(len(edits.lines()), ["", *written])

    def change(self, change: Change) -> None:
        edits = self._edits
        flows = edits.child(edits.root, "flows")
        found = edits.child(flows[1], change.flow) if flows else None
        if found is None:
            if change.is_something:
                self.elsewhere.append(change.flow)
            return
        key, flow = found
        tell = [*change.tell]
        if not is_written_below(flow, key) or not isinstance(flow, MappingNode) or is_shared(flow):
            tell += _told_instead(change)
        else:
            steps: list[tuple[bool, Callable[[], bool], str]] = [
                (bool(change.flow_id), lambda: self._tie(change, flow), f"it is flow_id {change.flow_id}"),
                (change.end is not None, lambda: self._set_end(change, flow), _end_told(change)),
                (change.schedule is not None, lambda: self._add_schedule(change, flow), _schedule_told(change)),
                (bool(change.datasets), lambda: self._add_datasets(change, flow), _datasets_told(change)),
            ]
            tell += [told for wanted, carry_out, told in steps if wanted and not carry_out()]
        line = edits.line_of(key)
        is_alone = not edits.text[edits.start_of(line) : key.start_mark.index].strip()
        self._tell.setdefault(line, []).extend(tell if is_alone else [f"{change.flow}: {one}" for one in tell])

    def mark(self) -> None:
        """Renew the lines of ours above the flows that were gone through. Flows on one line share them."""
        for line, tell in self._tell.items():
            self._mark(line, dict.fromkeys(tell))

    def _mark(self, end: int, tell: Iterable[str]) -> None:
        edits, lines = self._edits, self._edits.lines()
        first, above = end, self._end_above(end)
        while first > above and lines[first - 1].strip().startswith(MARK.strip()):
            first -= 1
        indent = lines[end][: len(lines[end]) - len(lines[end].lstrip(" "))]
        wanted = [f"{indent}{MARK}{render_comment(told)}" for told in tell]
        if lines[first:end] != wanted:
            edits.remove_lines(first, end)
            edits.insert_lines(end, wanted)

    def _end_above(self, line: int) -> int:
        """The line behind the last value above `line`: what stands in a text of several lines is no comment."""
        edits, at = self._edits, self._edits.start_of(line)
        flows = edits.child(edits.root, "flows")
        values = [value for _, value in flows[1].value] if flows and isinstance(flows[1], MappingNode) else []
        ends = [edits.end_of(value) for value in values if edits.end_of(value) <= at]
        return edits.text.count("\n", 0, max(ends, default=0)) + 1 if ends else 0

    def _tie(self, change: Change, flow: MappingNode) -> bool:
        """Say which dataflow it is: new keys behind `destination`, or new values."""
        edits = self._edits
        wanted = {"experience_platform": render_value(change.platform), "flow_id": render_flow_id(change.flow_id)}
        for name in [*wanted]:
            if found := edits.child(flow, name):
                if not is_written_below(found[1], found[0]) or is_shared(found[1]):
                    return False
                edits.replace(found[1].start_mark.index, edits.end_of(found[1]), wanted.pop(name))
        anchor = edits.child(flow, "destination")
        if wanted and anchor is None:
            return False
        if wanted and anchor:
            self._add_keys(flow, anchor, [f"{name}: {value}" for name, value in wanted.items()])
        return True

    def _add_keys(self, mapping: MappingNode, behind: tuple[Node, Node], pairs: Sequence[str]) -> None:
        key, value = behind
        if is_block(mapping):
            indent = " " * key.start_mark.column
            line = self._edits.text.count("\n", 0, max(self._edits.end_of(value), key.end_mark.index)) + 1
            self._edits.insert_lines(line, [f"{indent}{pair}" for pair in pairs])
        else:
            self._edits.insert(self._edits.end_of(value), "".join(f", {pair}" for pair in pairs))

    def _last_schedule(self, flow: MappingNode) -> MappingNode | None:
        found = self._edits.child(flow, "schedule")
        if found is None or not is_written_below(found[1], found[0]):
            return None
        node = found[1]
        if is_shared(node):
            return None
        if isinstance(node, SequenceNode):
            node = node.value[-1] if node.value else node
        if not isinstance(node, MappingNode) or not node.value or is_shared(node):
            return None
        return node if is_written_below(node, found[0]) else None

    def _set_end(self, change: Change, flow: MappingNode) -> bool:
        node, end = self._last_schedule(flow), change.end
        if node is None or end is None:
            return False
        if found := self._edits.child(node, "end"):
            key, value = found
            if not is_written_below(value, key) or is_shared(value):
                return False
            start, behind = value.start_mark.index, self._edits.end_of(value)
            if behind <= start:  # `end:` with nothing behind it
                colon = self._edits.text.index(":", key.end_mark.index) + 1
                self._edits.insert(colon, f" {render_instant(end)}")
            else:
                self._edits.replace(start, behind, render_instant(end))
        else:
            self._add_keys(node, node.value[-1], [f"end: {render_instant(end)}"])
        return True

    def _add_schedule(self, change: Change, flow: MappingNode) -> bool:
        """Behind what held before, so that the past is judged by what held then."""
        edits, found, schedule = self._edits, self._edits.child(flow, "schedule"), change.schedule
        if found is None or schedule is None or not is_written_below(found[1], found[0]) or is_shared(found[1]):
            return False
        node, text = found[1], render_schedule(schedule)
        if isinstance(node, SequenceNode):
            return self._append(node, text)
        if not isinstance(node, MappingNode) or not node.value:
            return False
        if not is_block(node):
            edits.insert(node.start_mark.index, "[")
            edits.insert(edits.end_of(node), f", {text}]")
            return True
        indent, first, lines = " " * edits.column_of(node), edits.line_of(node), edits.lines()
        last = edits.text.count("\n", 0, edits.end_of(node))
        edits.insert(node.start_mark.index, "- ")
        for line in [line for line in range(first + 1, last + 1) if lines[line].strip()]:
            edits.insert(edits.start_of(line), "  ")
        edits.insert_lines(last + 1, [f"{indent}- {text}"])
        return True

    def _add_datasets(self, change: Change, flow: MappingNode) -> bool:
        found = self._edits.child(flow, "datasets")
        if found is None or not isinstance(found[1], SequenceNode):
            return False
        if not is_written_below(found[1], found[0]) or is_shared(found[1]):
            return False
        return all(self._append(found[1], render_dataset(dataset)) for dataset in change.datasets)

    def _append(self, node: SequenceNode, text: str) -> bool:
        """An item at the end of a list that has some."""
        if not node.value:
            return False
        last = node.value[-1]
        if is_block(node):
            line = self._edits.text.count("\n", 0, max(self._edits.end_of(last), node.start_mark.index)) + 1
            self._edits.insert_lines(line, [f"{' ' * self._edits.column_of(node)}- {text}"])
        else:
            self._edits.insert(self._edits.end_of(last), f", {text}")
        return True


def _told_instead(change: Change) -> list[str]:
    """What would have been changed, for a person to do."""
    told = [f"it is flow_id {change.flow_id}"] if change.flow_id else []
    return told + [one for one in (_end_told(change), _schedule_told(change), _datasets_told(change)) if one]


def _end_told(change: Change) -> str:
    return f"Experience Platform says end: {render_instant(change.end)}" if change.end else ""


def _schedule_told(change: Change) -> str:
    return f"Experience Platform says schedule: {render_schedule(change.schedule)}" if change.schedule else ""


def _datasets_told(change: Change) -> str:
    names = ", ".join(render_dataset(dataset) for dataset in change.datasets)
    return f"exported too: {names}" if names else ""
