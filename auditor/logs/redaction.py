"""Secrets out of texts: those that are known, in every spelling, and whatever has the shape of one.

Known are all values that were read from a configuration, since the process began: of a secret that was renewed, the old
one too. A secret of fewer than 6 characters is not looked for: it would be found everywhere, and each hole would tell
it. It is left out only where its place has the shape of a secret, as in `password=…`.
"""

import base64
import html
import json
import re
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

__all__ = ["HIDDEN", "SHORTEST", "redact", "register_secrets"]

HIDDEN = "***"
SHORTEST = 6
_TOKEN = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[^/]{8,}|[^/]{20,}")  # a part of a path that may be a token

_NAMES = (
    r"sig|signature|password|passwd|pwd|passphrase|secret|client_secret|secret_access_key|secretaccesskey|client_assertion"
    r"|token|access_token|refresh_token|id_token|session_token|security-token|sas_token|jwt_token|api_?key|account_?key"
    r"|sharedaccesssignature|routing_key|integration_key|credential|awsaccesskeyid|private_key|token_hash"
)
_NAMED = rf"(?:x-(?:amz|goog|ms)-)?(?:{_NAMES})"
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), HIDDEN),
    # Headers, as text and as the repr of a mapping: the rest of the line, or up to the closing quote.
    (
        re.compile(
            r"((?:proxy-)?authorization|x-amz-security-token|x-api-key|(?:set-)?cookie)(\\?['\"]?\s*[:=]\s*)"
            r"(?:b?\\?(['\"]).*?(?:\3|$)|[^\r\n'\"]+)",
            re.I | re.M,
        ),
        rf"\1\2{HIDDEN}",
    ),
    # Not "basic authentication": what follows has a digit or the end of base64.
    (
        re.compile(r"\b(bearer|basic|negotiate|sharedkey(?:lite)?)\s+(?=\S*[0-9=])[A-Za-z0-9._~+/:-]{6,}=*", re.I),
        rf"\1 {HIDDEN}",
    ),
    (re.compile(r"\b(AWS4-HMAC-SHA256|GOOG4-\S+)\s+Credential=\S.*", re.I), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"), HIDDEN),
    # name=value of addresses and forms; the same, percent-encoded; the same in JSON or as the repr of a mapping.
    (re.compile(rf"(?<![A-Za-z0-9])({_NAMED})=(?!\*)[^&\s\"'<>,;)\]}}]+", re.I), rf"\1={HIDDEN}"),
    (
        re.compile(
            rf"(?:(?<![A-Za-z0-9])|(?<=%3F)|(?<=%26)|(?<=253F)|(?<=2526))({_NAMED})(%(?:25)?3D)(?:(?!%(?:25)?26)[^&\s\"'<>])+",
            re.I,
        ),
        rf"\1\2{HIDDEN}",
    ),
    (
        re.compile(rf"((?<![A-Za-z0-9])(?:{_NAMED})\\?[\"']\s*:\s*b?)([\"'])(?:\\.|(?!\2)[^\\])*\2?", re.I),
        rf"\1\2{HIDDEN}\2",
    ),
    (re.compile(rf"((?<![A-Za-z0-9])(?:{_NAMED})\\[\"']\s*:\s*b?)(\\[\"'])(?:(?!\2).)*\2?", re.I), rf"\1\2{HIDDEN}\2"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@\"'<>]*):[^\s/@\"'<>]+@", re.I), rf"\1:{HIDDEN}@"),
)


