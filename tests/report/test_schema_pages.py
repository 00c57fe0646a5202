"""The pages about the JSON output say what the schemas say."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "json"


def generator():
    told = importlib.util.spec_from_file_location("schema_pages", DOCS / "generate.py")
    module = importlib.util.module_from_spec(told)
    told.loader.exec_module(module)
    return module


PAGES = tuple(generator().PAGES)


def test_every_schema_has_a_page_that_the_overview_and_the_site_name():
    schemas = {path.stem for path in DOCS.parents[1].joinpath("auditor", "report", "schemas").glob("*.json")}
    assert set(generator().PAGES.values()) == schemas
    overview, site = (DOCS / "index.md").read_text("utf-8"), (DOCS.parents[1] / "mkdocs.yml").read_text("utf-8")
    assert [page for page in PAGES if f"({page})" not in overview or f"json/{page}" not in site] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_generated_from_the_schema(page):
    """After a change of the schema: `python -m docs.json.generate`."""
    assert (DOCS / page).read_text("utf-8") == generator().render_page(page)


@pytest.mark.parametrize("page", PAGES)
def test_every_key_has_a_meaning(page):
    pages = generator()
    schema = pages.read_schema(pages.PAGES[page])
    for part in (schema, *schema["$defs"].values()):
        if "properties" in part:
            for name, told in pages.walk(part):
                assert told.get("description") or "$ref" in told, name
