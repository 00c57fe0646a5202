"""When a shared access signature ends: as it says, and nothing of it is given back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.reconcile.signatures import SignatureEnd, read_signature_end

SIG = "sig=c2VjcmV0"


@pytest.mark.parametrize(
    "text, when",
    [
        (f"sv=2024-11-04&se=2026-12-31T23%3A59%3A59Z&sp=rl&{SIG}", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (f"?se=2026-12-31T23:59Z&{SIG}", datetime(2026, 12, 31, 23, 59, tzinfo=UTC)),
        (f"se=2026-12-31&{SIG}", datetime(2026, 12, 31, tzinfo=UTC)),
        (f"se=2026-12-31T23:59:59.1234567Z&{SIG}", datetime(2026, 12, 31, 23, 59, 59, 123456, tzinfo=UTC)),
        (f"se=2026-12-31T23:59:59%2B02:00&{SIG}", datetime(2026, 12, 31, 21, 59, 59, tzinfo=UTC)),
        (f"https://acme.blob.core.windows.net/dlz?se=2026-12-31&{SIG}", datetime(2026, 12, 31, tzinfo=UTC)),
        (
            f"BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature=se=2026-12-31&{SIG}",
            datetime(2026, 12, 31, tzinfo=UTC),
        ),
    ],
)
def test_its_end_is_read_as_azure_takes_it(text, when):
    assert read_signature_end(text) == SignatureEnd(when)


@pytest.mark.parametrize(
    "text, told",
    [
        (f"si=policy&{SIG}", "stored policy"),
        (f"sp=rl&{SIG}", "no `se=`"),
        (f"se=soon&{SIG}", "no moment"),
        (f"se=0001-01-01T00:00:00%2B14:00&{SIG}", "no moment"),
        (f"se=&{SIG}", "no moment"),
    ],
)
def test_an_end_that_cannot_be_told_is_said_to_be(text, told):
    end = read_signature_end(text)
    assert end is not None
    assert end.when is None
    assert told in end.why


@pytest.mark.parametrize("text", ["", "AccountName=acme;AccountKey=a2V5", "se=2026-12-31", "https://acme.example/x"])
def test_what_holds_no_signature_has_no_end(text):
    assert read_signature_end(text) is None


@given(st.text())
def test_no_part_of_any_text_is_given_back(text):
    end = read_signature_end(f"{text}&{SIG}")
    assert end is None or end.why in {
        "",
        "its end cannot be told: it refers to a stored policy (`si=`), which holds it",
        "its end cannot be told: it has no `se=`",
        "its end cannot be told: `se=` is no moment",
    }