class _Known:
    """All spellings of all known secrets, as one pattern: made when it is first needed, for few processes log."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._is_fresh = True

    def add(self, values: Iterable[str]) -> None:
        with self._lock:
            before = len(self._values)
            self._values.update(values)
            self._is_fresh = self._is_fresh and len(self._values) == before

    def pattern(self) -> re.Pattern[str] | None:
        if not self._is_fresh:
            with self._lock:
                parts = {part for value in self._values for part in _parts(value) if len(part) >= SHORTEST}
                longest_first = sorted(parts, key=lambda one: (-len(one), one))
                spellings = [spelling for part in longest_first for spelling in (_spell(part), *_spell_base64(part))]
                self._pattern = re.compile("|".join(spellings)) if spellings else None
                self._is_fresh = True
        return self._pattern


_KNOWN = _Known()


def register_secrets(values: Iterable[str]) -> int:
    """Have `redact` find these values from now on. How many are too short to be looked for."""
    given = [value for value in values if value]
    _KNOWN.add(given)
    return sum(len(value) < SHORTEST for value in given)


def redact(text: str) -> str:
    """`text` with `***` for each known secret, however it is spelled, and for whatever has the shape of one."""
    known = _KNOWN.pattern()
    if known is not None:
        text = known.sub(HIDDEN, text)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def _parts(value: str) -> Iterator[str]:
    """The secret, and what in it is one of its own: lines of a key, what an address holds."""
    if (
        value.lstrip().lower().startswith("sqlite:")
    ):  # a ledger is named where it may hold a password, and this has none
        return
    yield value
    yield value.strip()
    if "\n" in value:
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= 16)
    if value.lstrip().startswith("{"):
        yield from _parts_of_json(value)
    elif "://" in value:
        try:
            yield from _parts_of_address(urlsplit(value.strip()))
        except ValueError:
            return
    elif "sig=" in value:
        yield from _parts_of_query(value.lstrip("?"))


def _parts_of_json(value: str) -> Iterator[str]:
    """Of a key file of a service account."""
    try:
        given = json.loads(value)
    except ValueError:
        return
    for name in ("private_key", "private_key_id", "client_secret", "refresh_token"):
        if isinstance(given, dict) and isinstance(given.get(name), str):
            yield from _parts(given[name])


def _parts_of_address(address: SplitResult) -> Iterator[str]:
    """Libraries log host, path and query apart."""
    netloc = address.netloc
    login, _, host = netloc.rpartition("@")
    user, _, password = login.partition(":")
    yield from (password, unquote(password))
    yield from _parts_of_query(address.query)
    if address.scheme.startswith("postgres"):
        return
    if address.scheme not in ("http", "https"):  # of a receiver, written as apprise does: tokens stand anywhere
        yield from (user, unquote(user))
    if "." not in host and _TOKEN.fullmatch(host):
        yield host
    segments = [one for one in address.path.split("/") if _TOKEN.fullmatch(one)]
    for one in segments:
        yield from (one, unquote(one))
    if segments or address.query:
        yield address.path + (f"?{address.query}" if address.query else "") if len(address.path) > 1 else ""


def _parts_of_query(query: str) -> Iterator[str]:
    for name, value in parse_qsl(query):
        is_date = re.match(r"\d{4}-\d\d-\d\d", value)
        if re.fullmatch(_NAMED, name, re.I) or (_TOKEN.fullmatch(value) and not is_date):
            yield value
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if re.fullmatch(_NAMED, name, re.I):
            yield value


def _spell(value: str) -> str:
    """A pattern of how a value may be written: each character as it is, or escaped for an address, for JSON, a repr
    or a page; once, or twice."""
    return "".join(_spell_character(one) for one in value)


@cache
def _spell_character(one: str) -> str:
    if one.isascii() and (one.isalnum() or one in "-_"):
        return one
    encoded = one.encode("utf-8", "surrogatepass")
    ways = {
        rf"\\{{0,4}}{re.escape(one)}",
        "".join(rf"%(?:25)?(?i:{byte:02x})" for byte in encoded),
        rf"\\{{1,4}}u(?i:{ord(one):04x})",
        rf"\\{{1,4}}x(?i:{ord(one):02x})",
        rf"&#(?:{ord(one)}|x(?i:{ord(one):x}));",
        *(re.escape(spell(one)) for spell in (html.escape, lambda c: json.dumps(c)[1:-1], lambda c: repr(c)[1:-1])),
        *([r"\+"] if one == " " else []),
    }
    return f"(?:{'|'.join(sorted(ways))})"


def _spell_base64(value: str) -> Iterator[str]:
    """Patterns of base64 of the value, wherever it begins in what was encoded (as in `user:password`)."""
    raw = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        first = (0, 2, 3)[before]  # characters that hold bits of what stands before
        last = len(whole) if (before + len(raw)) % 3 == 0 else len(whole) - 1  # the last one holds bits of what follows
        core = whole[first:last]
        if len(core) >= SHORTEST:
            safe = core.replace("+", "-").replace("/", "_")
            yield from (_spell(core), _spell(safe))
