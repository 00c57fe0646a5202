"""The configurations in the guides are read without a mistake."""

import re

import pytest

from auditor.checks import CATALOGUE
from auditor.model import Level
from auditor.settings import load_config
from tests.docs.pages import find_blocks, list_pages, read_page

PAGES = [page for page in list_pages() if page.startswith("docs/recipes/") or page == "README.md"]
WHOLE = [
    pytest.param(block.text, id=f"{page}-{n}")
    for page in PAGES
    for n, block in enumerate(find_blocks(read_page(page)))
    if block.language == "yaml" and {"destinations:", "flows:"} <= set(block.text.splitlines())
]


@pytest.mark.parametrize("text", WHOLE)
def test_a_configuration_in_a_guide_loads_without_a_warning(text, tmp_path):
    (tmp_path / "auditor.yaml").write_text(text)
    assert load_config(tmp_path / "auditor.yaml", {}).warnings == ()


def test_the_files_of_several_teams_load_together(tmp_path):
    blocks = [block.text for block in find_blocks(read_page("docs/recipes/teams.md")) if block.language == "yaml"]
    names = [re.match(r"# (\S+\.yaml)\n", text) for text in blocks]
    (tmp_path / "teams").mkdir()
    for name, text in zip(names, blocks, strict=True):
        assert name
        (tmp_path / name[1]).write_text(text)
    config = load_config(tmp_path / "auditor.yaml", {})
    assert set(config.flows) == {"web-3h", "orders-daily"}
    assert config.warnings == ()


def test_the_guides_hold_enough_of_them():
    assert len(WHOLE) >= 4


def test_what_looks_like_a_code_in_the_page_of_wrong_alarms_is_one():
    rows = re.findall(r"^\| (.*?) \|", read_page("docs/wrong-alarms.md"), re.MULTILINE)
    named = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)} - {"encrypted"}
    assert named <= set(CATALOGUE)
    assert len(named) > 15


def test_every_level_is_explained_and_says_what_it_cannot_see():
    page = read_page("docs/levels.md")
    for level in Level:
        if level <= Level.L4:
            assert page.count(f"| `{level}` |") == 2, level
