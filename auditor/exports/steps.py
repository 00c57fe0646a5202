"""The four objects that an export is made of, and the calls that make them.

Source: *Export datasets by using the Flow Service API*.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from pydantic import SecretStr

HIDDEN: Final = "•••"
FLOW_SERVICE: Final = "/data/foundation/flowservice"


class Kind(StrEnum):
    """In the order in which they are made."""

    SOURCE = "source connection"
    BASE = "base connection"
    TARGET = "target connection"
    FLOW = "dataflow"

    @property
    def path(self) -> str:
        """Where it is made."""
        return f"{FLOW_SERVICE}/{_ADDRESS[self]}"


_ADDRESS: Final = {
    Kind.SOURCE: "sourceConnections",
    Kind.BASE: "connections",
    Kind.TARGET: "targetConnections",
    Kind.FLOW: "flows",
}


@dataclass(frozen=True, slots=True)
class Ref:
    """One object, by the name that it has or will have in one sandbox. In a body it stands for its id."""

    platform: str  # entry of the configuration
    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {json.dumps(self.name)}"


Ids: TypeAlias = Mapping[Ref, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One object: there by `id`, or to be made with `body` (values may be a Ref or a SecretStr)."""

    ref: Ref
    id: str = ""
    body: Mapping[str, Any] | None = None

    @property
    def secrets(self) -> list[str]:
        """What of the body is secret, whole and in the parts in which an answer might quote it."""
        found: list[str] = []
        for secret in _secrets_in(self.body):
            pairs = [part.partition("=")[2] for part in secret.split(";")]
            found += [secret, json.dumps(secret)[1:-1], *(part for part in pairs if len(part) >= 8)]
        return sorted(dict.fromkeys(found), key=len, reverse=True)


def render_document(body: Mapping[str, Any], ids: Ids, *, shown: bool) -> str:
    """The very JSON that is sent. `shown`: secrets are hidden, and ids not known yet are told in words.

    All in ASCII, so that what is shown is what is sent and moves no cursor. Raises: KeyError for an unknown id.
    """

    def stand_in(value: object) -> str:
        if isinstance(value, SecretStr):
            return HIDDEN if shown else value.get_secret_value()
        if isinstance(value, Ref):
            return ids.get(value, f"<id of the {value.kind} {value.name}>") if shown else ids[value]
        raise TypeError(type(value).__name__)

    text = json.dumps(body, indent=2, default=stand_in)
    return text.replace(json.dumps(HIDDEN), f'"{HIDDEN}"') if shown else text


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets_in(one)
