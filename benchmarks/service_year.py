"""Claim: over a simulated year with 200 datasets, nobody is told of anything that is not so, and of all that is.

    python -m benchmarks.service_year [--days 365] [--seed 1] [--every 6] [--rate 0.002] [--per-flow 20]

The service itself runs on a clock of its own over ten flows of 20 datasets (one 3-hourly, nine daily) on five
destinations in memory; every file is read as deep as it can be (L3). Exports go missing, singly and in rows, come late
and very late, are damaged, are deleted later; destinations do not answer; the service is off, for minutes and for days,
and is restarted. Prints how many notices were written, how many of them tell of something without a fault (false), and
which faults nobody was told of (missed). Exits 1 unless both are none.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import structlog

from adapters.base import Adapter, OpenAdapter, Unreachable
from auditor.checks import CATALOGUE
from auditor.incident_model import EventKind, Incident, Member, Notice, Signed
from auditor.model import FileCheck, Level, StoredFile
from auditor.service.accepting import accept_incident
from auditor.settings import Destination
from auditor.verify.file import verify_file
from auditor.verify.pool import Verifier
from benchmarks.shelf import Shelf
from benchmarks.year_plan import DAY, HOUR, Stretch, Year, plan_year, stale_times
from tests.service.serve.played import Playing

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
RETAIN = {"lake-0": 20 * DAY, "lake-1": 20 * DAY, "lake-2": 30 * DAY}  # two places keep everything
ONCE_A_DAY = frozenset({"beyond"})  # it has nothing to say here, and reads a year of verdicts


class AtHand(Verifier):
    """Reads in this process: nothing of the year is copied to another one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It has no processes."""

    def verify(
        self, files: Iterable[StoredFile], level: Level, *, open_adapter: OpenAdapter | None = None
    ) -> Iterator[FileCheck]:
        assert open_adapter is not None
        adapter = open_adapter()
        for file in files:
            yield verify_file(adapter, file, level)


class Lakes:
    """All destinations, as the year goes over them."""

    def __init__(self, year: Year) -> None:
        self.shelves = {name: Shelf(name) for name in sorted({flow.destination for flow in year.flows})}
        self.clock: datetime = year.began
        self._outages = year.outages
        steps = [(e.arrives, 0, e) for e in year.exports if e.arrives]
        steps += [(e.deleted, 1, e) for e in year.exports if e.deleted]
        for export in year.exports:
            if export.arrives and not export.deleted and (kept := RETAIN.get(export.flow.destination)):
                steps.append((max(export.due + kept, export.arrives) + 6 * HOUR, 1, export))
        self._steps = sorted(steps, key=lambda step: (step[0], step[1], step[2].key), reverse=True)

    def happen(self, until: datetime) -> None:
        while self._steps and self._steps[-1][0] <= until:
            at, goes, export = self._steps.pop()
            shelf = self.shelves[export.flow.destination]
            if goes:
                shelf.remove(export.key)
            else:
                shelf.put(export.key, export.data, at)
        self.clock = until

    def open(self, destination: Destination) -> OpenAdapter:
        return Door(self, destination.facts.name)

    def enter(self, name: str) -> Adapter:
        if any(one.destination == name and one.began <= self.clock < one.ended for one in self._outages):
            raise Unreachable("the year has it so", destination=name, operation="list")
        return self.shelves[name]


@dataclass
class Door:
    """Opens one destination. Pickled for worker processes that are never started: the year stays behind."""

    lakes: Lakes
    name: str

    def __call__(self) -> Adapter:
        return self.lakes.enter(self.name)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (self.name,)


def write_config(home: Path, year: Year, every_h: int) -> None:
    lines = ["destinations:"]
    for name in sorted({flow.destination for flow in year.flows}):
        kept = f", retain: {RETAIN[name].days}d" if name in RETAIN else ""
        lines.append(f"  {name}: {{type: local, root: ./nowhere, folder: backups{kept}}}")
    lines.append("flows:")
    for flow in year.flows:
        often = f"{flow.every // HOUR}h" if flow.every < DAY else "1d"
        lines += [
            f"  {flow.name}:",
            f"    destination: {flow.destination}",
            "    format: json",
            "    compression: gzip",
        ]
        lines += ["    mode: full", f"    schedule: {{every: {often}, start: {flow.start:%Y-%m-%dT%H:%M:%SZ}}}"]
        lines += ["    first_run: {grace: 4h, deadline: 12h}", "    datasets:"]
        lines += [f'      - "{dataset}"' for dataset in flow.datasets]
    lines += ["alerts:", "  channels:", '    pager: {alertmanager: {url: "http://127.0.0.1:9"}}']
    lines += ['    mail: {alertmanager: {url: "http://127.0.0.1:9"}}', "  routes:"]
    lines += ["    - {match: {severity: critical}, to: [pager, mail]}", "    - {to: [mail]}"]
    lines += [f"service: {{arrival_every: {every_h}h}}", "retention: {files: 40d}"]
    (home / "auditor.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


class PlayedYear(Playing):
    """The year as the service lives through it, with an operator who accepts what was deleted after two days."""

    def __init__(self, home: Path, year: Year) -> None:
        self.year, self.lakes = year, Lakes(year)
        without = frozenset({"heartbeat", "reports"})
        super().__init__(home, year.began, open_with=self.lakes.open, happens=self.lakes.happen, without=without)

    def due_at(self, thing: object) -> datetime | None:
        if str(thing.work) in ONCE_A_DAY:  # type: ignore[attr-defined]
            loop = self.ledger.read_loops().get(str(thing.work))  # type: ignore[attr-defined]
            return loop.began_at + DAY if loop else self.clock.now
        return super().due_at(thing)

    def play(self) -> None:
        stops = [(one.began, one.ended) for one in self.year.stops]
        breaks = sorted([*stops, *((moment, moment) for moment in self.year.restarts)])
        days = [(self.year.began + n * DAY,) * 2 for n in range((self.year.ended - self.year.began).days + 1)]
        began = time.monotonic()
        for at, until in sorted([*breaks, *days]):
            self.play_until(max(at, self.clock.now))
            if until > at:
                self.sleep_until(max(until, self.clock.now))
            if (at, until) in breaks:
                self.restart()
            else:
                self._accept()
            if at == until and (at - self.year.began).days % 10 == 0 and (at, until) in days:
                objects = sum(map(len, self.lakes.shelves.values()))
                print(f"{at:%d %b}: {time.monotonic() - began:.0f} s, {objects:,} objects", flush=True)

    def _accept(self) -> None:
        for incident in self.ledger.live_incidents():
            if incident.key.code == "export-deleted" and self.clock.now - incident.opened_at > 2 * DAY:
                accept_incident(self.ledger, incident.number, Signed("operator", self.clock.now, "known"))


@dataclass
class Told:
    """Incidents of which somebody was told, with their due times and the first notice."""

    incident: Incident
    members: set[Member]
    notices: list[Notice]


@dataclass
class Account:
    """The year's plan against what people were told."""

    played: PlayedYear
    look: timedelta

    def told(self) -> dict[int, Told]:
        ledger = self.played.ledger
        by_number: dict[int, list[Notice]] = defaultdict(list)
        for notice in self.played.notices():
            if notice.kind is not EventKind.RECOVERED:
                for number in notice.incidents:
                    by_number[number].append(notice)
        found = {}
        for number, notices in by_number.items():
            incident = ledger.incident(number)
            assert incident is not None
            members = {one.member for one in ledger.memberships([number])}
            found[number] = Told(incident, members, notices)
        return found

    def find_false(self, told: Iterable[Told]) -> Iterator[str]:
        """What was told without a fault."""
        faults = {(e.flow.name, e.dataset, e.due): e.fault for e in self.played.year.exports if e.fault}
        stale = stale_times(self.played.year, 2 * self.look)
        for one in told:
            key, first = one.incident.key, one.notices[0].created_at
            if key.code == "protection-stale":
                if not any(
                    began <= first <= ended for began, ended in self._prolonged(stale[key.dataset], key.destination)
                ):
                    yield f"{first:%d %b %H:%M} {key}"
            elif key.code == "destination-unreachable":
                if not any(s.ended - s.began > 2 * self.look for s in self._outages(key.destination, first)):
                    yield f"{first:%d %b %H:%M} {key}"
            else:
                for member in one.members:
                    fault = faults.get((key.flow, key.dataset, member.due), "") if member.due else ""
                    if not fits(key.code, fault):
                        yield f"{first:%d %b %H:%M} {key} {member} {fault}"

    def find_missed(self, told: Iterable[Told]) -> Iterator[str]:
        """Faults of which nobody was told."""
        known = {
            (o.incident.key.flow, o.incident.key.dataset, m.due, kind_of(o.incident.key.code))
            for o in told
            for m in o.members
        }
        soon = self.played.clock.now - 3 * DAY
        for e in self.played.year.exports:
            if (
                e.fault
                and (e.deleted or e.due) < soon
                and not any((e.flow.name, e.dataset, e.due, kind) in known for kind in kinds_of(e.fault))
            ):
                yield f"{e.due:%d %b %H:%M} {e.fault} {e.flow.name} {e.dataset}"
        stale = defaultdict(list)
        out = defaultdict(list)
        for one in told:
            if one.incident.key.code == "protection-stale":
                stale[one.incident.key.dataset].append(one.incident)
            if one.incident.key.code == "destination-unreachable":
                out[one.incident.key.destination].append(one.incident)
        for e, began, ended in self._surely_stale():
            if not any(i.opened_at <= ended and (i.closed_at or ended) >= began for i in stale[e]):
                yield f"{began:%d %b %H:%M} stale {e}"
        for outage in self.played.year.outages:
            seen = self._seen(outage)
            if seen >= 4 * self.look and not any(
                outage.began <= i.opened_at <= outage.ended for i in out[outage.destination]
            ):
                yield f"{outage.began:%d %b %H:%M} outage of {outage.destination}"

    def _surely_stale(self) -> Iterator[tuple[str, datetime, datetime]]:
        """Stale for so long, with the destination in sight, that no look can have missed it."""
        places = {e.dataset: e.flow.destination for e in self.played.year.exports}
        for dataset, times in stale_times(self.played.year, timedelta()).items():
            for began, ended in times:
                blind = [
                    s
                    for s in self.played.year.blind(places[dataset])
                    if s.began < ended and s.ended > began - self.look
                ]
                if ended - began > 2 * self.look and not blind and ended < self.played.clock.now:
                    yield dataset, began, ended

    def _prolonged(
        self, times: list[tuple[datetime, datetime]], destination: str
    ) -> Iterator[tuple[datetime, datetime]]:
        """What was so while nobody could see is told of as soon as somebody can."""
        for began, ended in times:
            for s in self.played.year.blind(destination):
                if s.began <= ended + self.look and s.ended >= ended:
                    ended = s.ended + 2 * self.look
            yield began, ended

    def _outages(self, destination: str, at: datetime) -> list[Stretch]:
        year = self.played.year
        return [s for s in year.outages if s.destination == destination and s.began <= at <= s.ended]

    def _seen(self, outage: Stretch) -> timedelta:
        off = sum(
            (max(min(s.ended, outage.ended) - max(s.began, outage.began), timedelta()) for s in self.played.year.stops),
            timedelta(),
        )
        return outage.ended - outage.began - off


