"""A flow that is held against the run records of Experience Platform."""

import pytest

from auditor.cli.config_text import render_config
from auditor.model import ArrivalClock, CountTolerance, Severity
from auditor.report.options import ReportOptions
from tests.settings.configs import flow, mistakes, read

ID = "4f2c9a51-7d3e-4b6a-9c1f-0a8e5d2b7c33"
PROD = "experience_platform:\n  prod: {org_id: 5B4C@AdobeOrg, sandbox: prod, client_id: c, client_secret: hush}\n"
HELD = ("experience_platform: prod", f"flow_id: {ID}")


def test_a_flow_names_its_sandbox_and_its_id_there(tmp_path):
    (read_flow,) = read(tmp_path, PROD + flow(*HELD)).flows.values()
    assert (read_flow.experience_platform, read_flow.flow_id) == ("prod", ID)
    assert read_flow.count_mismatch == CountTolerance()


def test_the_id_may_be_written_in_capitals(tmp_path):
    (read_flow,) = read(tmp_path, PROD + flow(HELD[0], f"flow_id: {ID.upper()}")).flows.values()
    assert read_flow.flow_id == ID


@pytest.mark.parametrize(
    "text, part",
    [("0%", 0.0), ("5%", 0.05), ("0.5 %", 0.005), ("0.01", 0.01), (".25", 0.25), ("1", 1.0), ("100%", 1.0)],
)
def test_the_tolerance_is_a_part_or_per_cent(tmp_path, text, part):
    text = PROD + flow(*HELD, f"count_mismatch: {{tolerance: {text}, severity: info}}")
    assert read(tmp_path, text).flows["f"].count_mismatch == CountTolerance(pytest.approx(part), Severity.INFO)


@pytest.mark.parametrize(
    "lines, told",
    [
        ((HELD[0],), "needs flow_id beside it"),
        ((HELD[1],), "needs experience_platform beside it"),
        (("experience_platform: prot", HELD[1]), 'Did you mean "prod"?'),
        ((HELD[0], "flow_id: web-3h"), "is no id of a dataflow"),
        ((*HELD, "count_mismatch: {tolerance: 5}"), "is more than the whole"),
        ((*HELD, "count_mismatch: {tolerance: little}"), "is no part of a number; write 1% or 0.01"),
        ((*HELD, "count_mismatch: {tolerance: -1%}"), "is no part of a number"),
        ((*HELD, "count_mismatch: {severity: bad}"), "is not known here"),
        ((*HELD, "count_mismatch: {tolerence: 1%}"), "tolerence"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, lines, told):
    (mistake,) = mistakes(tmp_path, PROD + flow(*lines))
    assert told in mistake


def test_two_flows_do_not_share_an_id(tmp_path):
    other = flow(*HELD, datasets="[6051f8cd1f37e519484b9d6c]").partition("  f:\n")[2]
    (mistake,) = mistakes(tmp_path, f"{PROD}{flow(*HELD)}  g:\n{other}")
    assert "is that of flow f too" in mistake.replace("'", "").replace('"', "")


def test_arriving_with_the_run_needs_a_run_to_ask_for(tmp_path):
    (warning,) = read(tmp_path, flow("arrival: run")).warnings
    assert "names no experience_platform and flow_id" in warning
    config = read(tmp_path, PROD + flow(*HELD, "arrival: run"))
    assert config.warnings == ()
    assert config.flows["f"].arrival is ArrivalClock.RUN


def test_a_sandbox_whose_flows_are_followed_needs_no_flows(tmp_path):
    text = PROD.replace("}", ", discover: true}") + "destinations:\n  d: {type: local, root: ./exports}\n"
    config = read(tmp_path, "defaults: {grace: 1h}\n" + text)
    assert config.flows == {}
    assert {str(windows.grace) for windows in config.usual.windows.values()} == {"1:00:00"}


def test_config_check_says_what_is_held_against_what(tmp_path):
    config = read(tmp_path, PROD + flow(*HELD, "count_mismatch: {tolerance: 0.5%}"))
    told = " ".join(render_config(config, "c.yaml", ReportOptions(width=200)).split())
    assert f"held against the runs of flow {ID} in prod, counts may differ by 0.5%" in told
    assert "Experience Platform prod: sandbox prod of 5B4C@AdobeOrg" in told
    assert "hush" not in told
