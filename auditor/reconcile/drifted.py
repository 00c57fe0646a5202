"""What is said of a flow that is not as it was, not as configured, switched off, or not to be found. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.checks.protection import FLOW_DIFFERS, FLOW_DISABLED, FLOW_UNMATCHED, PROTECTION_WEAKENED
from auditor.flow_model import FlowVersion
from auditor.model import Evidence, EvidenceValue, Finding, Flow, Schedule
from auditor.reconcile.drift import Weakening, find_weakenings
from auditor.reconcile.subject import Subject


@dataclass(frozen=True, slots=True)
class Measured:
    """A flow of the configuration, with what Flow Service says of it now and what it is measured by."""

    flow: Flow
    now: FlowVersion | None  # None: it is no longer there
    baseline: FlowVersion | None = None
    baseline_seen: datetime | None = None
    is_configured: bool = True  # somebody wrote it down; else it was found in the sandbox
    is_followed: bool = False  # its schedule, datasets and format are Adobe's word, not the configuration's

    @property
    def about(self) -> Evidence:
        """What names the flow."""
        return {"experience_platform": self.flow.experience_platform, "flow_id": self.flow.flow_id}


def find_drift(subject: Subject, measured: Measured, *, now: datetime) -> Iterator[Finding]:
    """FLOW_DISABLED, PROTECTION_WEAKENED and FLOW_DIFFERS, each at most once. One cause is told once."""
    version = measured.now
    is_off = version is not None and version.is_off
    was_on = measured.baseline is not None and measured.baseline.is_at_work
    if version is not None and is_off and (measured.is_configured or was_on):
        yield _disabled(subject, measured, version)
    weaker = list(find_weakenings(measured.baseline, version)) if measured.baseline else []
    told = {one.aspect for one in weaker}
    less, other = _against_configuration(measured, now=now)
    missing = [one for one in less if one.aspect not in told]
    if is_off:
        weaker = [one for one in weaker if one.aspect != "state"]
    if weaker or missing:
        yield _weakened(subject, measured, weaker, missing)
    told |= {one.aspect for one in less}
    if remarks := [one for one in other if one.aspect not in told]:
        yield _differs(subject, measured, remarks)


def find_unknown_flow(subject: Subject, measured: Measured) -> Iterator[Finding]:
    """FLOW_UNMATCHED: the configuration names a flow that never was seen there."""
    told = f"There is no dataset export with the id {measured.flow.flow_id} in {measured.flow.experience_platform}."
    yield subject.finding(FLOW_UNMATCHED, told, evidence=measured.about)


def find_unmatched(version: FlowVersion) -> Iterator[Finding]:
    """FLOW_UNMATCHED: a flow of a sandbox whose flows are followed writes to no configured destination."""
    place = version.place
    where = "/".join(part.strip("/") for part in (place.server, place.bucket, place.path) if part)
    told = f"{version.name or version.flow_id} writes to {place.type} {where}: no destination of the configuration."
    evidence: dict[str, EvidenceValue] = {
        "experience_platform": version.platform,
        "flow_id": version.flow_id,
        "type": place.type,
        "bucket": place.bucket,
        "folder": place.path,
        "server": place.server,
        "datasets": [dataset.id for dataset in version.datasets[:20]],
    }
    yield Subject("", version.name).finding(FLOW_UNMATCHED, told, key=version.flow_id, evidence=evidence)


def find_unread(version: FlowVersion) -> Iterator[Finding]:
    """FLOW_UNMATCHED: a flow of a sandbox whose flows are followed says too little to expect anything of it."""
    name = version.name or version.flow_id
    why = "; ".join(version.problems) or "has no schedule or no dataset"
    evidence: dict[str, EvidenceValue] = {
        "experience_platform": version.platform,
        "flow_id": version.flow_id,
        "problems": list(version.problems),
    }
    told = f"{name} cannot be followed: it {why}."
    yield Subject("", version.name).finding(FLOW_UNMATCHED, told, key=version.flow_id, evidence=evidence)


def _disabled(subject: Subject, measured: Measured, version: FlowVersion) -> Finding:
    told = f"The flow is {version.state or 'not enabled'} in Experience Platform: it exports nothing."
    updated = f"{version.updated:%Y-%m-%dT%H:%M:%SZ}" if version.updated else None
    evidence = {**measured.about, "state": version.state, "last_changed": updated}
    return subject.finding(FLOW_DISABLED, told, evidence=evidence)


def _weakened(
    subject: Subject, measured: Measured, weaker: Sequence[Weakening], missing: Sequence[Weakening]
) -> Finding:
    parts = [one.told for one in weaker]
    parts += [f"by the configuration: {one.told}" for one in missing]
    seen = measured.baseline_seen
    evidence = {**measured.about, **_before_and_after([*weaker, *missing])}
    if weaker and seen is not None:
        evidence["measured_by"] = f"the flow as seen {seen:%Y-%m-%dT%H:%M:%SZ}"
    return subject.finding(PROTECTION_WEAKENED, f"The flow {'; it '.join(parts)}.", evidence=evidence)


def _differs(subject: Subject, measured: Measured, remarks: Sequence[Weakening]) -> Finding:
    """`remarks` are told from the configuration's side: before is Adobe's, after the configuration's."""
    parts = "; it ".join(one.told for one in remarks)
    evidence: dict[str, EvidenceValue] = {**measured.about}
    for one in remarks:
        evidence |= {f"{one.aspect}_there": one.before, f"{one.aspect}_configured": one.after}
    return subject.finding(FLOW_DIFFERS, f"As configured, the flow {parts}.", evidence=evidence)


def _before_and_after(weaker: Sequence[Weakening]) -> dict[str, EvidenceValue]:
    evidence: dict[str, EvidenceValue] = {}
    for one in weaker:
        evidence |= {f"{one.aspect}_before": one.before, f"{one.aspect}_after": one.after}
    return evidence


def _against_configuration(measured: Measured, *, now: datetime) -> tuple[Sequence[Weakening], Sequence[Weakening]]:
    """In what the flow is less than configured, and in what it is more or other."""
    version = measured.now
    if version is None or measured.is_followed:
        return (), ()
    said = _as_version(measured.flow, version, now=now)
    return find_weakenings(said, version), find_weakenings(replace(version, state=said.state), said)


def _as_version(flow: Flow, like: FlowVersion, *, now: datetime) -> FlowVersion:
    """What the configuration says of a flow, as if Flow Service said it; what it does not say is as there.

    An end that is not configured is no promise to go on; an end that has passed is no plan either.
    """
    schedule = _schedule_at(flow, now)
    if schedule is not None and like.schedule is not None and schedule.end is None:
        schedule = replace(schedule, end=like.schedule.end)
    return replace(
        like,
        state="enabled" if like.is_at_work else like.state,  # that it is switched off is told by itself
        datasets=flow.datasets,
        schedule=schedule,
        format=flow.format if like.format else None,
        compression=flow.compression if like.compression else None,
    )


def _schedule_at(flow: Flow, now: datetime) -> Schedule | None:
    """The schedule that holds now, if it can be compared with one of Flow Service: not one by cron."""
    begun = [schedule for schedule in flow.schedules if schedule.start <= now] or [*flow.schedules[:1]]
    return begun[-1] if begun and begun[-1].cron is None else None