def kind_of(code: str) -> str:
    return "content" if CATALOGUE[code].family in ("file", "layout", "manifest") else code


def kinds_of(fault: str) -> set[str]:
    """What may be told of a fault; one of them must be."""
    return {
        "missing": {"export-missing"},
        "late": {"export-late"},
        "very late": {"export-late", "export-missing"},
        "damaged": {"content"},
        "deleted": {"export-deleted"},
    }.get(fault, set())


def fits(code: str, fault: str) -> bool:
    """Whether `code` is a true word for what befell a run. What is missing was late first."""
    return kind_of(code) in kinds_of(fault) or (fault == "missing" and code == "export-late")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=6, help="hours between two looks")
    parser.add_argument("--rate", type=float, default=0.002, help="share of exports that a fault befalls")
    parser.add_argument("--per-flow", type=int, default=20, help="datasets of each of the ten flows")
    parser.add_argument("--home", type=Path, help="folder for the ledger, which is kept there")
    parser.add_argument("--account", action="store_true", help="only hold a ledger that was kept against the plan")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    year = plan_year(seed=given.seed, began=BEGAN, days=given.days, rate=given.rate, per_flow=given.per_flow)
    with tempfile.TemporaryDirectory(prefix="benchmark-year-") as passing:
        home = given.home or Path(passing)
        home.mkdir(parents=True, exist_ok=True)
        write_config(home, year, given.every)
        played = PlayedYear(home, year)
        began = time.monotonic()
        if given.account:
            played.clock.now = year.ended
        else:
            played.play()
        account = Account(played, timedelta(hours=given.every))
        told = account.told()
        false, missed = [*account.find_false(told.values())], [*account.find_missed(told.values())]
        faults = Counter(e.fault for e in year.exports if e.fault)
        notices = Counter(str(one.kind) for one in played.notices())
        print(
            f"{len(year.exports):,} exports, faults {dict(faults)}, {len(year.outages)} outages, "
            f"{len(year.stops)} stops, "
            f"{len(year.restarts)} restarts"
        )
        print(
            f"{sum(notices.values())} notices {dict(notices)}; {len(told)} incidents told; "
            f"{len(played.done):,} pieces of work in {time.monotonic() - began:.0f} s"
        )
        print(f"false {len(false)}, missed {len(missed)}")
        for line in (*(f"false: {one}" for one in false[:20]), *(f"missed: {one}" for one in missed[:20])):
            print(line)
        played.close()
    sys.exit(bool(false or missed))


if __name__ == "__main__":
    main()
