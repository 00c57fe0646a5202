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


DESTINATIONS = [page for page in list_pages() if page.startswith("docs/destinations/")]
A_FLOW = """\
flows:
  f:
    destination: {name}
    schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}
    datasets: [5ef3e324052581191aa6a466]
"""
SECRETS = {
    "AUDIT_AZURE_CLIENT_SECRET": "s3cr3t",
    "AUDIT_AZURE_SAS": "sv=2021-12-02&sr=c&sp=rl&sig=c2VjcmV0",
    "AUDIT_AEP_SECRET": "s3cr3t",
    "AUDIT_S3_SECRET": "s3cr3t",
}
FOR_ALL = re.compile(r"# (?=(?:concurrency|page_size|timeout): )")


@pytest.mark.parametrize("page", [page for page in DESTINATIONS if not page.endswith("/index.md")])
def test_the_configuration_in_the_page_of_a_destination_loads_also_with_what_is_commented_out_for_all(page, tmp_path):
    (text,) = [block.text for block in find_blocks(read_page(page)) if block.language == "yaml"]
    tuned = FOR_ALL.sub("", text)
    assert tuned != text or page.endswith("/local.md")
    (name,) = re.findall(r"^destinations:\n  (\S+):\n", text, re.MULTILINE)
    for one in (text, tuned):
        (tmp_path / "auditor.yaml").write_text(one + A_FLOW.format(name=name))
        assert load_config(tmp_path / "auditor.yaml", SECRETS).warnings == ()


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
