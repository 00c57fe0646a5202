"""No link of the documentation leads nowhere, and no page is left out of the site."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.docs.pages import AT_THE_TOP, DOCS, TOP, list_pages, read_page, without_blocks

LINK = re.compile(r"\]\(([^)\s]+)\)")
OUTSIDE = re.compile(r"[a-z][a-z+.-]*:")


def anchors_of(text: str) -> set[str]:
    """As GitHub and the site make them of headings."""
    headings = re.findall(r"^#{1,6} (.+)$", without_blocks(text), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in headings)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in plain}


def broken_links(page: str) -> list[str]:
    return [link for link in LINK.findall(without_blocks(read_page(page))) if not leads_somewhere(page, link)]


def leads_somewhere(page: str, link: str) -> bool:
    if OUTSIDE.match(link):
        return True
    path, _, anchor = link.partition("#")
    target = (TOP / page).parent / path if path else TOP / page
    if not target.exists():
        return False
    return not anchor or anchor in anchors_of(target.read_text("utf-8"))


@pytest.mark.parametrize("page", list_pages())
def test_links_lead_somewhere(page):
    assert broken_links(page) == []


def test_a_broken_link_would_be_found():
    assert leads_somewhere("README.md", "docs/configuration.md#waivers")
    assert not leads_somewhere("README.md", "docs/configuration.md#no-such-heading")
    assert not leads_somewhere("docs/index.md", "docs/configuration.md")


def test_the_navigation_of_the_site_names_every_page_once():
    text = (TOP / "mkdocs.yml").read_text("utf-8")
    named = list(_leaves(YAML(typ="safe", pure=True).load(text)["nav"]))
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    outside = [page for page in AT_THE_TOP if page != "README.md"]
    assert sorted(named) == sorted([*pages, *outside]), "mend `nav` in mkdocs.yml"


def _leaves(entry: object) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [leaf for part in parts for leaf in _leaves(part)]


def test_pictures_are_small_enough_for_a_page():
    for page in list_pages():
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", read_page(page)):
            assert (Path(TOP / page).parent / picture).stat().st_size < 250_000, picture
