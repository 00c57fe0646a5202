"""The JSON Schema that editors use: kept as a file, and never stricter than `config check`."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from auditor.settings import ConfigError
from auditor.settings.schema import make_schema, render_schema
from tests.settings.configs import DATASET, OTHER, destination, flow, read
from tests.settings.test_destination_types import ENTRY, UNDERSTOOD, ZONE

TOP = Path(__file__).parents[2]
SCHEMA = jsonschema.Draft202012Validator(make_schema())


def as_an_editor_reads(text: str) -> Any:
    """Plain scalars as YAML 1.2 has them: times stay text, numbers and true and false do not."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    return yaml.load(text)


def accepts(text: str) -> bool:
    return SCHEMA.is_valid(as_an_editor_reads(text))


def test_the_kept_file_is_the_one_of_the_models():
    kept = (TOP / "config" / "auditor.schema.json").read_text(encoding="utf-8")
    assert kept == render_schema(), "run: export-auditor config schema -o config/auditor.schema.json"
    jsonschema.Draft202012Validator.check_schema(json.loads(kept))


@pytest.mark.parametrize("name", sorted(path.name for path in (TOP / "config").glob("*.example.yaml")))
def test_an_example_fits_the_schema(name):
    assert not [*SCHEMA.iter_errors(as_an_editor_reads((TOP / "config" / name).read_text(encoding="utf-8")))]


@pytest.mark.parametrize(
    "text",
    [
        flow("formt: json"),
        flow("format: jsn"),
        flow("grace: 150"),
        flow("grace: 2 hours"),
        flow("ignore: no-list"),
        flow("severity: {export-lat: error}"),
        flow("encryption: gpg"),
        flow(schedule="schedule: {every: 3h, start: 2026-10-01}"),
        flow(schedule="schedule: {every: 3h}"),
        destination("type: locl", "root: x"),
        destination("type: local", "bucket: x", "root: x"),
        destination("type: s3"),
        flow() + "colour: red\n",
        flow() + "waivers: [{match: {code: export-late}, reason: x, by: y}]\n",
    ],
)
def test_what_config_check_refuses_for_its_form_the_schema_refuses_too(text, tmp_path):
    assert not accepts(text)
    with pytest.raises(ConfigError):
        read(tmp_path, text)


@pytest.mark.parametrize("lines", [ZONE, *(case[1] for case in UNDERSTOOD)])
def test_each_type_of_destination_fits_the_schema(lines):
    assert not [*SCHEMA.iter_errors(as_an_editor_reads(ENTRY + destination(*lines)))]


DURATIONS = st.sampled_from(["90s", "10m", "1h30m", "6h", "1d", "2w", "0s"])
POSITIVE = st.sampled_from(["90s", "10m", "6h", "2w1d"])
INSTANTS = st.sampled_from(["2026-10-01T00:00:00Z", '"2026-10-01 02:00+02:00"', "2026-10-01T02:00:00.5+02:00"])
WORDS = st.sampled_from(["x", "007", "no", "null", '"Web: events"', "1e5", "true", "3.5"])
LINES = {
    "owner": WORDS,
    "team": WORDS,
    "tags": st.sampled_from(["[a, 2, no]", "[]", ""]),
    "runbook": st.just("https://wiki.example.com/x"),
    "early": DURATIONS,
    "settle": DURATIONS,
    "max_age": POSITIVE,
    "level": st.sampled_from(["L0", "l3", "L4"]),
    "empty_runs": st.sampled_from(["folder", "no-folder", "either", ""]),
    "arrival": st.sampled_from(["modified", "export_time"]),
    "watch_from": INSTANTS,
    "format": st.sampled_from(["json", "parquet", ""]),
    "compression": st.sampled_from(["gzip", "none"]),
    "manifest": st.sampled_from(["true", "False", "yes", "NO", "on", '"off"']),
    "mode": st.sampled_from(["incremental", "full"]),
    "encryption": st.sampled_from(["none", "pgp"]),
    "ignore": st.sampled_from(['["*.bak", notes/**]', "[]", ""]),
    "severity": st.sampled_from(["{export-late: error}", "{}", ""]),
    "first_run": st.sampled_from(["{grace: 100h, deadline: 200h}", "{}", ""]),
}
SCHEDULES = st.sampled_from(
    [
        "{every: 3h, start: 2026-10-01T00:00:00Z}",
        '[{cron: "30 2 * * *", zone: Europe/Berlin, start: 2026-10-01T00:00:00Z, except: [2026-12-25]}]',
        "{every: once, start: 2026-10-01T00:00:00Z, end: }",
    ]
)
DATASETS = st.sampled_from([f"[{DATASET}]", f"[{{id: {DATASET}, name: 7, tags: [x]}}, {OTHER}]"])
WAIVERS = st.sampled_from(
    [
        "",
        "waivers:\n",
        "waivers: [{match: {code: export-*, due: 2026-10-01T00:00:00Z}, reason: r, by: b, until: 2026-12-31}]\n",
        (
            "waivers: [{match: {flow: f, due: {from: 2026-10-01T00:00:00Z, to: 2026-10-02T00:00:00Z}}, reason: 7, "
            "by: b, until: 2026-12-31T00:00:00Z}]\n"
        ),
    ]
)
LINE_SETS = st.fixed_dictionaries({}, optional=LINES).map(lambda told: [f"{k}: {v}".rstrip() for k, v in told.items()])


@settings(deadline=None, max_examples=150)
@given(lines=LINE_SETS, schedule=SCHEDULES, datasets=DATASETS, waivers=WAIVERS)
def test_what_config_check_accepts_the_schema_accepts(lines, schedule, datasets, waivers, tmp_path_factory):
    text = flow(*lines, schedule=f"schedule: {schedule}", datasets=datasets) + waivers
    try:
        read(tmp_path_factory.mktemp("c"), text)
    except ConfigError:
        return  # such as `mode` beside `every: once`
    assert not [error.message for error in SCHEMA.iter_errors(as_an_editor_reads(text))]
