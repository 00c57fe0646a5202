"""When the folder path holds nothing: what was probably meant."""

from difflib import get_close_matches
from itertools import islice
from unicodedata import normalize

from adapters.base import Adapter, DestinationError, Folder

_LOOKED_AT = 10_000  # entries of one level


def find_nearest(adapter: Adapter, folder: str) -> str:
    """The path of the existing folder most like the first part of `folder` that does not exist; "" if none is.

    A name that differs in Unicode normal form or case only is nearest of all. A hint and no more: where
    looking is refused, there is none.
    """
    parent = ""
    try:
        for name in folder.split("/"):
            names = _names(adapter, parent)
            if name not in names:
                found = _most_like(name, names)
                return parent + found if found else ""
            parent += name + "/"
    except DestinationError:
        return ""
    return ""


def _names(adapter: Adapter, prefix: str) -> list[str]:
    entries = islice(adapter.list_folder(prefix), _LOOKED_AT)
    return sorted(entry.prefix[len(prefix) : -1] for entry in entries if isinstance(entry, Folder))


def _most_like(name: str, names: list[str]) -> str:
    for alike in (_same_form, _same_letters):
        if (found := next((one for one in names if alike(one, name)), None)) is not None:
            return found
    return next(iter(get_close_matches(name, names, n=1)), "")


def _same_form(one: str, other: str) -> bool:
    return normalize("NFC", one) == normalize("NFC", other)


def _same_letters(one: str, other: str) -> bool:
    return normalize("NFKC", one).casefold() == normalize("NFKC", other).casefold()
