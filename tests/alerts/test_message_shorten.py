import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.alerts.shorten import shorten, shorten_line

LINES = st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60), min_size=1, max_size=60)


@given(LINES, st.integers(min_value=1, max_value=400))
def test_a_text_is_never_longer_than_its_receiver_takes(lines: list[str], limit: int) -> None:
    assert len(shorten("\n".join(lines), limit)) <= limit


@given(LINES)
def test_a_text_that_fits_is_left_as_it_is(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert shorten(text, max(1, len(text))) == text


def test_it_is_cut_at_lines_and_says_how_many_were_left_out() -> None:
    text = "\n".join(f"line {n} of a notice" for n in range(400))
    cut = shorten(text, 3000).split("\n")
    assert cut[:-1] == text.split("\n")[: len(cut) - 1]
    assert cut[-1] == f"… {400 - (len(cut) - 1)} more lines left out"
    assert len("\n".join(cut)) > 2900


def test_empty_lines_do_not_count() -> None:
    assert shorten("what\n\nwhy it is so, at length\n\n\nand more\n", 35) == "what\n… 2 more lines left out"


@pytest.mark.parametrize("limit", range(40, 90))
def test_a_code_block_that_is_cut_is_closed(limit: int) -> None:
    text = "first\n\n```\nexport-auditor audit\nexport-auditor ack\nexport-auditor more\n```\nlast line of it all\n"
    assert shorten(text, limit).count("```") % 2 == 0


HEADED = [
    ("first\n\nHeading\n  what it heads, at length\n", "first\n… 2 more lines left out"),
    ("**first**\n\n**Heading**\n\nwhat it heads, at length\n", "**first**\n… 2 more lines left out"),
]


@pytest.mark.parametrize(("text", "cut"), HEADED)
def test_no_heading_is_left_without_what_it_heads(text: str, cut: str) -> None:
    assert shorten(text, len(text) - 3) == cut


def test_where_not_even_the_first_line_has_room_it_is_cut_at_a_word() -> None:
    assert shorten("web-3h → lake-backup: no export came\nmore", 30) == "web-3h → lake-backup: no…"
    assert shorten_line("abcdefghij", 5) == "abcd…"


def test_no_room_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError):
        shorten("text", 0)
