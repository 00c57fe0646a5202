"""Ten minutes of misfortune: the service is killed every few seconds, its destinations fail. Exit code 1: it shows.

    python -m benchmarks.soak --minutes 10

Two services watch the same six destinations of different types, on which exports arrive meanwhile. One is left in
peace. The other is killed with SIGKILL every three seconds or so and started again, and between it and its
destinations stand proxies that drop, cut, throttle, fail and are gone for seconds at a time. In the end both run in
peace until nothing changes any more. Then both must have the same verdicts, the same findings, and have told of the
same incidents, once notices with the same key are taken for one. The disturbed one also tells of the outages that it
lived through, as it should: these are counted apart.
"""

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auditor.incident_model import IncidentKey, Notice, NoticeState
from auditor.incidents.natures import COULD_BE_A_BLIP
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service.present import read_present
from auditor.settings import load_config
from benchmarks.soak_places import Soaked, Trouble, now_utc, render_destination, six_places
from tests.servers.http_sink import Answer, HttpSink, http_sink
from tests.servers.tcp_proxy import TcpProxy
from tests.service.serve.forked import Forking, Life, forking

SETTLE_S = 60  # so long an export must be unchanged to be judged
QUIET_S = 45.0  # so long nothing may change before both are compared
PATIENCE_S = 420.0
SECRET = "whsec_c29haw=="  # of a receiver that lives as long as this run


@dataclass
class Instance:
    """One service: its configuration, its ledger, its receiver, its process."""

    home: Path
    sink: HttpSink
    forking: Forking
    life: Life | None = None
    starts: int = 0
    crashes: list[str] = field(default_factory=list)  # ends that nobody asked for

    @property
    def config(self) -> Path:
        return self.home / "auditor.yaml"

    def start(self) -> None:
        self.starts += 1
        self.life = self.forking.start(["serve", "-c", str(self.config)], self.home / "log")

    def kill(self) -> None:
        assert self.life is not None
        if self.life.ended.is_set():
            self.crashes.append(f"start {self.starts} ended by itself with {self.life.code}")
        self.life.kill()

    def end(self) -> None:
        if self.life is not None and not self.life.ended.is_set():
            self.life.signal(signal.SIGTERM)
            if (code := self.life.wait(40)) != 0:
                self.crashes.append(f"told to end, it ended with {code}")


def write_config(home: Path, places: list[Soaked], sink: HttpSink, begun: Forking, *, troubled: bool) -> Instance:
    flows = [line for one in places for line in _flow_lines(one)]
    text = "ledger: sqlite:///" + str(home / "ledger.db") + "\ndestinations:\n"
    text += "".join(render_destination(one.name, one.troubled if troubled else one.direct) for one in places)
    text += f"defaults: {{settle: {SETTLE_S}s}}\nflows:\n" + "\n".join(flows)
    hook = json.dumps({"webhook": {"url": sink.url, "secret": SECRET}})
    text += f"\nalerts:\n  channels: {{hook: {hook}}}\n  routes: [{{to: [hook], repeat: 7d}}]\n"
    text += "service: {listen: 127.0.0.1:0, arrival_every: 10s, workers: 1}\n"
    (home / "auditor.yaml").write_text(text, encoding="utf-8")
    load_config(home / "auditor.yaml")
    return Instance(home, sink, begun)


def _flow_lines(one: Soaked) -> Iterator[str]:
    from auditor.worlds import render_config

    rendered = render_config(one.world)
    yield rendered.partition("\nflows:\n")[2].rstrip("\n")


def disturb(tried: Instance, places: list[Soaked], trouble: Trouble, until_s: float) -> int:
    """Kill and start again until then; outages come and go. How many kills."""
    kills, began = 0, now_utc()
    while time.monotonic() < until_s:
        tried.start()
        _live(random.uniform(0.1, 5.5), places, trouble)
        tried.kill()
        kills += 1
        if kills % 20 == 0:
            seconds = (now_utc() - began).total_seconds()
            print(f"{seconds:4.0f} s: {kills} kills, {len(tried.sink.got)} posts", flush=True)
    return kills


