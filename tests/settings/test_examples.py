"""The examples and the reference page say what the code does."""

import re
from pathlib import Path

import pytest

from auditor.settings import load_config
from auditor.settings.config import TOP_KEYS
from auditor.settings.destination_models import DESTINATION_TYPES
from auditor.settings.fields import known_keys
from auditor.settings.models import DatasetSection, DefaultsSection, FlowSection, ScheduleSection
from auditor.settings.reference import render_reference
from tests.settings.configs import DESTINATIONS, destination, flow, read

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(path.name for path in (TOP / "config").glob("*.example.yaml")))
def test_an_example_loads_without_a_warning(name):
    path = TOP / "config" / name
    asked = re.findall(r"\$\{(\w+)\}", path.read_text(encoding="utf-8"))
    environ = {name: "https://x.example" if name.endswith("_URL") else "x" for name in asked}
    assert load_config(path, environ).warnings == ()


def test_the_commented_lines_of_the_s3_example_load_too(tmp_path):
    text = (TOP / "config" / "s3.example.yaml").read_text()
    lines = re.findall(r"^ *# ([a-z_]+: \S+)", text, re.MULTILINE)
    given = {line.split(":")[0]: line for line in lines}
    assert given.keys() == {
        "profile", "access_key_id", "secret_access_key_file", "role_arn", "external_id", "endpoint_url",
    }  # fmt: skip
    (tmp_path / "secret").write_text("x")
    given["secret_access_key_file"] = "secret_access_key_file: secret"
    profile = given.pop("profile")
    config = read(tmp_path, destination("type: s3", "bucket: acme", *given.values()), {"AUDIT_ACCESS_KEY_ID": "k"})
    assert config.destinations["d"].options["access_key_id"] == "k"
    assert read(tmp_path, destination("type: s3", "bucket: acme", profile))


def test_the_reference_page_is_the_one_of_the_models():
    page = (TOP / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == render_reference(), "run: python -m auditor.settings.reference > docs/configuration.md"


def test_the_reference_page_names_every_key():
    sections = [FlowSection, DefaultsSection, ScheduleSection, DatasetSection, *DESTINATION_TYPES.values()]
    keys = {*TOP_KEYS, *(key for section in sections for key in known_keys(section))}
    assert not [key for key in keys if f"| `{key}` |" not in render_reference()]


EXAMPLES = re.findall(r"^\| `([a-z_]+)` \|.*\| `(\1: [^`]*)` \|$", render_reference(), re.MULTILINE)


OF_OTHER_SECTIONS = (
    "severity: info",
    "severity: critical",
    "experience_platform: {prod: {…}}",
    "end: default",
    'owner: "*@example.com"',
    "every: month",
    "every: 15m",
)  # of the same name
HELD = {"experience_platform": "experience_platform: prod", "flow_id": "flow_id: 4f2c9a51-7d3e-4b6a-9c1f-0a8e5d2b7c33"}
PROD = "experience_platform:\n  prod: {org_id: 5B4C@AdobeOrg, sandbox: prod, client_id: c, client_secret: hush}\n"


@pytest.mark.parametrize(
    "key, example",
    [pair for pair in EXAMPLES if pair[0] in known_keys(FlowSection) and pair[1] not in OF_OTHER_SECTIONS],
)
def test_an_example_of_a_flow_key_can_be_written_as_it_stands(key, example, tmp_path):
    base = {"destination": "destination: d", "schedule": "schedule: {every: 3h, start: 2026-10-01T00:00:00Z}"}
    base["datasets"] = "datasets: [5ef3e324052581191aa6a466]"
    lines = {**base, **(HELD if key in HELD else {}), key: example.replace("lake-backup", "d")}
    assert read(tmp_path, f"{PROD}{DESTINATIONS}flows:\n  f:\n" + "".join(f"    {line}\n" for line in lines.values()))


@pytest.mark.parametrize(
    "key, example",
    [pair for pair in EXAMPLES if pair[0] in known_keys(ScheduleSection) and pair[1] not in OF_OTHER_SECTIONS],
)
def test_an_example_of_a_schedule_key_can_be_written_as_it_stands(key, example, tmp_path):
    lines = {"every": "every: 3h", "start": "start: 2026-10-01T00:00:00Z", key: example}
    if key == "cron":
        del lines["every"]
    inside = "".join(f"      {line}\n" for line in lines.values())
    assert read(tmp_path, flow(schedule=f"schedule:\n{inside}"))


def test_the_first_configuration_of_the_page_loads(tmp_path):
    text = re.search(r"```yaml\n(.*?)```", render_reference(), re.DOTALL)
    assert text
    assert read(tmp_path, text[1]).warnings == ()
