"""Lists as Flow Service gives them: filtered, at most a hundred at a time, with a link that leads on.

https://experienceleague.adobe.com/en/docs/experience-platform/sources/api-tutorials/filter
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from auditor.worlds.platform.replies import Call, Reply, flow_service_refusal
from auditor.worlds.platform.stock import Entity

LARGEST_PAGE = 100
MARK = b"\xfb\xef\xbe"  # so that every token has a plus, as base64 may have
ORDERS = ("createdAt", "updatedAt", "name")

Test = Callable[[Entity], bool]


def answer_list(
    call: Call, kind: str, entities: Iterable[Entity], *, page_size: int, before_page: Callable[[Call, int], None]
) -> Reply:
    """One page of the list `kind`. `before_page` hears of every page before it is made: call, number from 1.

    The link names the continuation and nothing else: filters that are not repeated beside it do not hold.
    """
    try:
        tests = [parse_filter(text) for text in call.every("property")]
        if call.first("count") == "true":
            if call.first("limit"):
                raise ValueError("count and limit cannot be used together")
            return Reply(200, {"count": sum(all(test(entity) for test in tests) for entity in entities)})
        size = min(read_number(call, "limit", default=LARGEST_PAGE, most=LARGEST_PAGE), page_size)
        field, falling = _order(call.first("orderby"))
        page, after = _read_token(call.first("continuationToken"))
    except ValueError as error:
        return flow_service_refusal(400, "Bad Request", str(error))
    before_page(call, page)
    found = sorted(
        (
            one
            for one in entities
            if _is_behind(_place(one, field), after, falling) and all(test(one) for test in tests)
        ),
        key=lambda one: _place(one, field),
        reverse=falling,
    )
    answer: dict[str, Any] = {"items": found[:size]}
    if len(found) > size:
        token = _make_token(page + 1, _place(found[size - 1], field))
        answer["_links"] = {"next": {"href": f"/{kind}?continuationToken={quote(token)}"}}
    return Reply(200, answer)


def parse_filter(text: str) -> Test:
    """`path==value`, with several values or-ed by commas, or `!=`, `<`, `>`. Raises ValueError."""
    found = re.fullmatch(r"([\w.\[\]]+)(==|!=|>=|<=|>|<)(.+)", text, re.ASCII | re.DOTALL)
    if found is None:
        raise ValueError(f"property {text!r} is no filter")
    path, sign, wanted = found[1].replace("[]", "").split("."), found[2], found[3]
    if sign in ("==", "!="):
        words = set(wanted.split(","))
        return lambda entity: any(_word(v) in words for v in _values(entity, path)) == (sign == "==")
    if not re.fullmatch(r"-?\d+", wanted):
        raise ValueError(f"property {text!r} compares with no number")
    limit = int(wanted)
    compare: dict[str, Callable[[int], bool]] = {
        ">": lambda v: v > limit,
        "<": lambda v: v < limit,
        ">=": lambda v: v >= limit,
        "<=": lambda v: v <= limit,
    }
    return lambda entity: any(isinstance(v, int) and compare[sign](v) for v in _values(entity, path))


def read_number(call: Call, name: str, *, default: int, most: int | None = None, least: int = 1) -> int:
    """A whole number of the query. Raises ValueError."""
    text = call.first(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        raise ValueError(f"{name} must be a number from {least}" + (f" to {most}" if most is not None else ""))
    return int(text)


def _values(entity: Any, path: list[str]) -> Iterator[Any]:
    """What stands at `path`; of lists, that of each member."""
    if isinstance(entity, list):
        for one in entity:
            yield from _values(one, path)
    elif not path:
        yield entity
    elif isinstance(entity, dict) and path[0] in entity:
        yield from _values(entity[path[0]], path[1:])


def _word(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _order(text: str) -> tuple[str, bool]:
    field = text.removeprefix("-") or "createdAt"
    if field not in ORDERS:
        raise ValueError(f"orderby must be one of {', '.join(ORDERS)}, with - for falling")
    return field, text.startswith("-") or not text


def _place(entity: Entity, field: str) -> tuple[Any, str]:
    return entity.get(field, "" if field == "name" else 0), entity["id"]


def _is_behind(place: tuple[Any, str], after: tuple[Any, str] | None, falling: bool) -> bool:
    return after is None or (place < after if falling else place > after)


def _make_token(page: int, place: tuple[Any, str]) -> str:
    return base64.b64encode(MARK + json.dumps([page, *place]).encode()).decode()


def _read_token(text: str) -> tuple[int, tuple[Any, str] | None]:
    if not text:
        return 1, None
    try:
        data = base64.b64decode(text.replace(" ", "+"), validate=True)
        page, value, name = json.loads(data.removeprefix(MARK))
    except (binascii.Error, ValueError, TypeError):
        raise ValueError("continuationToken is not one that was given out") from None
    return page, (value, name)
