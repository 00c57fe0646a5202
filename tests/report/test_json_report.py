"""The JSON report and the verify line keep to their schemas, whatever things are called."""

import dataclasses
import json
import random
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from auditor.checks import CATALOGUE
from auditor.model import (
    Arrival,
    AuditResult,
    Compression,
    Content,
    FileCheck,
    FileFormat,
    Level,
    Look,
    Severity,
    Status,
)
from auditor.report import render_json, render_verify_line
from auditor.report.words import render_instant
from tests.report.example import EXAMPLE
from tests.report.strategies import QUICK, audits, counts, file_checks, names


def schema(name: str) -> dict:
    return json.loads(files("auditor.report").joinpath("schemas", f"{name}.json").read_text("utf-8"))


AUDIT, VERIFY = schema("audit-1"), schema("verify-1")


def keys_told(told: dict, root: dict) -> set[str]:
    """The property names the schema part `told` describes, references followed."""
    if "$ref" in told:
        told = root["$defs"][told["$ref"].rsplit("/", 1)[-1]]
    assert set(told["required"]) == set(told["properties"])
    return set(told["properties"])


def errors(told: dict, value: object) -> list[str]:
    return [error.message for error in Draft202012Validator(told, format_checker=FormatChecker()).iter_errors(value)]


@pytest.mark.parametrize("told", [AUDIT, VERIFY], ids=["audit", "verify"])
def test_the_schema_itself_is_valid(told):
    Draft202012Validator.check_schema(told)


@QUICK
@given(audits())
def test_every_audit_gives_valid_json_by_the_schema(result):
    assert errors(AUDIT, json.loads(render_json(result))) == []


@QUICK
@given(names, st.none() | counts, file_checks)
def test_every_file_check_gives_one_line_by_the_schema(path, size, check):
    line = render_verify_line(path, size, check)
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    assert errors(VERIFY, json.loads(line)) == []


@QUICK
@given(audits())
def test_the_text_is_ascii_and_no_name_is_a_lone_surrogate(result):
    text = render_json(result)
    assert text.isascii()
    assert not any(c < " " for c in text.replace("\n", ""))
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")  # strict: raises on a surrogate


def test_nothing_is_told_that_the_schema_does_not_describe():
    told = json.loads(render_json(dataclasses.replace(EXAMPLE, looks=(Look("lake", "a"),))))
    assert keys_told(AUDIT, AUDIT) == told.keys()
    for name in ("runs", "findings", "unverifiable", "watched", "looks", "datasets"):
        assert keys_told(AUDIT["properties"][name]["items"], AUDIT) == told[name][0].keys()
    summary = AUDIT["$defs"]["summary"]
    assert keys_told(summary, AUDIT) == told["summary"].keys()
    for name in ("datasets", "balance", "arrival", "content", "level", "findings"):
        assert keys_told(summary["properties"][name], AUDIT) == told["summary"][name].keys()


def test_the_keys_of_the_published_contract_are_there():
    told = json.loads(render_json(EXAMPLE))
    top = "schema_version now watched_from status summary runs findings unverifiable"
    run = "flow dataset destination due arrival arrived_at content level folder files records bytes findings"
    finding = "code severity flow dataset destination due key message evidence"
    assert set(top.split()) <= told.keys()
    assert all(set(run.split()) <= entry.keys() for entry in told["runs"])
    assert all(set(finding.split()) <= entry.keys() for entry in told["findings"])
    line = json.loads(render_verify_line("a", 1, FileCheck("a", Content.SOUND, Level.L3)))
    verified = "path content level format compression records bytes findings"
    assert set(verified.split()) <= line.keys()


@pytest.mark.parametrize(
    "told, values",
    [
        (AUDIT["properties"]["status"], [s.value for s in Status]),
        (AUDIT["$defs"]["run"]["properties"]["arrival"], [a.value for a in Arrival]),
        (AUDIT["$defs"]["run"]["properties"]["content"], [c.value for c in Content]),
        (AUDIT["$defs"]["run"]["properties"]["level"], [*map(str, Level), None]),
        (AUDIT["$defs"]["finding"]["properties"]["severity"], [s.value for s in Severity]),
        (VERIFY["$defs"]["finding"]["properties"]["severity"], [s.value for s in Severity]),
        (VERIFY["properties"]["level"], [*map(str, Level)]),
        (VERIFY["properties"]["format"], [*(f.value for f in FileFormat), None]),
        (VERIFY["properties"]["compression"], [*(c.value for c in Compression), None]),
        (VERIFY["properties"]["content"], [c.value for c in Content if c is not Content.INCOMPLETE]),
    ],
)
def test_the_schema_knows_exactly_the_words_of_the_model(told, values):
    assert sorted(told["enum"], key=str) == sorted(values, key=str)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.pop("runs"),
        lambda told: told.update(status="ok"),
        lambda told: told.update(now="2026-10-15 09:30"),
        lambda told: told.update(watched_from="2026-10-15T09:30:00+00:00"),
        lambda told: told["runs"][0].update(arrival="lost"),
        lambda told: told["runs"][0].update(level=3),
        lambda told: told["runs"][0].pop("due"),
        lambda told: told["findings"][0].update(code="Not A Code"),
        lambda told: told["summary"]["balance"].pop("missing"),
    ],
)
def test_the_schema_refuses_what_is_wrong(spoil):
    told = json.loads(render_json(EXAMPLE))
    spoil(told)
    assert errors(AUDIT, told) != []


