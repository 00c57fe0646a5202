"""The two endpoints of a Data Lake account: their addresses, and what to make of it when they contradict each other."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from adapters.base import AccessDenied, DestinationError, NotFound
from adapters.streams import About

OTHERS: Final[Mapping[str, str]] = {"dfs": "blob", "blob": "dfs"}


def endpoint(account_url: str, service: str) -> str:
    """The `dfs` or `blob` address of an account, from either of them.

    An address whose host names neither (an emulator's, a proxy's) serves both.
    """
    parts = urlsplit(account_url if "://" in account_url else f"https://{account_url}")
    host = parts.netloc.lower().replace(f".{OTHERS[service]}.", f".{service}.", 1)
    return urlunsplit(parts._replace(netloc=host))


def contradiction(by_dfs: DestinationError, by_blob: DestinationError | None, sas: str) -> DestinationError:
    """What to say after `dfs` has said that the file system is not there, and `blob` was asked too.

    The dfs endpoint says so of file systems that are there, to credentials that blob accepts
    (Azure/azure-sdk-for-python#24106). "Not there" is believed only of both; else we could not look.
    """
    about: About = {"destination": by_dfs.destination, "operation": by_dfs.operation, "key": by_dfs.key}
    if isinstance(by_blob, NotFound):
        by_dfs.reason = f"{by_dfs.reason}; the blob endpoint says so too"
        return by_dfs
    if by_blob is not None and by_blob.retryable:
        return by_blob
    told = "lists it" if by_blob is None else f"says: {by_blob.reason}"
    reason = f"could not look: the dfs endpoint says: {by_dfs.reason}; the blob endpoint {told}"
    if sas:
        reason += f"; {lacking(sas)}"
    kind = AccessDenied if by_blob is None else type(by_blob)
    return kind(reason, request_id=by_dfs.request_id, **about)


def lacking(sas: str) -> str:
    """Which right to list and read this SAS lacks, by its own text. No part of it but these letters is told."""
    told = {name: values[0] for name, values in parse_qs(sas).items()}
    if "sp" not in told:
        return "the SAS has its permissions in a stored access policy, which does not tell them here"
    lacks = [f"`{letter}` ({word})" for letter, word in (("l", "list"), ("r", "read")) if letter not in told["sp"]]
    if "b" not in told.get("ss", "b"):
        lacks.append("the blob service (`ss=b`)")
    types = told.get("srt", "co")
    lacks += [f"resource type `{letter}` ({word})" for letter, word in _TYPES if letter not in types]
    if told.get("sr", "c") not in ("c", "d"):
        lacks.append("the whole container (`sr=c`)")
    if lacks:
        return f"the SAS lacks {', '.join(lacks)}"
    return "the SAS lacks no permission to list and read, so it may be one for another resource than this file system"


_TYPES: Final = (("c", "container"), ("o", "object"))
