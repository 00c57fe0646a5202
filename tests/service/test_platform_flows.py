"""What an audit says of the flows themselves, and expectations that keep in step with a sandbox."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from adapters.registry import opener
from auditor.ledger import Ledger
from auditor.model import AuditResult, Status
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.verify.pool import Verifier
from auditor.worlds import World, faults, lay_out, render_config
from auditor.worlds.model import Rhythm
from auditor.worlds.platform import FlowService, PlatformServer, Reply, Stock, describe_world, login_of
from tests.service.asking import impatient
from tests.service.auditing import verifier
from tests.worlds.small import CLICK_RUN, CLICKS, DAILY, EVENTS, NOW, WEB, WEB_RUN, small_world

__all__ = ["verifier"]

HOUR = timedelta(hours=1)
S3 = {"type": "s3", "bucket": "exports"}


class Sandbox:
    """A world, what the stand-in says of it, and audits of the present at moments that we choose."""

    def __init__(self, world: World, home: Path, platform: PlatformServer, ledger: Ledger, verifier: Verifier) -> None:
        self.home, self.platform, self.ledger, self.verifier = home, platform, ledger, verifier
        self.edit: Callable[[str], str] = lambda text: text
        self.service = FlowService(platform, Stock())
        self.moved_to(world)

    @property
    def stock(self) -> Stock:
        return self.service.stocks["prod"]

    def moved_to(self, world: World) -> None:
        self.world = world
        rmtree(self.home / "exports", ignore_errors=True)
        lay_out(world, self.home / "exports")
        self.service.stocks["prod"] = describe_world(world, stock=Stock(org_id=self.platform.gate.org_id))

    def flow(self, name: str) -> dict[str, Any]:
        return next(flow for flow in self.stock.flows.values() if flow["name"] == name)

    def audit(self, *, after: timedelta = timedelta(), **options: Any) -> AuditResult:
        config = self.home / "auditor.yaml"
        text = render_config(self.world, platform=login_of(self.platform), place=S3)
        config.write_text(self.edit(text), encoding="utf-8")
        settings = AuditOptions(**{"now": self.world.now + after, **options})
        return run_audit(
            load_config(config),
            self.ledger,
            settings,
            verifier=self.verifier,
            open_platform=impatient,
            open_with=lambda place: opener(place.facts.name, "local", {"root": str(self.home / "exports")}),
        )


@pytest.fixture
def sandbox(tmp_path: Path, verifier: Verifier) -> Iterator[Callable[..., Sandbox]]:
    with PlatformServer() as platform, Ledger.in_memory() as ledger:
        yield lambda *flows: Sandbox(small_world(*(flows or (DAILY,))), tmp_path, platform, ledger, verifier)


ELSEWHERE = {"dataset-unprotected", "flow-ending"}  # coverage and ends have tests of their own


def codes(result: AuditResult) -> list[str]:
    """The codes of all findings, sorted, but for those of coverage and ends."""
    return sorted({finding.code: None for finding in of_flows(result)})


def of_flows(result: AuditResult) -> list[Any]:
    return [finding for finding in result.findings if finding.code not in ELSEWHERE]


def findings(result: AuditResult, code: str) -> list[Any]:
    return [finding for finding in result.findings if finding.code == code]


def lose_datasets(bench: Sandbox, name: str, keep: int) -> None:
    """A flow is given another source connection, as Experience Platform does."""
    old = bench.stock.sources[bench.flow(name)["sourceConnectionIds"][0]]
    new = {
        **old,
        "id": "0f0f0f0f-0000-4000-8000-000000000000",
        "params": {"datasets": old["params"]["datasets"][:keep]},
    }
    bench.stock.add("sources", new)
    bench.flow(name)["sourceConnectionIds"] = [new["id"]]


# --- what protects less ------------------------------------------------------------------------


def test_a_flow_that_is_as_it_was_and_as_configured_is_not_spoken_of(sandbox):
    bench = sandbox(WEB, DAILY)
    assert [codes(bench.audit()), codes(bench.audit(after=HOUR))] == [[], []]


WEAKER = [
    ("schedule", lambda flow: flow["scheduleParams"].update(interval=2), "every 24 h", "every 48 h"),
    (
        "end",
        lambda flow: flow["scheduleParams"].update(endTime=int((NOW + timedelta(days=9)).timestamp())),
        "no end",
        "2026-10-16 13:20 UTC",
    ),
]


@pytest.mark.parametrize("aspect, change, before, after", WEAKER, ids=[case[0] for case in WEAKER])
def test_a_flow_that_protects_less_than_before_is_told_until_it_is_as_strong_again(
    sandbox, aspect, change, before, after
):
    bench = sandbox()
    bench.audit()
    whole = dict(bench.flow("profiles-daily")["scheduleParams"])
    change(bench.flow("profiles-daily"))
    for hours in (1, 2):
        (finding,) = of_flows(bench.audit(after=hours * HOUR))
        assert (finding.code, finding.flow, finding.destination) == (
            "protection-weakened",
            "profiles-daily",
            "lake-backup",
        )
        assert (finding.evidence[f"{aspect}_before"], finding.evidence[f"{aspect}_after"]) == (before, after)
    bench.flow("profiles-daily")["scheduleParams"] = whole
    assert codes(bench.audit(after=3 * HOUR)) == []


def test_a_lost_dataset_and_another_place_are_told_in_one_finding(sandbox):
    bench = sandbox(WEB)
    bench.audit()
    lose_datasets(bench, "web-3h", 1)
    bench.stock.targets[bench.flow("web-3h")["targetConnectionIds"][0]]["params"]["bucketName"] = "elsewhere"
    (finding,) = findings(bench.audit(), "protection-weakened")
    assert finding.evidence["datasets_before"] == CLICKS.id
    assert finding.evidence["place_after"] == "elsewhere/backups"


def test_a_change_that_weakens_nothing_is_what_the_next_one_is_measured_by(sandbox):
    bench = sandbox()
    bench.edit = lambda text: text.replace("every: 24h", "every: 12h").replace("every: 1d", "every: 12h")
    bench.flow("profiles-daily")["scheduleParams"].update(timeUnit="hour", interval=24)
    bench.audit()
    bench.flow("profiles-daily")["scheduleParams"]["interval"] = 12
    bench.audit(after=HOUR)
    bench.flow("profiles-daily")["scheduleParams"]["interval"] = 24
    (finding,) = findings(bench.audit(after=2 * HOUR), "protection-weakened")
    assert finding.evidence["schedule_before"] == "every 12 h"


def test_what_could_not_be_read_for_a_while_hides_no_weakening(sandbox):
    bench = sandbox()
    bench.audit()
    whole = dict(bench.flow("profiles-daily")["scheduleParams"])
    del bench.flow("profiles-daily")["scheduleParams"]["startTime"]
    assert codes(bench.audit(after=HOUR)) == []
    bench.flow("profiles-daily")["scheduleParams"] = {**whole, "interval": 2}
    (finding,) = findings(bench.audit(after=2 * HOUR), "protection-weakened")
    assert (finding.evidence["schedule_before"], finding.evidence["schedule_after"]) == ("every 24 h", "every 48 h")


def test_an_account_that_may_no_longer_be_read_moves_no_flow(sandbox):
    bench = sandbox()
    base = next(iter(bench.stock.connections.values()))
    base["auth"]["params"]["domain"] = "one.example.com"
    bench.audit()
    bench.platform.fail("/connections/", Reply(403, {"message": "no"}), times=9)
    assert codes(bench.audit(after=HOUR)) == []


def test_a_run_of_a_dataset_that_is_not_configured_says_nothing_of_those_that_are(sandbox):
    bench = sandbox(WEB)
    bench.moved_to(faults.drop_run(faults.empty_run(small_world(WEB), CLICK_RUN), WEB_RUN))
    bench.edit = lambda text: text.replace(f"      - {{id: {CLICKS.id}, name: {CLICKS.name}}}\n", "")
    result = bench.audit()
    assert {run.dataset for run in result.runs} == {EVENTS.id}
    (missing,) = [run for run in result.runs if run.due == WEB_RUN.due]
    assert ([f.code for f in missing.findings], str(missing.claim.state)) == (["export-missing"], "none")
    assert not [f for f in result.findings if f.code.endswith("-mismatch")]


def test_a_flow_that_is_switched_off_is_an_error_and_told_once(sandbox):
    bench = sandbox()
    bench.audit()
    bench.flow("profiles-daily")["state"] = "disabled"
    result = bench.audit(after=HOUR)
    assert (result.status, codes(result)) == (Status.FINDINGS, ["flow-disabled"])
    bench.flow("profiles-daily")["state"] = "updating"
    assert codes(bench.audit(after=2 * HOUR)) == []


def test_a_flow_that_was_off_when_it_was_first_seen_is_told_too(sandbox):
    bench = sandbox()
    bench.flow("profiles-daily")["state"] = "disabled"
    assert codes(bench.audit()) == ["flow-disabled"]


def test_a_deleted_flow_is_told_and_one_that_is_only_left_out_of_the_list_is_not(sandbox):
    bench = sandbox()
    bench.audit()
    flow = bench.flow("profiles-daily")
    spec = flow["flowSpec"]
    flow["flowSpec"] = {**spec, "id": "ffffffff-0000-4000-8000-000000000000"}
    assert findings(bench.audit(after=HOUR), "protection-weakened") == []
    del bench.stock.flows[flow["id"]]
    (finding,) = of_flows(bench.audit(after=2 * HOUR))
    assert (finding.code, finding.message) == ("protection-weakened", "The flow was deleted.")


def test_an_id_that_no_flow_has_is_told(sandbox):
    bench = sandbox()
    bench.edit = lambda text: text.replace(DAILY.id, "11111111-2222-4333-8444-555555555555")
    (finding,) = findings(bench.audit(), "flow-unmatched")
    assert "no dataset export with the id 11111111" in finding.message


def test_a_flow_that_does_less_than_configured_is_told_at_once(sandbox):
    bench = sandbox()
    bench.flow("profiles-daily")["scheduleParams"]["interval"] = 2
    (finding,) = of_flows(bench.audit())
    assert (finding.code, str(finding.severity)) == ("protection-weakened", "warning")
    assert "by the configuration: exports every 48 h instead of every 24 h" in finding.message


def test_a_flow_that_does_more_than_configured_is_a_remark(sandbox):
    bench = sandbox()
    bench.flow("profiles-daily")["scheduleParams"].update(timeUnit="hour", interval=12)
    result = bench.audit()
    (finding,) = result.findings
    assert (result.status, finding.code, str(finding.severity)) == (Status.GOOD, "flow-differs", "info")


def test_an_end_that_is_not_configured_is_no_difference(sandbox):
    bench = sandbox()
    bench.flow("profiles-daily")["scheduleParams"]["endTime"] = int((NOW + timedelta(days=90)).timestamp())
    assert codes(bench.audit()) == []


def test_of_flows_that_could_not_be_read_nothing_is_said(sandbox):
    bench = sandbox()
    bench.audit()
    bench.flow("profiles-daily")["state"] = "disabled"
    refused = Reply(403, {"error_code": "2120-403", "message": "no"})
    bench.platform.fail("/flows$", refused, times=99)
    result = bench.audit(after=HOUR)
    assert (codes(result), result.status) == (["access-denied"], Status.INCOMPLETE)
    assert {verdict.claim is None for verdict in result.runs} == {False}, "the runs could be read all the same"


def test_an_audit_of_the_past_remembers_no_flow(sandbox):
    bench = sandbox()
    bench.audit(is_past=True)
    assert bench.ledger.latest_flow_versions("prod") == []


# --- discover: true ----------------------------------------------------------------------------


def follow(text: str, flows: str = "") -> str:
    """The configuration without its flows, which the sandbox tells."""
    return text[: text.index("flows:")].replace("    sandbox:", "    discover: true\n    sandbox:") + flows


def told(result: AuditResult) -> Counter[tuple[str, str]]:
    return Counter((verdict.flow, str(verdict.arrival)) for verdict in result.runs)


def test_what_the_sandbox_tells_is_audited_as_if_it_were_written_down(sandbox):
    bench = sandbox(WEB, DAILY)
    by_hand = bench.audit(is_past=True)
    bench.edit = follow
    followed = bench.audit(is_past=True)
    keys = ("flow", "dataset", "destination", "due", "arrival", "content", "folder", "records", "claim")
    assert [[getattr(v, key) for key in keys] for v in followed.runs] == [
        [getattr(v, key) for key in keys] for v in by_hand.runs
    ]
    assert (followed.status, codes(followed), followed.names) == (Status.GOOD, [], by_hand.names)


def edited(world_now: datetime, since: datetime) -> World:
    """The daily flow, exported every two days from `since` on."""
    flow = replace(DAILY, edits=(Rhythm(since, timedelta(days=2)),))
    return small_world(flow, now=world_now)


def test_a_past_run_is_judged_by_the_schedule_that_held_then(sandbox):
    """Daily until the 7th, then every two days: nothing is missing on the days between, and nothing before."""
    bench = sandbox()
    bench.edit = follow
    bench.audit()
    since = NOW.replace(day=8, hour=2, minute=30)
    bench.moved_to(edited(NOW + timedelta(days=5), since))
    bench.flow("profiles-daily")["lastOperation"]["updated"] = int((NOW + HOUR).timestamp() * 1000)
    result = bench.audit()
    assert [f"{verdict.due:%d}" for verdict in result.runs] == [
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "07",
        "08",
        "10",
        "12",
    ]
    assert set(told(result)) == {("profiles-daily", "on_time")}
    assert codes(result) == ["protection-weakened"]


def test_a_flow_that_was_deleted_keeps_what_was_expected_until_then(sandbox):
    bench = sandbox()
    bench.edit = follow
    before = told(bench.audit())
    bench.stock.flows.clear()
    result = bench.audit(after=HOUR)
    assert (told(result), codes(result)) == (before, ["protection-weakened"])
    late = bench.audit(after=timedelta(days=5))
    assert (told(late), codes(late)) == (before, ["protection-weakened"])


def test_a_dataset_that_was_taken_out_is_expected_until_then_only(sandbox):
    bench = sandbox(WEB)
    bench.edit = follow
    bench.audit()
    lose_datasets(bench, "web-3h", 1)
    result = bench.audit(after=HOUR)
    assert codes(result) == ["protection-weakened"]
    later = bench.audit(after=timedelta(days=1))
    assert {finding.dataset for finding in findings(later, "export-missing")} == {EVENTS.id}
    assert Counter(v.dataset for v in later.runs)[CLICKS.id] == Counter(v.dataset for v in result.runs)[CLICKS.id]


def test_a_flow_that_writes_to_no_configured_place_is_told(sandbox):
    bench = sandbox(WEB, DAILY)
    bench.edit = follow
    bench.stock.targets[bench.flow("web-3h")["targetConnectionIds"][0]]["params"]["path"] = "elsewhere"
    result = bench.audit()
    (finding,) = findings(result, "flow-unmatched")
    assert (finding.flow, finding.evidence["folder"], finding.evidence["type"]) == ("web-3h", "elsewhere", "s3")
    assert {flow for flow, _ in told(result)} == {"profiles-daily"}


def test_owners_and_graces_of_the_configuration_hold_for_the_flow_of_its_id(sandbox):
    bench = sandbox()
    own = (
        f"flows:\n  mine:\n    experience_platform: prod\n    flow_id: {DAILY.id}\n    destination: lake-backup\n"
        "    owner: jo\n    grace: 1s\n    deadline: 20h\n    schedule: {every: 3h, start: 2026-10-01T00:00:00Z}\n"
        f"    datasets: [{EVENTS.id}]\n"
    )
    bench.edit = partial(follow, flows=own)
    result = bench.audit()
    assert {flow for flow, _ in told(result)} == {"mine"}
    assert len(result.runs) == 7
    assert set(codes(result)) == {"export-late"}
    assert {care.owner for care in result.care.values()} == {"jo"}


def test_a_flow_keeps_its_name_when_it_is_renamed_and_two_of_one_name_are_told_apart(sandbox):
    bench = sandbox(WEB, DAILY)
    bench.edit = follow
    bench.audit()
    bench.flow("web-3h")["name"] = "profiles-daily"
    assert {flow for flow, _ in told(bench.audit(after=HOUR))} == {"web-3h", "profiles-daily"}
    with Ledger.in_memory() as fresh:
        bench.ledger = fresh
        assert {flow for flow, _ in told(bench.audit())} == {"profiles-daily", "profiles-daily-prod"}


def test_flows_that_were_over_or_off_when_first_seen_are_no_one_s_alarm(sandbox):
    bench = sandbox(WEB, DAILY)
    bench.edit = follow
    bench.flow("web-3h")["state"] = "disabled"
    bench.flow("profiles-daily")["scheduleParams"]["endTime"] = int((NOW - timedelta(days=3)).timestamp())
    result = bench.audit()
    assert (codes(result), told(result)) == ([], Counter())
    assert result.status is Status.INCOMPLETE, "nothing was there to be checked"


def test_a_flow_that_is_switched_off_while_it_is_followed_is_told(sandbox):
    bench = sandbox()
    bench.edit = follow
    bench.audit()
    bench.flow("profiles-daily")["state"] = "disabled"
    bench.flow("profiles-daily")["lastOperation"]["updated"] = int((NOW + HOUR).timestamp() * 1000)
    assert codes(bench.audit(after=timedelta(days=3))) == ["flow-disabled"]


def test_while_the_sandbox_is_down_what_is_known_of_its_flows_is_expected(sandbox):
    bench = sandbox()
    bench.edit = follow
    before = told(bench.audit())
    bench.platform.fail(".", Reply(503, {"message": "down"}), times=10_000)
    result = bench.audit(after=HOUR)
    assert (told(result), codes(result), result.status) == (before, ["flow-service-unreachable"], Status.INCOMPLETE)


def test_a_flow_that_says_too_little_to_be_followed_is_told(sandbox):
    bench = sandbox(WEB, DAILY)
    bench.edit = follow
    bench.flow("web-3h")["scheduleParams"] = {"interval": 3, "timeUnit": "fortnight"}
    result = bench.audit()
    (finding,) = findings(result, "flow-unmatched")
    assert (finding.flow, {flow for flow, _ in told(result)}) == ("web-3h", {"profiles-daily"})


def test_exports_of_audiences_are_left_out(sandbox):
    bench = sandbox()
    bench.edit = follow
    other = {**bench.flow("profiles-daily"), "id": "99999999-0000-4000-8000-000000000000", "name": "audiences"}
    bench.stock.add("flows", {**other, "flowSpec": {"id": "71471eba-b620-49e4-90fd-23f1fa0174d8", "version": "1.0"}})
    assert {flow for flow, _ in told(bench.audit())} == {"profiles-daily"}


def test_a_sandbox_of_which_nothing_is_looked_at_is_not_asked(sandbox):
    bench = sandbox()
    other = "  plain:\n    destination: lake-backup\n    schedule: {every: 1d, start: 2026-10-01T02:30:00Z}\n"
    bench.edit = lambda text: f"{text}{other}    format: parquet\n    datasets: [{EVENTS.id}]\n"
    bench.platform.fail(".", Reply(503, {"message": "down"}), times=10_000)
    result = bench.audit(flow="plain")
    assert "flow-service-unreachable" not in codes(result)
    assert bench.platform.calls == []


def test_two_sandboxes_and_one_of_them_down(tmp_path, verifier):
    """What one says holds; what the other would say is unknown, and told once."""
    world = small_world(WEB, DAILY)
    with PlatformServer() as up, PlatformServer() as down, Ledger.in_memory() as ledger:
        bench = Sandbox(world, tmp_path, up, ledger, verifier)
        down.fail(".", Reply(503, {"message": "down"}), times=10_000)
        entry = "\n".join(f"    {key}: {value}" for key, value in login_of(down).items())

        def with_two(text: str) -> str:
            head, daily = text.split("  profiles-daily:\n")
            head = head.replace("experience_platform:\n", f"experience_platform:\n  dev:\n{entry}\n", 1)
            return f"{head}  profiles-daily:\n{daily.replace('experience_platform: prod', 'experience_platform: dev')}"

        bench.edit = with_two
        result = bench.audit()
    states = {(v.flow, v.claim.state.value) for v in result.runs if v.claim}
    assert states == {("web-3h", "succeeded"), ("profiles-daily", "unknown")}
    (finding,) = findings(result, "flow-service-unreachable")
    assert (finding.key, result.status) == ("dev", Status.INCOMPLETE)
