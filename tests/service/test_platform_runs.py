"""An audit that holds its exports against the run records of Experience Platform, on the stand-in."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from weakref import finalize

import pytest

from adapters.experience_platform import types
from auditor.ledger import Ledger
from auditor.model import AuditResult, RunState, Severity, Status
from auditor.service import AuditOptions, run_audit
from auditor.service.platforms import Platforms, open_configured_platform
from auditor.service.run_records import RunRecords
from auditor.settings import load_config
from auditor.verify.pool import Verifier
from auditor.worlds import Run, World, faults, lay_out, list_objects, render_config
from auditor.worlds.plan import deliver
from auditor.worlds.platform import FlowService, PlatformServer, Reply, Stock, describe_world, login_of
from tests.service.asking import impatient
from tests.service.auditing import codes, verifier
from tests.worlds.small import CLICK_RUN, CLICKS, DAILY, DAILY_RUN, EVENTS, WEB, at, small_world

__all__ = ["verifier"]

RUNS = "/runs$"
ONE = replace(WEB, datasets=(EVENTS,), manifest=False)
LOGIN = {"org_id": "5B4C@AdobeOrg", "sandbox": "prod", "client_id": "c", "client_secret": "s"}
DOWN = Reply(503, {"message": "down"})


class Sandbox:
    """A world with its stand-in, its ledger and its configuration, audited again and again."""

    def __init__(self, world: World, home: Path, platform: PlatformServer, ledger: Ledger, verifier: Verifier) -> None:
        self.world, self.home, self.platform, self.ledger, self.verifier = world, home, platform, ledger, verifier
        self.edit: Callable[[str], str] = lambda text: text
        self.stock = describe_world(world, stock=Stock(org_id=platform.gate.org_id))
        self.service = FlowService(platform, self.stock)
        lay_out(world, home / "exports")

    def audit(self, **options: object) -> AuditResult:
        config = self.home / "auditor.yaml"
        config.write_text(self.edit(render_config(self.world, platform=login_of(self.platform))), encoding="utf-8")
        settings = AuditOptions(**{"now": self.world.now, "is_past": True, **options})  # type: ignore[arg-type]
        return run_audit(load_config(config), self.ledger, settings, verifier=self.verifier, open_platform=impatient)

    def moved_to(self, world: World) -> None:
        """Time goes on: another world, told by the same sandbox."""
        self.world = world
        rmtree(self.home / "exports")
        lay_out(world, self.home / "exports")
        self.stock = describe_world(world, stock=Stock(org_id=self.platform.gate.org_id))
        self.service.stocks[self.stock.sandbox] = self.stock


@pytest.fixture
def sandbox(tmp_path: Path, verifier: Verifier) -> Iterator[Callable[[World], Sandbox]]:
    with PlatformServer() as platform, Ledger.in_memory() as ledger:
        yield lambda world: Sandbox(world, tmp_path, platform, ledger, verifier)


def arrivals(result: AuditResult) -> Counter[str]:
    return Counter(str(verdict.arrival) for verdict in result.runs)


def test_a_sound_world_stays_good_and_says_what_was_claimed(sandbox):
    result = sandbox(small_world()).audit()
    assert (result.status, codes(result)) == (Status.GOOD, [])
    assert {verdict.claim.state for verdict in result.runs if verdict.claim} == {RunState.SUCCEEDED}
    assert all(verdict.claim and verdict.claim.runs for verdict in result.runs)


def test_what_is_claimed_is_in_the_ledger(sandbox):
    bench = sandbox(faults.fail_run(small_world(DAILY), DAILY_RUN))
    bench.audit(is_past=False)
    again = bench.ledger.read_audit(1)
    (failed,) = [verdict for verdict in again.runs if verdict.due == DAILY_RUN.due]
    assert failed.claim is not None
    assert (failed.claim.state, failed.arrival, codes(again)) == (RunState.FAILED, "missing", ["run-failed"])


def test_nothing_but_reading_is_asked_and_one_token(sandbox):
    bench = sandbox(faults.silence_run(small_world(DAILY), DAILY_RUN))
    bench.audit(is_past=False)
    asked = Counter((call.method, "token" in call.path) for call in bench.platform.calls)
    assert asked.pop(("POST", True)) == 1
    assert set(asked) == {("GET", False)}


# --- Experience Platform does not answer ------------------------------------------------------


def with_a_hole() -> World:
    return faults.drop_run(small_world(DAILY), DAILY_RUN)


@pytest.mark.parametrize(
    "reply, code",
    [
        (DOWN, "flow-service-unreachable"),
        (Reply(200, {"items": [{"id": "r", "metrics": 7}]}), "flow-service-unreachable"),
        (Reply(403, {"error_code": "2120-403", "message": "no"}), "access-denied"),
        (Reply(401, {"error_code": "401013", "message": "no"}), "credential-expired"),
    ],
)
def test_a_platform_that_does_not_answer_leaves_unknown_what_only_it_could_tell(sandbox, reply, code):
    bench = sandbox(with_a_hole())
    bench.platform.fail(RUNS, reply, times=99)
    result = bench.audit()
    assert (result.status, result.status.exit_code) == (Status.INCOMPLETE, 3)
    assert codes(result) == [code]
    assert arrivals(result) == {"on_time": 6, "unknown": 1}
    assert [doubt.subject for doubt in result.unverifiable].count("Experience Platform prod") == 1


def test_where_each_run_leaves_a_folder_its_absence_needs_no_record(sandbox):
    bench = sandbox(with_a_hole())
    bench.edit = lambda text: f"{text}defaults: {{empty_runs: folder}}\n"
    bench.platform.fail(RUNS, DOWN, times=99)
    assert codes(bench.audit()) == ["export-missing", "flow-service-unreachable"]


def test_a_platform_that_dies_in_mid_audit_makes_nothing_green_and_nothing_missing(sandbox):
    """The records of one flow are read, those of the next are not."""
    world = faults.drop_run(small_world(WEB, DAILY), DAILY_RUN)
    bench = sandbox(world)
    whole = bench.audit()
    assert codes(whole) == ["export-missing"]
    answered = []

    def die(call, _number):
        if call.path.endswith("/runs"):
            answered.append(call)
            bench.platform.fail(".", DOWN, times=10_000)

    bench.service.before_page = die
    with Ledger.in_memory() as fresh:
        bench.ledger = fresh
        result = bench.audit()
    assert len(answered) == 1
    assert (result.status, codes(result)) == (Status.INCOMPLETE, ["flow-service-unreachable"])
    known = [verdict for verdict in result.runs if verdict.claim and verdict.claim.state is RunState.SUCCEEDED]
    assert {verdict.flow for verdict in known} < {"web-3h", "profiles-daily"}
    assert arrivals(result) == {"on_time": len(whole.runs) - 1, "unknown": 1}


def test_pages_that_end_in_the_middle_claim_nothing(sandbox):
    bench = sandbox(with_a_hole())
    bench.service.page_size = 2
    bench.service.before_page = lambda call, number: number == 2 and bench.platform.fail(RUNS, DOWN, times=999)
    result = bench.audit()
    assert (arrivals(result)["missing"], codes(result)) == (0, ["flow-service-unreachable"])


def test_runs_that_were_read_to_their_end_keep_their_claims_through_an_outage(sandbox):
    bench = sandbox(faults.fail_run(small_world(DAILY), DAILY_RUN))
    first = bench.audit(is_past=False)
    bench.platform.fail(".", DOWN, times=10_000)
    second = bench.audit(is_past=False)
    assert codes(second) == sorted([*codes(first), "flow-service-unreachable"])
    states = [verdict.claim.state for verdict in second.runs if verdict.claim]
    assert states == [verdict.claim.state for verdict in first.runs if verdict.claim]


@pytest.mark.parametrize("page", range(2, 9))
def test_pages_that_end_in_the_middle_of_a_later_reading_close_nothing(sandbox, page, monkeypatch):
    """One of two records that add up was on the pages that came: that is no claim yet."""
    monkeypatch.setattr("auditor.ledger.flow_runs.PORTION", 1)
    bench = sandbox(small_world(DAILY, now=at(3, 20)))
    assert codes(bench.audit()) == []
    bench.moved_to(faults.halve_run(small_world(DAILY), DAILY_RUN))
    bench.service.page_size = 1
    bench.service.before_page = lambda call, number: (
        call.path.endswith("/runs") and number == page and bench.platform.fail(RUNS, DOWN, times=999)
    )
    result = bench.audit()
    assert codes(result) in ([], ["flow-service-unreachable"])
    assert (result.status is Status.INCOMPLETE) == bool(codes(result))


def test_a_dead_platform_is_asked_once_not_once_for_every_flow(sandbox):
    bench = sandbox(small_world(WEB, DAILY))
    bench.platform.fail(".", DOWN, times=10_000)
    bench.audit()
    assert len(bench.platform.asked()) == 1


def test_the_finding_ends_no_audit_with_exit_code_1(sandbox):
    bench = sandbox(small_world(DAILY))
    bench.platform.fail(".", DOWN, times=10_000)
    assert bench.audit(fail_on=Severity.INFO).status is Status.INCOMPLETE


# --- only what is new is asked for ------------------------------------------------------------


def test_the_second_audit_asks_only_for_runs_since_the_first(sandbox):
    bench = sandbox(small_world(ONE))
    bench.audit(is_past=False)
    before = len(bench.platform.calls)
    bench.moved_to(small_world(ONE, now=bench.world.now + timedelta(hours=6)))
    result = bench.audit(is_past=False)
    (asked,) = [one for one in bench.platform.calls[before:] if one.path.endswith("/runs")]
    (since,) = [value for name, value in asked.query if name == "property" and "startedAtUTC" in value]
    assert int(since.rpartition(">")[2]) / 1000 > (bench.world.now - timedelta(days=1)).timestamp()
    assert (result.status, {v.claim.state for v in result.runs if v.claim and v.folder}) == (
        Status.GOOD,
        {RunState.SUCCEEDED},
    )


@contextmanager
def many_runs(count: int) -> Iterator[tuple[PlatformServer, Stock]]:
    """A flow with `count` runs, a minute apart, from 1 October on."""
    with PlatformServer() as platform:
        stock = describe_world(small_world(ONE), stock=Stock(org_id=platform.gate.org_id))
        like = next(iter(stock.runs.values()))
        stock.runs = {}
        for number in range(count):
            began = int((at(1) + timedelta(minutes=number)).timestamp() * 1000)
            summary = {"startedAtUTC": began, "completedAtUTC": began + 20_000}
            metrics = {**like["metrics"], "durationSummary": summary}
            stock.add("runs", {**like, "id": f"run-{number}", "createdAt": began, "metrics": metrics})
        FlowService(platform, stock)
        yield platform, stock


def test_ten_thousand_runs_come_over_pages_and_only_once(tmp_path):
    with many_runs(10_000) as (platform, _), Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        (tmp_path / "c.yaml").write_text(render_config(small_world(ONE), platform=login_of(platform)))
        config = load_config(tmp_path / "c.yaml")
        facts = dict(config.experience_platform)
        (flow,) = config.flows.values()
        now = at(1) + timedelta(minutes=10_000)
        platforms = Platforms(facts, open_configured_platform)
        records = RunRecords(platforms, ledger, now=now, clock=lambda: now)
        records._bring_up_to_date(flow, at(1))
        assert len(platform.asked(RUNS)) == 100
        assert sum(1 for _ in ledger.known_flow_runs("prod", flow.flow_id, since=at(1), until=now)) == 10_000
        before = len(platform.calls)
        again = RunRecords(platforms, ledger, now=now, clock=lambda: now)
        again._bring_up_to_date(flow, at(1))
        assert len(platform.calls) - before <= 6  # six hours of runs, a minute apart: four pages
        platforms.close()


class Endless:
    """A sandbox with `count` runs, made one at a time, and the most of them that were there at once."""

    destination = "Experience Platform prod"

    def __init__(self, count: int) -> None:
        self.count, self.alive, self.most = count, 0, 0

    def list_runs(self, flow_id: str, *, started_after_ms: int | None) -> Iterator[types.Run]:
        for number in range(self.count):
            began = int((at(1) + timedelta(minutes=number)).timestamp() * 1000)
            run = _Run(
                f"run-{number}", flow_id, began, began, began, began + 20_000, None, "success", types.Summary(5, 5)
            )
            self.alive += 1
            self.most = max(self.most, self.alive)
            finalize(run, self._end)
            yield run

    def _end(self) -> None:
        self.alive -= 1

    def close(self) -> None:
        """Nothing."""


class _Run(types.Run):
    """With room for a weak reference."""


def test_of_ten_thousand_runs_a_portion_is_held_at_a_time(tmp_path):
    (tmp_path / "c.yaml").write_text(render_config(small_world(ONE), platform=LOGIN))
    config, source = load_config(tmp_path / "c.yaml"), Endless(10_000)
    (flow,) = config.flows.values()
    now = at(1) + timedelta(minutes=10_000)
    with Ledger.in_memory() as ledger:
        platforms = Platforms(config.experience_platform, lambda facts: source)
        RunRecords(platforms, ledger, now=now, clock=lambda: now)._bring_up_to_date(flow, at(1))
        assert source.most <= 3
        assert sum(1 for _ in ledger.known_flow_runs("prod", flow.flow_id, since=at(1), until=now)) == 10_000


# --- which run is whose ------------------------------------------------------------------------


def test_two_records_that_add_up_are_one_claim(sandbox):
    bench = sandbox(faults.halve_run(small_world(DAILY), DAILY_RUN))
    result = bench.audit()
    (halves,) = [verdict.claim for verdict in result.runs if verdict.due == DAILY_RUN.due]
    assert (codes(result), len(halves.runs)) == ([], 2)


def test_a_run_on_demand_is_told_from_a_second_delivery(sandbox):
    world = small_world(replace(ONE, start=at(3)))
    flow = world.flows[0]
    due = Run(flow.name, EVENTS.id, at(4, 9)).due
    extra = deliver(world, flow, EVENTS, due, after=timedelta(minutes=77))
    result = sandbox(world.with_delivery(None, replace(extra, due=None, faults=("on demand",)))).audit()
    (finding,) = result.findings
    assert finding.code == "export-duplicate"
    assert "which fits no due time: a run on demand" in finding.message
    (own,) = [verdict for verdict in result.runs if verdict.due == due]
    assert own.claim is not None
    assert len(own.claim.runs) == 1


def test_new_batches_are_counted_where_nothing_explains_an_absence(sandbox):
    bench = sandbox(faults.silence_run(small_world(DAILY), DAILY_RUN))
    result = bench.audit()
    (verdict,) = [verdict for verdict in result.runs if verdict.due == DAILY_RUN.due]
    assert verdict.claim is not None
    assert verdict.claim.new_batches == 1
    assert len(bench.platform.asked("/batches$")) == 1


def test_batches_that_may_not_be_read_change_nothing_else(sandbox):
    bench = sandbox(faults.silence_run(small_world(DAILY), DAILY_RUN))
    bench.platform.fail("/batches$", Reply(403, {"error_code": "2120-403", "message": "no"}), times=99)
    result = bench.audit()
    (verdict,) = [verdict for verdict in result.runs if verdict.due == DAILY_RUN.due]
    assert verdict.claim is not None
    assert (verdict.claim.new_batches, verdict.arrival, codes(result)) == (None, "unknown", [])


# --- its end, and its files --------------------------------------------------------------------


def test_the_end_of_the_run_says_when_the_export_arrived(sandbox):
    world = small_world(DAILY)
    bench = sandbox(world)
    bench.edit = lambda text: f"{text}defaults: {{arrival: run}}\n"
    ends = {verdict.due: verdict.claim.ended for verdict in bench.audit().runs if verdict.claim}
    assert {verdict.due: verdict.arrived_at for verdict in bench.audit().runs} == ends


def test_a_folder_that_its_run_accounts_for_is_judged_before_settle_is_over(sandbox):
    world = small_world(DAILY)
    newest = max(world.deliveries, key=lambda one: one.export_time)
    early = replace(world, now=newest.complete_at + timedelta(minutes=1))
    bench = sandbox(early)
    assert arrivals(bench.audit())["arriving"] == 1
    sizes = {item.key: len(item.data) for item in list_objects(early)}
    bench.stock = describe_world(
        early,
        stock=Stock(org_id=bench.platform.gate.org_id),
        size_of=lambda part: next(size for key, size in sizes.items() if key.endswith(part.name)),
    )
    bench.service.stocks[bench.stock.sandbox] = bench.stock
    with Ledger.in_memory() as fresh:
        bench.ledger = fresh
        assert arrivals(bench.audit())["arriving"] == 0


def test_a_flow_without_an_id_is_judged_by_storage_alone(sandbox):
    bench = sandbox(with_a_hole())
    bench.edit = lambda text: "\n".join(
        line for line in text.splitlines() if not line.startswith(("    flow_id:", "    experience_platform:"))
    )
    result = bench.audit()
    assert codes(result) == ["export-missing"]
    assert {verdict.claim for verdict in result.runs} == {None}
    assert bench.platform.calls == []


def test_datasets_of_one_flow_are_told_apart(sandbox):
    world = faults.miscount_records(small_world(WEB), CLICK_RUN)
    result = sandbox(world).audit()
    assert {(finding.code, finding.dataset) for finding in result.findings} == {("record-count-mismatch", CLICKS.id)}
