"""`exports:` – what may be set up, and what is wrong about it, told at its line."""

import pytest

from auditor.settings.exports import Export
from tests.settings.configs import DATASET, flow, mistakes, read
from tests.settings.test_examples import PROD

TWO = f"""\
destinations:
  d: {{type: local, root: ./exports}}
flows:
  f: {{destination: d, schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}, datasets: [{DATASET}]}}
  g: {{destination: d, schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}, datasets: [6051f8cd1f37e519484b9d6c]}}
"""
BASE = "base_connection: Lake backup"
ID = "4f2c9a51-7d3e-4b6a-9c1f-0a8e5d2b7c33"


def exports(*lines, before=PROD, text=""):
    return (text or flow()) + before + "exports:\n" + "".join(f"  {line}\n" for line in lines)


def test_a_flow_to_be_set_up_is_named_after_the_flow(tmp_path):
    config = read(tmp_path, exports(f"f: {{experience_platform: prod, {BASE}}}"))
    assert config.exports == {"f": Export("f", "prod", "f", "Lake backup")}


def test_everything_can_be_said(tmp_path):
    config = read(
        tmp_path,
        exports(f"f: {{experience_platform: prod, {BASE}, create_base_connection: true, name: Web, end: default}}"),
    )
    assert config.exports["f"] == Export("f", "prod", "Web", "Lake backup", create_base_connection=True, leave_end=True)


def test_without_the_section_nothing_is_to_be_set_up(tmp_path):
    assert read(tmp_path, flow()).exports == {}


MISTAKES = [  # what is written below exports, what is told
    ("f: {base_connection: x}", "exports.f.experience_platform: is missing; add it, as in experience_platform: prod"),
    ("f: {experience_platform: prod}", "exports.f.base_connection: is missing; add it, as in base_connection: Lake"),
    (
        "f: {experience_platform: prd, base_connection: x}",
        '"prd" is no entry of experience_platform; add it there. Did',
    ),
    ("ff: {experience_platform: prod, base_connection: x}", '"ff" is no flow of this configuration; add it to flows.'),
    ("f: {experience_platform: prod, base_connection: ''}", "is empty or has spaces at its ends"),
    ("f: {experience_platform: prod, base_connection: x, ende: default}", 'is no key here. Did you mean "end"?'),
    ("f: {experience_platform: prod, base_connection: x, end: 2027-01-01T00:00:00Z}", "write the end into the flow's"),
    (
        f"f: {{experience_platform: prod, base_connection: {ID}, create_base_connection: yes}}",
        "needs a name in base_connection; an id is given by Adobe",
    ),
]


@pytest.mark.parametrize("line, told", MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_told_with_what_to_write(line, told, tmp_path):
    found = mistakes(tmp_path, exports(line))
    assert len(found) == 1
    assert told in found[0]


def test_two_flows_cannot_have_one_name_in_one_sandbox(tmp_path):
    given = f"experience_platform: prod, {BASE}, name: web"
    found = mistakes(tmp_path, exports(f"f: {{{given}}}", f"g: {{{given}}}", text=TWO))
    assert len(found) == 1
    assert 'exports.g.name: "web" is the name of flow "f" there too' in found[0]


def test_one_sandbox_is_set_up_by_one_entry(tmp_path):
    found = [line.strip() for line in PROD.splitlines() if line.startswith("  prod:")]
    (entry,) = found
    given = f"f: {{experience_platform: prod, {BASE}}}", f"g: {{experience_platform: again, {BASE}}}"
    told = mistakes(tmp_path, exports(*given, before=f"{PROD}  again{entry.removeprefix('prod')}\n", text=TWO))
    assert len(told) == 1
    assert (
        'exports.g.experience_platform: is the same sandbox as "prod", which sets up flow "f"; use one entry' in told[0]
    )


def test_a_flow_held_against_one_sandbox_is_not_set_up_in_another(tmp_path):
    other = PROD + "  dev: {org_id: 5B4C@AdobeOrg, sandbox: dev, client_id: c, client_secret: hush}\n"
    text = flow("experience_platform: prod", f"flow_id: {ID}")
    found = mistakes(tmp_path, exports(f"f: {{experience_platform: dev, {BASE}}}", before=other, text=text))
    assert len(found) == 1
    assert 'is another sandbox than that of the flow itself, "prod"' in found[0]


def test_an_entry_that_may_write_beside_one_that_audits_the_same_sandbox(tmp_path):
    other = (
        PROD + "  setup: {org_id: 5B4C@AdobeOrg, sandbox: prod, client_id: x, client_secret: hush, allow_write: yes}\n"
    )
    text = flow("experience_platform: prod", f"flow_id: {ID}")
    config = read(tmp_path, exports(f"f: {{experience_platform: setup, {BASE}}}", before=other, text=text))
    assert config.exports["f"].experience_platform == "setup"


def test_a_flow_with_a_mistake_is_told_once_and_not_as_unknown(tmp_path):
    text = flow("formt: json", schedule="schedule: {every: x, start: 2026-10-01T00:00:00Z}")
    found = mistakes(tmp_path, exports(f"f: {{experience_platform: prod, {BASE}}}", text=text))
    assert not [line for line in found if "exports" in line]


@pytest.mark.parametrize("given", ["exports: []\n", "exports: f\n"])
def test_the_section_is_a_mapping(given, tmp_path):
    assert "a mapping of flow names belongs here" in mistakes(tmp_path, flow() + given)[0]