def _live(seconds: float, places: list[Soaked], trouble: Trouble) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.5))
        one = random.choice(places)
        if random.random() < 0.08:
            trouble.out[one.name] = time.monotonic() + random.uniform(0.5, 4.0)
        for each in places:
            if isinstance(each.relay, TcpProxy):
                each.relay.refuse = trouble.is_out(each.name)
                if each.relay.refuse or random.random() < 0.1:
                    each.relay.cut()
                    trouble.counts["connections cut"] = trouble.counts.get("connections cut", 0) + 1
            each.lay(now_utc())


def make_peace(places: list[Soaked], trouble: Trouble) -> None:
    trouble.share, trouble.out = 0.0, {}
    for each in places:
        if isinstance(each.relay, TcpProxy):
            each.relay.refuse = False


def wait_until_quiet(instances: list[Instance], places: list[Soaked]) -> bool:
    """Whether nothing changed any more for QUIET_S, in either ledger."""
    until, same_since, before = time.monotonic() + PATIENCE_S, time.monotonic(), None
    while time.monotonic() < until:
        for each in places:
            each.lay(now_utc())
        now = tuple(state(one) for one in instances)
        if now != before or any(waits for *_, waits in now):
            before, same_since = now, time.monotonic()
        if time.monotonic() - same_since > QUIET_S:
            return True
        time.sleep(2)
    return False


def state(instance: Instance) -> tuple[Any, ...]:
    """What a change would show in; the last: whether something waits to be sent."""
    with open_ledger(instance) as ledger:
        result = present(instance, ledger, now_utc())
        notices = notices_of(ledger)
        waits = any(one.state is NoticeState.WAITING for one in notices)
        return tuple(sorted(map(str, verdicts(result)))), len(notices), waits


def open_ledger(instance: Instance) -> Ledger:
    return Ledger.open(f"sqlite:///{instance.home}/ledger.db")


def notices_of(ledger: Ledger) -> list[Notice]:
    return ledger.list_notices(since=now_utc() - timedelta(days=1), until=now_utc() + timedelta(days=1), limit=9999)


def present(instance: Instance, ledger: Ledger, now: datetime) -> AuditResult:
    return read_present(ledger, load_config(instance.config), now=now)


def verdicts(result: AuditResult) -> Counter[Any]:
    return Counter(
        (one.flow, one.dataset, one.destination, one.due, one.arrival.value, one.content.value) for one in result.runs
    )


def findings(result: AuditResult) -> Counter[Any]:
    return Counter(
        (one.code, one.severity.value, one.flow, one.dataset, one.destination, one.due) for one in result.findings
    )


@dataclass
class Told:
    """What people heard from one instance, outages apart."""

    incidents: Counter[tuple[str, str]] = field(default_factory=Counter)
    outages: int = 0
    posts: int = 0
    notices: int = 0
    repeated: int = 0  # posts with a key that had come before
    most_often: int = 0
    undelivered: int = 0
    twice: list[str] = field(default_factory=list)  # notices of the same thing with different keys


def read_told(instance: Instance, ledger: Ledger) -> Told:
    """From what the receiver got, by key, with the incidents that the ledger knows by the numbers in it."""
    by_key: dict[str, Any] = {}
    times = Counter[str]()
    for got in instance.sink.got:
        key = got.headers["webhook-id"]
        times[key] += 1
        said = json.loads(got.body)
        if key in by_key and by_key[key] != said:
            instance.crashes.append(f"two different notices with the key {key}")
        by_key[key] = said
    told = Told(posts=len(instance.sink.got), notices=len(by_key), most_often=max(times.values(), default=0))
    told.repeated = told.posts - told.notices
    told.undelivered = sum(one.state is not NoticeState.SENT for one in notices_of(ledger))
    seen = Counter[tuple[str, str, tuple[int, ...]]]()
    for said in by_key.values():
        kind, numbers = said["type"].rpartition(".")[2], said["data"]["incidents"]
        seen[kind, said["data"]["group"], tuple(sorted(numbers))] += 1
        for number in numbers:
            incident = ledger.incident(number)
            assert incident is not None, f"a notice tells of incident {number}, which the ledger does not have"
            if incident.key.code in COULD_BE_A_BLIP:
                told.outages += 1
            else:
                told.incidents[kind, said_of(incident.key)] += 1
    told.twice = [f"{kind} {group} {numbers}" for (kind, group, numbers), count in seen.items() if count > 1]
    return told


