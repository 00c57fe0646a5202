"""Metrics: what they say, how many there are, and what they never say."""

import json
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from auditor.ledger import Ledger
from auditor.model import Arrival, Content, Status
from auditor.web.metrics import render_metrics
from tests.web.served import NOW, Played, full_state, make_config, make_result, make_run

CONFIG = Path(__file__).parents[2] / "config"


def samples(state):
    """Value by name and labels."""
    text, content_type = render_metrics(state)
    assert content_type.startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(text)
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def test_every_metric_of_a_full_state():
    found = samples(full_state())
    lake, dataset = ("destination", "lake"), ("dataset", "set-0")
    flow, thing, mail = ("flow", "web-3h"), ("thing", "place:lake"), ("channel", "ops-mail")
    prefix = "export_auditor_"
    expected = {
        ("ready",): 1,
        ("ledger_up",): 1,
        ("nobody_told",): 0,
        ("config_refused",): 0,
        ("config_info", ("hash", "ab" * 32)): 1,
        ("start_time_seconds",): (NOW - timedelta(days=2)).timestamp(),
        ("loop_last_success_timestamp_seconds", thing): (NOW - timedelta(minutes=1)).timestamp(),
        ("loop_last_failure_timestamp_seconds", thing): (NOW - timedelta(hours=1)).timestamp(),
        ("loop_period_seconds", thing): 300,
        ("loop_period_seconds", ("thing", "content:lake")): float("inf"),
        ("loop_stale", thing): 0,
        ("state_timestamp_seconds",): NOW.timestamp(),
        ("runs", ("arrival", "missing"), ("content", "unchecked"), lake, flow): 1,
        ("runs", ("arrival", "on_time"), ("content", "sound"), lake, flow): 1,
        ("unverifiable", lake): 1,
        ("findings", ("code", "protection-stale"), lake, ("severity", "critical")): 1,
        ("findings_waived", ("code", "export-late"), lake): 1,
        ("newest_sound_export_timestamp_seconds", dataset, lake, flow): (NOW - timedelta(hours=3)).timestamp(),
        ("dataset_info", dataset, lake, flow, ("name", "Set 0"), ("team", "")): 1,
        ("incidents", ("code", "export-late"), lake, ("severity", "error"), ("state", "open")): 1,
        ("incidents_unacknowledged",): 2,
        ("events_waiting",): 3,
        ("notices_waiting", mail): 2,
        ("notices_oldest_waiting_timestamp_seconds",): (NOW - timedelta(minutes=4)).timestamp(),
        ("notices_total", mail, ("state", "sent")): 40,
        ("notices_total", mail, ("state", "dropped")): 1,
        ("listings_total", lake): 1,
        ("objects_listed_total", lake): 2,
        ("objects_described_total", lake): 3,
        ("files_read_total", lake): 4,
        ("read_bytes_total", lake): 5000,
    }
    assert {key: found.get((prefix + key[0], *key[1:])) for key in expected} == expected


def test_waived_findings_are_not_among_those_that_alert():
    assert not [
        key for key in samples(full_state()) if key[0] == "export_auditor_findings" and "export-late" in str(key)
    ]


def test_without_its_ledger_no_old_numbers_are_given_out():
    found = samples(full_state(ledger_error="gone"))
    assert found[("export_auditor_ledger_up",)] == 0
    assert found[("export_auditor_ready",)] == 0
    assert not [key for key in found if key[0].startswith(("export_auditor_runs", "export_auditor_newest"))]


def test_counters_of_channels_and_destinations_begin_at_zero():
    found = samples(Played())
    assert found[("export_auditor_notices_total", ("channel", "ops-mail"), ("state", "dropped"))] == 0
    assert found[("export_auditor_read_bytes_total", ("destination", "lake"))] == 0


def test_how_many_series_there_are_does_not_depend_on_history():
    """500 datasets, and two years of weekly runs (opstree/druid-exporter#128)."""
    config = make_config(datasets=500)
    keys = [("web-3h", f"set-{n}", "lake") for n in range(500)]

    def state(runs_each):
        runs = [make_run(n, f"set-{d}") for d in range(500) for n in range(runs_each)]
        return Played(config=config, result=make_result(runs), newest=dict.fromkeys(keys, NOW))

    short, long = samples(state(1)), samples(state(2 * 52))
    assert short.keys() == long.keys()
    assert len(long) < 500 * 2 + 60
    assert not [key for key in long if re.search(r"\d{4}-\d\d-\d\d|exportTime|part-", str(key))]


def test_series_of_what_is_removed_vanish():
    """PrefectHQ/prometheus-prefect-exporter#84"""
    state = full_state(config=make_config(datasets=2))
    assert any(("dataset", "set-1") in key for key in samples(state))
    state.config = make_config(datasets=1, destinations={}, alerts=type(state.config.alerts)())
    state.newest, state.result, state.incidents, state.loops = {}, make_result(()), (), ()
    state.told = type(state.told)()
    left = samples(state)
    assert not any(("dataset", "set-1") in key for key in left)
    assert not any(name in str(key) for key in left for name in ("'ops-mail'", "place:lake", "protection-stale"))


def test_a_scrape_of_many_runs_is_quick():
    runs = [make_run(n, f"set-{d}") for d in range(500) for n in range(35)]
    state = Played(config=make_config(datasets=500), result=make_result(runs))
    began = time.process_time()
    render_metrics(state)
    assert time.process_time() - began < 2


def metrics_named_in(text):
    return set(re.findall(r"export_auditor_[a-z_]+", text))


@pytest.mark.parametrize("file", ["prometheus/rules.yml", "grafana/dashboard.json"])
def test_rules_and_dashboard_name_metrics_that_there_are(file):
    known = {key[0] for key in samples(full_state())}
    named = metrics_named_in((CONFIG / file).read_text())
    assert named
    assert named <= known


def test_the_dashboard_is_whole():
    board = json.loads((CONFIG / "grafana/dashboard.json").read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] and all(one["expr"] for one in panel["targets"]) for panel in panels)
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(set(places)) == len(places)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)


def test_queues_and_newest_sound_exports_come_from_the_ledger():
    with Ledger.in_memory() as ledger:
        audit = ledger.begin_audit(now=NOW, tool_version="1", config_hash="x", options={}, flows=["web-3h"])
        lost = make_run(0, arrival=Arrival.MISSING, content=Content.UNCHECKED, folder="", arrived_at=None)
        damaged, sound = make_run(1, content=Content.DAMAGED), make_run(2)
        other = make_run(0, "set-1", arrival=Arrival.NOT_NEEDED, content=Content.UNCHECKED, folder="", arrived_at=None)
        never = make_run(0, "set-2", arrival=Arrival.PENDING, content=Content.UNCHECKED, folder="", arrived_at=None)
        ledger.record_verdicts(audit, [lost, damaged, sound, other, never], at=NOW)
        ledger.finish_audit(audit, status=Status.GOOD, watched=[], files_read=0, files_reused=0, bytes_read=0)
        found = ledger.newest_sound([("web-3h", f"set-{n}", "lake") for n in range(4)])
        queues = ledger.count_queues()
    assert found == {("web-3h", "set-0", "lake"): sound.due, ("web-3h", "set-1", "lake"): other.due}
    assert (queues.events_waiting, queues.notices, queues.oldest_waiting) == (0, {}, None)
