"""A template that the configuration accepts is one that the scan understands, or calls ambiguous."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.scan import TemplateError
from auditor.scan import parse_template as parse_for_scan
from auditor.settings.template import MACROS, names_time, parse_template

PATTERNS = st.lists(
    st.sampled_from(
        ["YYYY", "yyyy", "MM", "dd", "DD", "HH", "mm", "ss", "_", "-", "/", ":", " ", "'T'", "T", "w", "."]
    ),
    max_size=8,
).map(lambda parts: f"%DATETIME({''.join(parts)})%")
PIECES = st.sampled_from([*MACROS, "/", "-", "a", "ü", "%", "%X%", "%dataset_id%", "..", " "]) | PATTERNS


@given(st.lists(PIECES, max_size=6).map("".join))
def test_what_is_accepted_is_understood_or_ambiguous(text):
    try:
        parse_template(text)
    except ValueError:
        return
    try:
        parsed = parse_for_scan(text)
    except TemplateError as error:
        assert "cannot be told" in str(error) or "empty folder name" in str(error)  # noqa: PT017
    else:
        assert names_time(text) == (parsed.time_macro is not None)


@pytest.mark.parametrize("macro", MACROS)
def test_every_macro_of_experience_platform_is_understood(macro):
    assert parse_template(macro) == macro
    assert parse_for_scan(macro).macros == {macro.strip("%").partition("(")[0]}
