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


@pytest.mark.parametrize("page", ["audit.md", "verify.md", "destinations.md", "experience-platform.md", "completeness.md"])
def test_the_page_is_generated_from_the_schema(page):
    """After a change of the schema: `python -m docs.json.generate`."""
    assert (DOCS / page).read_text("utf-8") == generator().render_page(page)


@pytest.mark.parametrize("page", ["audit.md", "verify.md", "destinations.md", "experience-platform.md", "completeness.md"])
def test_every_key_has_a_meaning(page):
    pages = generator()
    schema = pages.read_schema(pages.PAGES[page])
    for part in (schema, *schema["$defs"].values()):
        if "properties" in part:
            for name, told in pages.walk(part):
                assert told.get("description") or "$ref" in told, name