def said_of(key: IncidentKey) -> str:
    return " ".join(filter(None, (key.code, key.flow, key.dataset, key.destination)))


def compare(name: str, tried: Any, calm: Any) -> int:
    """Prints what differs; how much."""
    only_tried, only_calm = sorted(set(tried) - set(calm), key=str), sorted(set(calm) - set(tried), key=str)
    print(f"{name}: {len(set(tried))} under kills and faults, {len(set(calm))} undisturbed; "
          f"{len(only_tried) + len(only_calm)} differ")  # fmt: skip
    for which, found in (("disturbed only", only_tried), ("undisturbed only", only_calm)):
        for one in found[:20]:
            print(f"  {which}: {' '.join(map(str, one))}")
    return len(only_tried) + len(only_calm)


def judge(tried: Instance, calm: Instance) -> int:
    """All comparisons at one moment; the number of differences."""
    now, wrong = now_utc(), 0
    with open_ledger(tried) as one, open_ledger(calm) as two:
        mine, theirs = present(tried, one, now), present(calm, two, now)
        wrong += compare("verdicts", verdicts(mine), verdicts(theirs))
        wrong += compare("findings", findings(mine), findings(theirs))
        told, heard = read_told(tried, one), read_told(calm, two)
        wrong += compare("told", told.incidents, heard.incidents)
    for instance, what in ((tried, told), (calm, heard)):
        print(
            f"{instance.home.name}: {instance.starts} starts, {what.posts} posts, {what.notices} notices by key, "
            f"{what.repeated} posts repeated one (at most {what.most_often} times the same), {what.outages} told of "
            f"outages, {what.undelivered} undelivered, {len(what.twice)} told twice with different keys"
        )
        for line in (*what.twice, *instance.crashes):
            print(f"  {line}")
        wrong += len(what.twice) + len(instance.crashes) + what.undelivered
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--share", type=float, default=0.15, help="of requests that go wrong")
    parser.add_argument("--keep", type=Path, help="a folder that keeps ledgers and logs")
    asked = parser.parse_args()
    trouble, now = Trouble(share=asked.share), now_utc()
    with ExitStack() as stack:
        home = asked.keep or Path(stack.enter_context(TemporaryDirectory()))
        for name in ("disturbed", "undisturbed", "places"):
            (home / name).mkdir(parents=True)
        last = now + timedelta(minutes=asked.minutes)
        places = stack.enter_context(six_places(home / "places", trouble, now, last))
        laid = sum(one.lay(now) for one in places)
        begun = stack.enter_context(forking())
        sinks = [stack.enter_context(http_sink()) for _ in range(2)]
        sinks[0].always = Answer(after_s=0.05)  # long enough to be killed between sending and writing it down
        tried = write_config(home / "disturbed", places, sinks[0], begun, troubled=True)
        calm = write_config(home / "undisturbed", places, sinks[1], begun, troubled=False)
        stack.callback(tried.end)
        stack.callback(calm.end)
        to_come = sum(len(one.waiting) for one in places)
        time.sleep(SETTLE_S + 5)  # so that nothing is at rest for one and not for the other
        print(f"{len(places)} destinations, {laid} objects, {to_come} to come", flush=True)
        calm.start()
        kills = disturb(tried, places, trouble, time.monotonic() + 60 * asked.minutes)
        make_peace(places, trouble)
        tried.start()
        quiet = wait_until_quiet([tried, calm], places)
        tried.end()
        calm.end()
        print(f"{kills} kills in {asked.minutes:g} minutes; faults: {dict(sorted(trouble.counts.items()))}")
        print("quiet" if quiet else f"not quiet after {PATIENCE_S:.0f} s")
        wrong = judge(tried, calm) + (not quiet)
    print("no difference" if not wrong else f"{wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
