"""Each notice as it reads. After a wanted change: `python -m tests.alerts.golden_write`, then read the difference."""

import pytest

from auditor.alerts import words_codes
from auditor.incident_model import EventKind, Message
from tests.alerts.golden_write import FOLDER, FORMS, cases, name_of, render, text_of
from tests.alerts.message_world import codes_told

CASES = cases()


@pytest.mark.parametrize(("kind", "code"), CASES, ids=[f"{kind.value}-{code}" for kind, code in CASES])
def test_each_notice_reads_as_its_golden_files(kind: EventKind, code: str) -> None:
    message: Message = render(kind, code)
    for form in FORMS:
        path = name_of(kind, code, form)
        assert path.exists(), f"{path.name}: write it with `python -m tests.alerts.golden_write`, and read it"
        assert text_of(message, form) == path.read_text("utf-8")


def test_there_is_no_golden_file_of_what_is_told_no_more() -> None:
    wanted = {name_of(kind, code, form) for kind, code in CASES for form in FORMS}
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == wanted


@pytest.mark.parametrize("code", codes_told())
def test_every_code_that_people_are_told_of_has_words_of_its_own(code: str) -> None:
    assert code in words_codes._WORDS