@QUICK
@given(audits())
def test_the_counts_add_up(result):
    told = json.loads(render_json(result))
    summary = told["summary"]
    balance = dict(summary["balance"])
    assert balance.pop("expected") == sum(balance.values()) == sum(run["due"] is not None for run in told["runs"])
    for part in ("arrival", "content", "level"):
        assert sum(summary[part].values()) == summary["runs"] == len(told["runs"])
    datasets = dict(summary["datasets"])
    assert datasets.pop("total") == sum(datasets.values())
    found = summary["findings"]
    assert found["total"] == sum(found["severity"].values()) == sum(found["code"].values()) == len(told["findings"])
    assert summary["unverifiable"] == len(told["unverifiable"])


@QUICK
@given(audits(), st.randoms(use_true_random=False))
def test_the_order_in_which_things_were_found_changes_no_byte(result, rng: random.Random):
    def mixed(things: tuple) -> tuple:
        return tuple(rng.sample(things, len(things)))

    def turned(finding):
        return dataclasses.replace(finding, evidence=dict(reversed(finding.evidence.items())))

    distinct = {(r.flow, r.dataset, r.destination, r.due, r.folder): r for r in result.runs}
    result = dataclasses.replace(result, runs=tuple(distinct.values()))
    again = dataclasses.replace(
        result,
        runs=mixed(result.runs),
        findings=mixed(tuple(map(turned, result.findings))),
        unverifiable=mixed(result.unverifiable),
        watched=mixed(result.watched),
    )
    assert render_json(result) == render_json(again)


def test_what_only_a_run_could_not_check_is_told_at_the_top_too_and_once():
    item = EXAMPLE.unverifiable[0]
    run = dataclasses.replace(EXAMPLE.runs[0], unverifiable=(item,))
    for beside in ((), (item,)):
        told = json.loads(render_json(dataclasses.replace(EXAMPLE, runs=(run,), unverifiable=beside)))
        assert [entry["reason"] for entry in told["unverifiable"]] == [item.reason]


def test_findings_carry_the_remedy_of_the_catalogue_and_the_gravest_comes_first():
    told = json.loads(render_json(EXAMPLE))["findings"]
    assert all(finding["remedy"] == CATALOGUE[finding["code"]].remedy for finding in told)
    ranks = [Severity(finding["severity"]).rank for finding in told]
    assert ranks == sorted(ranks, reverse=True)


def test_an_undecodable_name_is_shown_by_its_bytes():
    run = dataclasses.replace(EXAMPLE.runs[0], folder="a\udcff/é/")
    told = json.loads(render_json(dataclasses.replace(EXAMPLE, runs=(run,))))
    assert told["runs"][0]["folder"] == "a\\udcff/é/"


def test_numbers_json_cannot_write_become_words():
    finding = dataclasses.replace(EXAMPLE.findings[0], evidence={"ratio": float("nan"), "most": [float("inf")]})
    told = json.loads(render_json(dataclasses.replace(EXAMPLE, findings=(finding,))))
    assert told["findings"][0]["evidence"] == {"ratio": "nan", "most": ["inf"]}


@pytest.mark.parametrize(
    "moment, text",
    [
        (datetime(2026, 10, 1, tzinfo=UTC), "2026-10-01T00:00:00Z"),
        (datetime(2026, 10, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-10-01T00:00:00Z"),
        (datetime(2026, 10, 1, 0, 0, 0, 1500, tzinfo=UTC), "2026-10-01T00:00:00.001500Z"),
    ],
)
def test_times_are_utc_with_z_and_microseconds_only_where_there_are_any(moment, text):
    assert render_instant(moment) == text


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        render_instant(datetime(2026, 10, 1))  # noqa: DTZ001


def test_nothing_audited_is_still_one_valid_object():
    empty = AuditResult(datetime(2026, 10, 1, tzinfo=UTC), None, Status.INCOMPLETE, (), (), ())
    told = json.loads(render_json(empty))
    assert errors(AUDIT, told) == []
    assert told["summary"]["headline"].startswith("Nothing was checked")
