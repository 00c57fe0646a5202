"""Which destination types there are, and how one is opened. SDKs are imported when first asked for."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final, cast

from adapters.base import Adapter, OpenAdapter
from adapters.retry import RetryingAdapter

__all__ = ["TYPES", "open_destination", "opener"]


@dataclass(frozen=True, slots=True)
class _Type:
    module: str
    name: str  # of the adapter class, or of the function that chooses one
    remote: bool  # reads over a network, so failures are tried again


_BY_NAME: Final[Mapping[str, _Type]] = {
    "local": _Type("adapters.local", "LocalAdapter", remote=False),
    "s3": _Type("adapters.s3", "S3Adapter", remote=True),
    "sftp": _Type("adapters.sftp", "SftpAdapter", remote=True),
    "azure-blob": _Type("adapters.azure_blob", "AzureBlobAdapter", remote=True),
    "adls-gen2": _Type("adapters.adls", "AdlsAdapter", remote=True),
    "data-landing-zone": _Type("adapters.landing_zone", "LandingZoneAdapter", remote=True),
    "gcs": _Type("adapters.gcs", "open_gcs", remote=True),
}

TYPES: Final[tuple[str, ...]] = tuple(_BY_NAME)

_EVERYWHERE: Final = frozenset({"concurrency", "page_size", "timeout"})
"""Options that every destination takes; dropped for an adapter to which they mean nothing."""


def open_destination(
    name: str,
    type: str,  # noqa: A002 (the config's word)
    options: Mapping[str, object],
    *,
    retries: bool = True,
) -> Adapter:
    """The adapter of destination `name`, with retries where it reads over a network (unless they are not wanted).

    `options` are the adapter's keyword arguments, which are the config's keys (`folder`, `retain` and
    other keys that an adapter does not know stay with the caller); None means not given. Reaches for
    nothing yet: the first call on the adapter does.

    Raises: ValueError for an unknown type or option, or one that is missing.
    """
    known = _BY_NAME.get(type)
    if known is None:
        raise ValueError(f"destination {name!r}: unknown type {type!r}; known: {', '.join(TYPES)}")
    build = cast("Callable[..., Adapter]", getattr(import_module(known.module), known.name))
    adapter = build(name, **_checked(name, type, build, options))
    return RetryingAdapter(adapter) if known.remote and retries else adapter


def _checked(name: str, kind: str, build: Callable[..., Adapter], options: Mapping[str, object]) -> dict[str, object]:
    parameters = {key: p for key, p in inspect.signature(build).parameters.items() if key != "name"}
    given = {key: value for key, value in options.items() if value is not None}
    unknown = sorted(given.keys() - parameters.keys() - _EVERYWHERE)
    missing = [key for key, p in parameters.items() if p.default is p.empty and key not in given]
    for fault, keys in (("unknown", unknown), ("missing", missing)):
        if keys:
            raise ValueError(f"destination {name!r} ({kind}): {fault} option {', '.join(keys)}")
    return {key: value for key, value in given.items() if key in parameters}


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens a destination anew, in this process or another. Its repr shows no option: some are secret."""

    name: str
    type: str
    options: Mapping[str, object] = field(repr=False)

    def __call__(self) -> Adapter:
        return open_destination(self.name, self.type, self.options)


def opener(name: str, type: str, options: Mapping[str, object]) -> OpenAdapter:  # noqa: A002
    """A picklable way to open the destination, for worker processes. Raises as `open_destination` does, when called."""
    return _Opener(name, type, dict(options))
