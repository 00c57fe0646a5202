"""A real Prometheus Alertmanager: alerts are active while it lasts, and over when it is."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.incident_model import Event, EventKind, Incident, IncidentKey
from auditor.incidents import Changes
from auditor.ledger import Ledger
from auditor.ledger.notices import group_key
from auditor.model import Severity
from auditor.settings.alerts import Channel
from tests.alerts.outbox import Outbox, notice
from tests.servers.alertmanager import RunningAlertmanager, alertmanager

KEY = IncidentKey("export-missing", "web", "5ef3", "lake")
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlertmanager]:
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as server:
        yield server


@pytest.fixture
def box(running: RunningAlertmanager) -> Iterator[Outbox]:
    with Ledger.in_memory() as ledger:
        yield Outbox(ledger, (Channel("prom", "alertmanager", {"url": running.url}),), now=datetime.now(UTC))


def told(box: Outbox, key: str, group: str, kind: EventKind = EventKind.OPENED, **more: Any) -> None:
    """Put into the outbox and sent."""
    at = {"created_at": box.now, "next_at": box.now, "starts_at": box.now - 10 * MINUTE}
    box.ledger.add_notices([notice(f"{group}-{key}", "prom", kind=kind, dedup=group, **{**at, **more})])
    assert box.send().sent == 1, box.reasons()


def active(running: RunningAlertmanager, group: str, count: int) -> list[dict[str, Any]]:
    """The alerts of a group, when they are as many as `count`, or as they are after some seconds."""
    until = time.monotonic() + 10
    while True:
        found = [one for one in running.alerts() if one["labels"]["group"] == group]
        if len(found) == count or time.monotonic() > until:
            return found
        time.sleep(0.05)


def test_it_is_active_from_opening_to_recovery(running: RunningAlertmanager, box: Outbox) -> None:
    told(box, "1", "plain")
    [alert] = active(running, "plain", 1)
    labels = {
        "alertname": "export-missing",
        "group": "plain",
        "severity": "error",
        "flow": "web",
        "destination": "lake",
    }
    assert alert["labels"] == {**labels, "code": "export-missing", "team": "data"}
    assert alert["annotations"]["summary"].startswith("[error]")
    assert "more lines left out" in alert["annotations"]["description"]
    told(box, "2", "plain", EventKind.RECOVERED)
    assert active(running, "plain", 0) == []


def test_what_gets_worse_is_one_alert_and_ends_as_one(running: RunningAlertmanager, box: Outbox) -> None:
    """kubestellar/console#8389: the severity changes, and the end must match all the same."""
    told(box, "1", "worse", severity=Severity.WARNING)
    told(box, "2", "worse", EventKind.WORSENED, severity=Severity.CRITICAL)
    until = time.monotonic() + 10
    while [one["labels"]["severity"] for one in active(running, "worse", 1)] != ["critical"]:
        assert time.monotonic() < until
    told(box, "3", "worse", EventKind.RECOVERED, severity=Severity.WARNING)
    assert active(running, "worse", 0) == []


def test_labels_that_the_configuration_changed_meanwhile_end_as_they_began(
    running: RunningAlertmanager, box: Outbox
) -> None:
    told(box, "1", "moved")
    told(box, "2", "moved", EventKind.RECOVERED, labels={"code": "export-missing", "team": "another"})
    assert active(running, "moved", 0) == []


def test_a_test_is_over_at_once(running: RunningAlertmanager, box: Outbox) -> None:
    told(box, "1", "", None)  # type: ignore[arg-type]
    assert active(running, notice("-1").key, 0) == []


def test_any_name_makes_a_label_that_it_takes(running: RunningAlertmanager, box: Outbox) -> None:
    odd = {"code": "x", "flow": 'a"b\\\n\ud800 é', "destination": "", "unheard of": "left out"}
    told(box, "1", "odd", labels=odd)
    [alert] = active(running, "odd", 1)
    assert set(alert["labels"]) == {"alertname", "group", "severity", "code", "flow"}


def test_what_goes_on_is_posted_again_until_it_is_over(tmp_path: Path) -> None:
    """Alertmanager forgets all alerts when it restarts."""
    with Ledger.in_memory() as ledger:
        opened = Incident(KEY, Severity.ERROR, datetime.now(UTC), datetime.now(UTC), datetime.now(UTC))
        event = Event(0, EventKind.OPENED, opened.opened_at, Severity.ERROR)
        [kept] = ledger.update_incidents_with(lambda known: Changes((opened,), ((opened, event),)))
        (tmp_path / "a").mkdir()
        with alertmanager(tmp_path / "a") as first:
            box = Outbox(ledger, (Channel("prom", "alertmanager", {"url": first.url}),), now=datetime.now(UTC))
            told(box, "1", group_key(KEY), incidents=(kept.number,))
            assert len(active(first, group_key(KEY), 1)) == 1
        (tmp_path / "b").mkdir()
        with alertmanager(tmp_path / "b") as second:
            box = Outbox(ledger, (Channel("prom", "alertmanager", {"url": second.url}),), now=datetime.now(UTC))
            assert box.send().tried == 0
            [alert] = active(second, group_key(KEY), 1)
            assert alert["status"]["state"] in ("active", "unprocessed")
