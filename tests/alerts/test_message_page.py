"""The page about notices shows what they look like now."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "notices.md"
SHOWN = ["opened/protection-stale", "recovered/export-missing"]


@pytest.mark.parametrize("name", SHOWN)
def test_the_notices_on_the_page_are_golden_ones(name: str) -> None:
    golden = Path(__file__).with_name("golden").joinpath(f"{name}.txt").read_text("utf-8").split("\n\n", 1)[1]
    assert golden.rstrip("\n") in re.findall(r"```text\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL)
