"""Where a listing may begin: the key before which nothing lies that was exported at some time or later."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditor.scan.layout import Layout
from auditor.scan.template import EXPORT_TIME_LABEL, Field, Literal, Macro, Token

_FIELDS = {"year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M"}


def start_of(prefix: str, layouts: Iterable[Layout], since: datetime) -> str:
    """The key below `prefix` at which a listing begins that misses no export of `since` (UTC) or later.

    It is the name of an export folder of the minute before, with its slash, so that also a directory that is listed
    as an object without one comes after it. "" where the order of names is not the order of export times.
    """
    starts = [start for layout in layouts if (start := _start(prefix, layout, since)) is not None]
    return min(starts, default="")


def _start(prefix: str, layout: Layout, since: datetime) -> str | None:
    """None: this layout has no export folders below `prefix`."""
    if not prefix.startswith(layout.root):
        return "" if layout.root.startswith(prefix) else None
    names = prefix[len(layout.root) :].split("/")[:-1]
    if any(level.read(name) is None for level, name in zip(layout.levels, names, strict=False)):
        return None
    below = _render(layout, len(names), since - timedelta(minutes=1))
    return f"{prefix}{below}/" if below else ""


def _render(layout: Layout, depth: int, moment: datetime) -> str:
    """The folder names from `depth` on, as far as they say the time to the minute and nothing else; "" if they do not.

    Literals must be ASCII: others may be stored in another Unicode form, which sorts elsewhere.
    """
    text, awaited = "", list(_FIELDS)
    for level in layout.levels[depth:]:
        for token in level.tokens:
            if token == Macro("EXPORT_TIME"):
                return f"{text}{EXPORT_TIME_LABEL}{moment:%Y%m%d%H%M}" if layout.template.time_macro else ""
            for piece in _pieces(token, layout):
                if isinstance(piece, Literal) and piece.text.isascii():
                    text += piece.text
                elif isinstance(piece, Field) and piece.name == awaited[0]:
                    text += format(moment, _FIELDS[awaited.pop(0)])
                else:
                    return ""
                if not awaited:
                    return text
        text += "/"
    return ""


def _pieces(token: Token, layout: Layout) -> tuple[Field | Literal | Macro, ...]:
    """A date pattern as its parts, where it is what says the time: beside %EXPORT_TIME% it need not agree with it."""
    if isinstance(token, Macro) and token.name == "DATETIME" and layout.template.time_macro == "DATETIME":
        return token.fields
    return (token,)
