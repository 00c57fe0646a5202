"""Every error of the HTTP client has its place in the error family, and none of its words gets out."""

import inspect
import ssl

import httpx2
import pytest

from adapters.base import DestinationError, NotTrusted, Unreachable, Unsupported
from adapters.experience_platform.errors import BY_CLASS, harmless, speaking_of

SECRET = "s3cr3t-never-to-be-seen"
CLIENT_ERRORS = [kind for _, kind in sorted(inspect.getmembers(httpx2, inspect.isclass)) if issubclass(kind, Exception)]


def made(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    error.args = (SECRET,)
    return error


def test_the_client_has_the_errors_we_look_for():
    assert len(CLIENT_ERRORS) > 25


@pytest.mark.parametrize("kind", CLIENT_ERRORS, ids=lambda kind: kind.__name__)
def test_no_error_class_of_the_client_escapes_or_tells_a_secret(kind: type[Exception]):
    with pytest.raises(DestinationError) as caught, speaking_of("Experience Platform prod", "GET", "/flows"):
        raise made(kind)
    assert kind.__name__ in str(caught.value)
    assert SECRET not in f"{caught.value}{caught.value.__cause__}"
    assert caught.value.__suppress_context__
    assert any(issubclass(kind, of_class) for of_class, _, _ in BY_CLASS), "left to the fallback"


def test_a_certificate_that_is_not_trusted_is_its_own_answer():
    error = httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    with pytest.raises(NotTrusted, match="certificate"), speaking_of("p", "GET", "/"):
        raise error


@pytest.mark.parametrize(
    "error, kind", [(ssl.SSLError(), Unreachable), (OSError(), Unreachable), (KeyError(), Unsupported)]
)
def test_what_is_none_of_the_clients_is_told_too(error: Exception, kind: type[DestinationError]):
    with pytest.raises(kind), speaking_of("p", "GET", "/"):
        raise error


def test_words_from_outside_are_one_bounded_line():
    assert harmless("a\n\tb\r\nc") == "a b c"
    assert len(harmless("x" * 9999)) <= 301
    assert harmless("key abcd1234", ["abcd1234", "", "key"]) == "key …"
    assert harmless("https://a/b?sv=1&sig=abc%2F&x=1") == "https://a/b?sv=1&sig=…&x=1"
