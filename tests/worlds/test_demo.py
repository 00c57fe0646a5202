"""The demo world and its tree."""

import json
from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from auditor.worlds import (
    CROSS_CHECKED,
    DEMO_NOW,
    NotOurs,
    describe_expected,
    lay_out_demo,
    list_asking_commands,
    list_commands,
    list_verdicts,
    make_demo,
    serve_demo,
)
from auditor.worlds.demo_tree import MARKER, prepare_directory
from auditor.worlds.encode import render_part
from tests.worlds.small import contents


@pytest.fixture(scope="module")
def found():
    return contents(make_demo())


def test_the_demo_is_always_the_same(found):
    render_part.cache_clear()
    assert contents(make_demo()) == found


def test_the_demo_stays_small_and_is_rich_enough(found):
    assert 2_000 < len(found) < 4_000
    assert sum(len(data) for data, _ in found.values()) < 10_000_000
    endings = Counter(key.partition("-c000.")[2] for key in found if "-c000." in key)
    assert endings["json.gz"] > 1_000
    assert endings["gz.parquet"] > 100
    assert endings["parquet"] > 40
    world = make_demo()
    assert {len(d.prefix.rstrip("/").rpartition("exportTime=")[2]) for d in world.deliveries} >= {12, 14}
    days = (DEMO_NOW - min(flow.start for flow in world.flows)).days
    assert days == 28, "inside the thirty days that are watched without an earlier audit"


def test_the_demo_has_faults_of_many_kinds():
    codes = Counter(str(item["code"]) for item in describe_expected(make_demo()))
    assert codes == {
        "export-missing": 10,
        "export-late": 2,
        "export-duplicate": 1,
        "export-unexpected": 1,
        "protection-stale": 1,
        "flow-ended": 1,
        "file-truncated": 3,
        "file-corrupt": 2,
        "file-empty": 1,
        "file-wrong-format": 1,
        "file-wrong-compression": 1,
        "file-no-records": 1,
        "file-duplicate": 1,
        "record-invalid": 1,
        "schema-mismatch": 1,
        "manifest-missing": 1,
        "manifest-unreadable": 1,
        "manifest-file-missing": 1,
        "manifest-file-extra": 1,
        "manifest-size-mismatch": 3,
        "folder-malformed": 1,
        "stray-object": 1,
        "unknown-dataset": 1,
    }


def test_the_demo_shows_claims_that_storage_contradicts():
    world = make_demo()
    alone = Counter(str(item["code"]) for item in describe_expected(world))
    crossed = Counter(str(item["code"]) for item in describe_expected(world, cross_checked=True))
    assert alone - crossed == {"export-missing": 3}
    assert crossed - alone == {
        "run-failed": 1,
        "run-without-export": 1,
        "export-without-run": 1,
        "record-count-mismatch": 2,
        "dataset-unprotected": 2,
    }
    assert list(list_verdicts(world, cross_checked=True).values()) == [("not_needed", "unchecked")]


def test_something_is_arriving_at_the_moment_of_the_demo():
    under_way = [d for d in make_demo().deliveries if d.begun_at <= DEMO_NOW < d.complete_at]
    assert under_way


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    directory = tmp_path_factory.mktemp("demo") / "demo exports"
    lay_out_demo(directory)
    return directory


def test_the_tree_holds_exports_configuration_expectations_and_a_guide(tree):
    assert sorted(p.name for p in tree.iterdir()) == [
        MARKER,
        "WHAT-TO-LOOK-AT.md",
        "auditor.yaml",
        "expected-findings.json",
        "exports",
    ]
    assert [p.name for p in (tree / "exports").iterdir()] == ["backups"]
    told = json.loads((tree / "expected-findings.json").read_text(encoding="utf-8"))
    assert told["now"] == "2026-10-29T09:12:00Z"
    assert told["findings"] == describe_expected(make_demo())
    assert told["findings_with_experience_platform"] == describe_expected(make_demo(), cross_checked=True)
    config = YAML(typ="safe").load((tree / "auditor.yaml").read_text(encoding="utf-8"))
    assert config["destinations"]["lake-backup"]["root"] == "./exports"
    assert list(config["flows"]) == ["web-3h", "profiles-daily", "surveys-daily", "campaigns-6h"]


def test_the_guide_names_each_fault_and_commands_to_paste(tree):
    guide = (tree / "WHAT-TO-LOOK-AT.md").read_text(encoding="utf-8")
    for item in [*describe_expected(make_demo()), *describe_expected(make_demo(), cross_checked=True)]:
        assert f"`{item['code']}`" in guide
        assert str(item["note"]) in guide
    for _, command in [*list_commands(tree), *list_asking_commands(tree)]:
        assert command in guide
    assert f"'{tree}/auditor.yaml'" in guide, "a path with a space is quoted"


def test_commands_point_at_what_is_there(tree):
    verify = next(command for _, command in list_commands(tree) if " verify " in command)
    folder = Path(verify.partition(" verify ")[2].strip("'"))
    assert any(path.name.endswith(".json.gz") for path in folder.iterdir())


def test_the_configuration_that_asks_names_the_stand_in_and_each_flow(tmp_path):
    with serve_demo(make_demo(), tmp_path) as platform:
        config = YAML(typ="safe").load((tmp_path / CROSS_CHECKED).read_text(encoding="utf-8"))
        assert config["experience_platform"]["prod"]["base_url"] == platform.base_url
        told = {name: (flow["experience_platform"], flow["flow_id"]) for name, flow in config["flows"].items()}
    assert told == {flow.name: ("prod", flow.id) for flow in make_demo().flows}


def test_an_earlier_demo_is_replaced(tmp_path):
    lay_out_demo(tmp_path)
    with serve_demo(make_demo(), tmp_path):
        pass
    damaged = next(p for p in (tmp_path / "exports").rglob("*.parquet"))
    damaged.write_bytes(b"")
    (tmp_path / "exports" / "left-over").write_text("x")
    (tmp_path / "export-auditor.db").write_text("old ledger")
    (tmp_path / "mine.txt").write_text("a user's own note")
    lay_out_demo(tmp_path)
    assert damaged.stat().st_size > 0
    assert not (tmp_path / "exports" / "left-over").exists()
    assert not (tmp_path / "export-auditor.db").exists()
    assert not (tmp_path / CROSS_CHECKED).exists()
    assert (tmp_path / "mine.txt").exists()


def test_a_directory_of_someone_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "auditor.yaml").write_text("mine")
    with pytest.raises(NotOurs, match="nothing was changed"):
        prepare_directory(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["auditor.yaml"]
    assert (tmp_path / "auditor.yaml").read_text() == "mine"


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(NotOurs, match="not a directory"):
        prepare_directory(tmp_path / "x")


def test_a_link_to_elsewhere_is_removed_and_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("x")
    demo = tmp_path / "demo"
    demo.mkdir()
    (demo / MARKER).write_text("")
    (demo / "exports").symlink_to(elsewhere)
    prepare_directory(demo)
    assert (elsewhere / "precious").exists()
    assert not (demo / "exports").exists()
