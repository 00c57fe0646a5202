"""The page about the demo says what is true."""

import re
from collections import Counter
from pathlib import Path

from auditor.worlds import DEMO_NOW, describe_expected, faults, make_demo

PAGE = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")


def test_the_example_in_the_docs_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(example[1], "docs/demo.md", "exec"), {})
    assert any((tmp_path / "exports" / "backups").rglob("part-*.json.gz"))
    out = capsys.readouterr().out
    assert "every: 3h" in out
    assert "'code': 'export-late'" in out


def test_the_page_names_the_moment_flows_and_numbers_of_the_demo():
    assert f"{DEMO_NOW:%Y-%m-%dT%H:%M:%SZ}" in PAGE
    world = make_demo()
    for flow in world.flows:
        assert f"`{flow.name}`" in PAGE
    codes = Counter(str(item["code"]) for item in describe_expected(world))
    assert len(codes) > 20
    assert "more than twenty kinds" in PAGE


def test_each_fault_says_what_it_does():
    for name in faults.__all__:
        assert getattr(faults, name).__doc__, name
