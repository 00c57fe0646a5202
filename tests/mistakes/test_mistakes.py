"""Every mistake of a new user is told where it is, with what to write instead: the whole message, word for word."""

import pytest

from tests.mistakes.cases import GOLDEN, MISTAKES, golden_of, run


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_whole_message(mistake, tmp_path):
    assert run(mistake, tmp_path) == golden_of(mistake).read_text(encoding="utf-8")


def test_there_are_thirty_mistakes_and_no_message_without_its_mistake():
    assert len(MISTAKES) >= 30
    assert {golden_of(mistake) for mistake in MISTAKES} == {*GOLDEN.glob("*.txt")}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_no_message_holds_a_secret_or_a_traceback(mistake):
    text = golden_of(mistake).read_text(encoding="utf-8")
    assert "hunter2" not in text.lower()
    assert "Traceback" not in text
