"""Datasets of the same habits become one flow: same due times, same files, begun at the same time. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditor.model import Compression, FileFormat, RunKind
from auditor.propose.habits import Habits
from auditor.settings.windows import DEFAULT_WINDOWS

_TOGETHER = 2  # datasets of one flow begin at most this many due times apart
_DAY = timedelta(days=1)
_FREQUENT_BELOW = timedelta(hours=20)  # as the audit tells the kinds of run apart


@dataclass(frozen=True, slots=True)
class Irregular:
    """A dataset for which nothing is proposed, and why."""

    dataset: str
    why: str


@dataclass(frozen=True, slots=True)
class ProposedSchedule:
    every: timedelta
    start: datetime


@dataclass(frozen=True, slots=True)
class ProposedFlow:
    name: str
    members: tuple[Habits, ...]  # by dataset id
    schedules: tuple[ProposedSchedule, ...]  # oldest first

    @property
    def format(self) -> FileFormat:
        return self.members[0].format

    @property
    def compression(self) -> Compression:
        return self.members[0].compression

    @property
    def manifest(self) -> bool:
        return self.members[0].manifests.usual

    @property
    def copied(self) -> bool:
        """All modification times are those of a copy."""
        return self.members[0].delays.all_copied

    @property
    def grace(self) -> timedelta | None:
        """Twice the largest usual delay, in whole half hours; None where the default is as long."""
        usual = max((one.delays.usual for one in self.members if one.delays.usual is not None), default=None)
        default = DEFAULT_WINDOWS[self.kind].grace
        if usual is None or 2 * usual <= default:
            return None
        return _up(2 * usual, timedelta(minutes=30))

    @property
    def deadline(self) -> timedelta | None:
        """Twice the grace where that is set; None where the default is as long."""
        if self.grace is None or 2 * self.grace <= DEFAULT_WINDOWS[self.kind].deadline:
            return None
        return _up(2 * self.grace, timedelta(hours=1))

    @property
    def kind(self) -> RunKind:
        return RunKind.FREQUENT if self.schedules[-1].every < _FREQUENT_BELOW else RunKind.DAILY

    @property
    def newest(self) -> datetime:
        return max(one.newest for one in self.members)


def propose_flows(habits: Iterable[Habits]) -> tuple[ProposedFlow, ...]:
    """Group datasets and name the groups, the most frequent flows first."""
    groups: list[list[Habits]] = []
    for one in sorted(habits, key=lambda one: (_starts(one), one.dataset)):
        home = next((group for group in groups if _belongs(group, one)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    flows = sorted(
        (_flow(group) for group in groups),
        key=lambda flow: (flow.schedules[-1].every, flow.format, flow.schedules[0].start, flow.members[0].dataset),
    )
    return tuple(_named(flows))


def _belongs(group: Sequence[Habits], one: Habits) -> bool:
    """Whether a dataset shares everything with a group. `group` begins with its earliest member."""
    if _key(group[0]) != _key(one):
        return False
    pairs = zip(group[0].stretches, one.stretches, strict=True)
    return all(abs(b.first - a.first) <= _TOGETHER * a.rhythm.step for a, b in pairs)


def _key(one: Habits) -> tuple[object, ...]:
    rhythms = tuple((s.rhythm.step, s.rhythm.phase) for s in one.stretches)
    return rhythms, one.format, one.compression, one.encrypted, one.manifests.usual, one.delays.all_copied


def _starts(one: Habits) -> list[int]:
    return [stretch.first for stretch in one.stretches]


def _flow(group: list[Habits]) -> ProposedFlow:
    members = tuple(sorted(group, key=lambda one: one.dataset))
    schedules = []
    for n, stretch in enumerate(members[0].stretches):
        first = min(one.stretches[n].first for one in members)
        schedules.append(ProposedSchedule(timedelta(seconds=stretch.rhythm.step), datetime.fromtimestamp(first, UTC)))
    return ProposedFlow("", members, tuple(schedules))


def _named(flows: Sequence[ProposedFlow]) -> Iterable[ProposedFlow]:
    """`json-3h`; where several would be called so, with the time of day, and then with a number."""
    plain = [_plain_name(flow) for flow in flows]
    timed = [
        name if plain.count(name) == 1 else f"{name}-{flow.schedules[-1].start:%H%M}"
        for flow, name in zip(flows, plain, strict=True)
    ]
    for n, (flow, name) in enumerate(zip(flows, timed, strict=True)):
        number = timed[: n + 1].count(name)
        final = name if timed.count(name) == 1 else f"{name}-{number}"
        yield ProposedFlow(final, flow.members, flow.schedules)


def _plain_name(flow: ProposedFlow) -> str:
    return f"{flow.format}-{rhythm_word(flow.schedules[-1].every)}"


def rhythm_word(every: timedelta) -> str:
    """`3h`, `daily`, `weekly` or `2d`."""
    if every == _DAY:
        return "daily"
    if every == 7 * _DAY:
        return "weekly"
    return f"{every // _DAY}d" if every % _DAY == timedelta(0) else f"{every // timedelta(hours=1)}h"


def _up(span: timedelta, unit: timedelta) -> timedelta:
    return -(-span // unit) * unit
