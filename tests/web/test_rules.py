"""Rules and configuration for Prometheus: checked and played by promtool, then scraped for real."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from auditor.web.app import make_app
from tests.servers.install import find_promtool
from tests.servers.prometheus import prometheus
from tests.web.served import TOKEN, full_state, make_config, make_loop, serving

HOME = Path(__file__).parents[2] / "config/prometheus"
RULES = HOME / "rules.yml"


def promtool(*words):
    return subprocess.run([find_promtool(), *words], capture_output=True, text=True, timeout=120)


def alerts_of(path):
    return {rule["alert"] for group in YAML(typ="safe").load(path)["groups"] for rule in group["rules"]}


@pytest.mark.parametrize("words", [("check", "rules", RULES), ("check", "config", HOME / "prometheus.yml")])
def test_promtool_accepts_them(words):
    done = promtool(*map(str, words))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout + done.stderr


def make_played(tmp_path):
    """The scripted worlds, with the annotations of the rules where the script says none."""
    played = YAML(typ="safe").load(Path(__file__).with_name("rules_test.yml"))
    texts = {
        rule["alert"]: rule["annotations"]
        for group in YAML(typ="safe").load(RULES)["groups"]
        for rule in group["rules"]
    }
    played["rule_files"] = [str(RULES)]
    for test in played["tests"]:
        for one in test["alert_rule_test"]:
            for expected in one.get("exp_alerts", []):
                labels = expected["exp_labels"]
                given = {name: fill(text, labels) for name, text in texts[one["alertname"]].items()}
                expected.setdefault("exp_annotations", given)
    path = tmp_path / "played.yml"
    YAML().dump(played, path)
    return played, path


def fill(text, labels):
    for name, value in labels.items():
        text = text.replace("{{ $labels." + name + " }}", value)
    return text


def test_each_alert_fires_when_it_should_and_not_when_all_is_well(tmp_path):
    played, path = make_played(tmp_path)
    done = promtool("test", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    quiet = {one["alertname"] for one in played["tests"][0]["alert_rule_test"]}
    fires = {one["alertname"] for test in played["tests"] for one in test["alert_rule_test"] if one.get("exp_alerts")}
    assert quiet == fires == alerts_of(RULES)


def test_a_play_that_expects_something_else_fails(tmp_path):
    played, path = make_played(tmp_path)
    played["tests"][0]["alert_rule_test"][0]["exp_alerts"] = [{"exp_labels": {"severity": "critical"}}]
    YAML().dump(played, path)
    assert promtool("test", "rules", str(path)).returncode != 0


def test_a_real_prometheus_scrapes_a_real_instance_with_its_token():
    state = full_state(config=make_config(token=True), loops=[make_loop(ago=timedelta(hours=1))])
    with (
        serving(make_app(state)) as server,
        prometheus(f"127.0.0.1:{server.port}", rules=RULES, token=TOKEN) as scraper,
    ):
        assert scraper.wait_for('up{job="export-auditor"} == 1')
        (found,) = scraper.wait_for("sum by (arrival) (export_auditor_runs{arrival='missing'})")
        assert found["value"][1] == "1"
        (stale,) = scraper.wait_for("export_auditor_loop_stale == 1")
        assert stale["metric"]["thing"] == "place:lake"
        assert scraper.wait_for('export_auditor_build_info{version!=""}')
        assert scraper.wait_for('ALERTS{alertname="ExportAuditorLoopStale",alertstate="pending"}')
        assert scraper.rules().keys() == alerts_of(RULES)
        assert [target["lastError"] for target in scraper.targets()] == [""]


def test_without_its_token_a_real_prometheus_sees_that_it_is_down():
    with (
        serving(make_app(full_state(config=make_config(token=True)))) as server,
        prometheus(f"127.0.0.1:{server.port}", rules=RULES) as scraper,
    ):
        assert scraper.wait_for('up{job="export-auditor"} == 0')
        assert "401" in scraper.targets()[0]["lastError"]
