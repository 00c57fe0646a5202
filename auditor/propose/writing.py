"""A proposal as YAML, as a person would have written it: beside each guess what it was seen on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.propose import evidence
from auditor.propose.flows import Irregular, ProposedFlow
from auditor.propose.habits import counted
from auditor.propose.quoting import render_comment, render_value
from auditor.settings.values import render_duration

_FIRST_RUN = (timedelta(hours=24), timedelta(hours=72))


@dataclass(frozen=True, slots=True)
class Proposal:
    """Everything a written configuration says."""

    source: str  # what was looked at, for people; without secrets
    destination: str  # its name
    place: Mapping[str, str]  # the keys that open it, type first, without secrets
    folder: str
    flows: tuple[ProposedFlow, ...]
    irregular: tuple[Irregular, ...] = ()
    objects: int = 0
    remarks: Sequence[str] = field(default=())  # about the destination: where keys come from, other folder paths

    @property
    def all_copied(self) -> bool:
        return bool(self.flows) and all(flow.copied for flow in self.flows)


def render_proposal(proposal: Proposal, *, now: datetime) -> str:
    """The YAML. `now` serves for remarks about flows that seem to have stopped, and for nothing else.

    Raises ValueError for a name that no configuration can hold.
    """
    lines = [*_head(proposal), *_destination(proposal), "", "flows:"]
    for flow in proposal.flows:
        lines += [*_flow(flow, proposal, now=now), ""]
    lines += _irregular(proposal.irregular)
    return "\n".join(lines).rstrip("\n") + "\n"


def _head(proposal: Proposal) -> Iterator[str]:
    exports = sum(one.exports for flow in proposal.flows for one in flow.members)
    datasets = counted(sum(len(flow.members) for flow in proposal.flows), "dataset")
    yield f"# Proposed by `export-auditor config init` from what lies in {render_comment(proposal.source)}"
    yield f"# ({proposal.objects:,} objects; {exports:,} exports of {datasets} with a rhythm)."
    yield "# Each guess has beside it what it was seen on: compare it with the dataflows in Experience Platform."
    yield "# Not to be seen in storage: names of flows and datasets, when a flow ends, planned pauses."
    yield ""


def _destination(proposal: Proposal) -> Iterator[str]:
    yield "destinations:"
    yield f"  {render_value(proposal.destination)}:"
    for remark in proposal.remarks:
        yield f"    # {render_comment(remark)}"
    for key, value in proposal.place.items():
        yield f"    {key}: {render_value(value)}"
    yield f"    folder: {render_value(proposal.folder)}"
    if proposal.all_copied:
        yield "    # All modification times are those of a copy, so that lateness cannot be seen. Where new exports"
        yield "    # come here by themselves, remove this line later."
        yield "    arrival: export_time"


def _flow(flow: ProposedFlow, proposal: Proposal, *, now: datetime) -> Iterator[str]:
    yield f"  {flow.name}:"
    yield from (f"    # {text}" for text in evidence.tell_flow(flow, now=now))
    yield f"    destination: {render_value(proposal.destination)}"
    yield from _schedule(flow)
    yield f"    format: {_beside(flow.format, evidence.tell_format(flow))}"
    yield f"    compression: {_beside(flow.compression, evidence.tell_compression(flow))}"
    if flow.members[0].encrypted:
        yield "    encryption: pgp  # the names of the files end with .pgp or .gpg"
    yield f"    manifest: {_beside('true' if flow.manifest else 'false', evidence.tell_manifest(flow))}"
    yield from (f"    # {text}" for text in evidence.tell_manifest_change(flow))
    yield f"    mode: {_beside('incremental', evidence.tell_mode(flow))}"
    yield from _windows(flow)
    if flow.copied and not proposal.all_copied:
        yield "    arrival: export_time  # all modification times here are those of a copy"
    yield "    datasets:"
    for member in flow.members:
        yield f"      - {render_value(member.dataset)}  # {evidence.tell_dataset(member)}"
        yield from (f"        # {text}" for text in evidence.tell_doubts(member, flow))


def _schedule(flow: ProposedFlow) -> Iterator[str]:
    entries = [f"{{every: {render_duration(one.every)}, start: {_instant(one.start)}}}" for one in flow.schedules]
    told = [evidence.tell_schedule(flow, n) for n in range(len(entries))]
    if len(entries) == 1:
        yield f"    schedule: {entries[0]}  # {told[0]}"
    else:
        yield "    schedule:  # it was edited: the past is judged by what held then"
        yield from (f"      - {entry}  # {text}" for entry, text in zip(entries, told, strict=True))
    yield "    # end: not to be seen; where the flow has one, add it to the schedule, as in end: 2027-04-01T00:00:00Z"


def _windows(flow: ProposedFlow) -> Iterator[str]:
    told = evidence.tell_delays(flow)
    if flow.grace is None:
        yield f"    # grace, deadline: the defaults hold; {told}"
        return
    deadline = flow.deadline
    yield f"    grace: {render_duration(flow.grace)}  # {told}; twice the usual, rounded up"
    if deadline is not None:
        yield f"    deadline: {render_duration(deadline)}  # twice the grace"
    first = [max(own, set_) for own, set_ in zip(_FIRST_RUN, (flow.grace, deadline or flow.grace), strict=True)]
    yield (
        f"    first_run: {{grace: {render_duration(first[0])}, deadline: {render_duration(first[1])}}}"
        "  # as by default: a backfill takes its time"
    )


def _irregular(irregular: Sequence[Irregular]) -> Iterator[str]:
    if irregular:
        yield "# Not proposed. An audit will call each an unknown dataset until it is added to a flow:"
        yield from (f"#   {render_comment(one.dataset)}: {render_comment(one.why)}" for one in irregular)


def _beside(value: str, comment: str) -> str:
    return f"{value}  # {comment}"


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
