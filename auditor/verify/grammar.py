"""JSON as regular expressions (RFC 8259 in UTF-8, RFC 3629): bytes in, no more than what is valid out.

Each expression takes a part of JSON only: what it matches is valid, repeats no name and calls for no remark;
what it does not match may be valid all the same. They are put together to the shape of a dataset's records.
"""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

__all__ = ["NULL", "SCALAR", "STRING", "list_of", "names_apart", "object_of", "one_of", "text_of"]

_SPACE: Final = rb"[ \t]*"
_COMMA: Final = b"," + _SPACE
_ASCII: Final = rb"[ !#-\[\]-\x7f]"  # from 0x20, without quotation mark and backslash
_NOT_ASCII: Final = (
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf][\x80-\xbf]"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf][\x80-\xbf]"
    rb"|[\xf1-\xf3][\x80-\xbf][\x80-\xbf][\x80-\xbf]|\xf4[\x80-\x8f][\x80-\xbf][\x80-\xbf]"
)
_HEX: Final = rb"[0-9a-fA-F]"
_ESCAPE: Final = (  # a half of a surrogate pair only with the other half: alone it calls for a remark
    rb'\\(?:["\\/bfnrt]|u(?:[0-9abcefABCEF]' + _HEX * 3 + rb"|[dD][0-7]" + _HEX * 2
    + rb"|[dD][89abAB]" + _HEX * 2 + rb"\\u[dD][c-fC-F]" + _HEX * 2 + rb"))"
)  # fmt: skip

STRING: Final = b'"(?:' + b"|".join((_ASCII, _NOT_ASCII, _ESCAPE)) + b')*"'
NULL: Final = b"null"
SCALAR: Final = (  # numbers of so few digits that none is huge: those call for a remark
    rb"true|false|null|-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"
)


def one_of(kinds: Sequence[bytes]) -> bytes:
    """Any of `kinds`."""
    return b"(?:" + b"|".join(kinds) + b")"


def list_of(item: bytes) -> bytes:
    """An array of any number of `item`."""
    item += _SPACE
    return rb"\[" + _SPACE + b"(?:" + item + b"(?:" + _COMMA + item + b")*)?" + rb"\]"


def object_of(members: Sequence[tuple[bytes, bytes, bool]]) -> bytes:
    """An object of these members in this order: name (from `names_apart`), value, and whether it never lacks."""
    texts = [name + _SPACE + b":" + _SPACE + value + _SPACE for name, value, _must in members]
    must = [each for _name, _value, each in members]
    if not texts:
        body = b""
    elif True in must:
        body = _around(must.index(True), texts, must)
    else:
        body = b"(?:" + _any_of(texts) + b")?"
    return rb"\{" + _SPACE + body + rb"\}"


def _around(fixed: int, texts: list[bytes], must: list[bool]) -> bytes:
    """Commas follow what stands before the member that never lacks, and precede what stands after it."""
    before = (b"(?:" + text + _COMMA + b")?" for text in texts[:fixed])
    after = (
        _COMMA + text if never_lacks else _behind([text])
        for text, never_lacks in zip(texts[fixed + 1 :], must[fixed + 1 :], strict=True)
    )
    return b"".join(chain(before, (texts[fixed],), after))


def _any_of(texts: list[bytes]) -> bytes:
    """At least one of `texts`, commas between them; by halves, or the expression would grow with their square."""
    if len(texts) == 1:
        return texts[0]
    half = len(texts) // 2
    return one_of([_any_of(texts[:half]) + _behind(texts[half:]), _any_of(texts[half:])])


def _behind(texts: list[bytes]) -> bytes:
    """Any of `texts`, behind a member."""
    return b"".join(b"(?:" + _COMMA + text + b")?" for text in texts)


def names_apart(names: Sequence[str]) -> list[bytes]:
    """For each of `names`, which need no escapes, an expression; no string matches two of them.

    So two members that match different ones have different names, and a name need be spelled only as far as
    it differs from its neighbours. The fewer letters an expression names, the faster it runs: its automaton
    has a state, half a KiB apart from the next, for each of them.
    """
    quoted = [name.encode("utf-8") + b'"' for name in names]
    return [_apart(name, quoted) for name in quoted]


def _apart(name: bytes, all_names: list[bytes]) -> bytes:
    others = [other for other in all_names if other != name]
    length = 0
    while any(other.startswith(name[:length]) for other in others):
        length += 1
    if length == len(name) or not name.isascii():
        return b'"' + re.escape(name)
    return b'"' + re.escape(name[:length]) + _ASCII + b'*"'


def text_of(record: bytes) -> bytes:
    """Any number of whole lines, each one `record`."""
    return b"(?:" + _SPACE + record + rb"[ \t\r]*\n)*"
