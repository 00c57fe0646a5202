"""From what the user names to a destination that can be opened, and the keys that a configuration writes for it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from adapters.base import OpenAdapter, inert
from adapters.registry import opener
from auditor.settings import load_config
from auditor.settings.destination_models import DESTINATION_TYPES
from auditor.settings.destination_models.s3 import S3Section
from auditor.settings.secret_keys import secrets_of

_KEYS = "Keys are not written here. Without any, the usual AWS chain gives them (environment, profile, instance role)."
_NOT_PLACE = frozenset({"concurrency", "page_size", "timeout"})


class SourceError(Exception):
    """What was named cannot be looked at. `str()` is one sentence, without secrets."""


@dataclass(frozen=True, slots=True)
class Source:
    """A destination to look at."""

    name: str  # for the configuration
    shown: str  # for people
    open_adapter: OpenAdapter
    place: Mapping[str, str]  # the keys to write, type first; no secrets
    start: str = ""  # folder path below which exports are searched
    remarks: tuple[str, ...] = ()


def source_of(spec: str, options: Mapping[str, str], output: Path | None) -> Source:
    """A local folder, or s3://bucket/folder with `options` (region, endpoint_url, profile). Raises SourceError.

    A folder below that of `output` is written relative to it, as it is read then.
    """
    scheme, separator, rest = spec.partition("://")
    if not separator:
        return _local(spec, options, output)
    if scheme != "s3":
        # The address itself is not shown: a signed one is a secret.
        raise SourceError(
            f"addresses of {inert(scheme)[:20]!r} cannot be looked at; known: a folder, s3://bucket/folder"
        )
    return _s3(rest, options)


def configured_source(path: Path, name: str) -> Source:
    """A destination of the configuration at `path`, which must be sound. Raises SourceError."""
    destinations = load_config(path).destinations
    if name not in destinations:
        known = ", ".join(inert(one) for one in destinations)
        raise SourceError(f"--destination {inert(name)}: there is none of that name; known: {known}")
    one = destinations[name]
    model = DESTINATION_TYPES[one.type]
    known_keys = [key for key in model.model_fields if key not in (*_NOT_PLACE, *secrets_of(model))]
    written = {key: _text(one.options[key]) for key in known_keys if key in one.options}
    remarks = [
        f"Where it lies, from destination {name} of {path.name}; its keys and other settings are not taken over."
    ]
    return Source(
        name,
        f"{one.place}/{one.facts.folder}".rstrip("/"),
        opener(name, one.type, one.options),
        {"type": one.type, **written},
        one.facts.folder,
        tuple(remarks),
    )


def _local(spec: str, options: Mapping[str, str], output: Path | None) -> Source:
    if options:
        raise SourceError(f"--{next(iter(options)).replace('_', '-')} means nothing for a folder on this machine")
    folder = Path(spec)
    if not folder.is_dir():
        raise SourceError(f"{inert(spec)!r} is no folder")
    real = folder.absolute()
    written = os.path.normpath(real)
    if output is not None and str(output) != "-":
        home = Path(os.path.normpath(output.absolute().parent))
        if Path(written).is_relative_to(home):
            below = Path(written).relative_to(home).as_posix()
            written = f"./{below}" if below != "." else "."
    return Source(
        _named(real.resolve().name),
        inert(spec),
        opener("local", "local", {"root": str(real)}),
        {"type": "local", "root": written},
    )


def _s3(rest: str, options: Mapping[str, str]) -> Source:
    bucket, _, folder = rest.partition("/")
    if "@" in bucket or "@" in options.get("endpoint_url", ""):
        raise SourceError("the address holds credentials; leave them out: they come from the usual AWS chain")
    place = {"type": "s3", "bucket": bucket, **options}
    try:
        S3Section.model_validate(place)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise SourceError(f"{key} {first['msg'].removeprefix('Value error, ')}") from None
    given = {"bucket": bucket, **options}
    return Source(
        _named(bucket), f"s3://{rest}", opener(f"s3://{bucket}", "s3", given), place, folder.strip("/"), (_KEYS,)
    )


def _named(text: str) -> str:
    """A name for the destination, made of what it is called where it lies."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text)[:40].strip("-") or "exports"


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
