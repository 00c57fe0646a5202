"""`ledger:` -> a SQLAlchemy URL."""

from collections.abc import Mapping
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from pydantic import SecretStr

from auditor.settings.problems import did_you_mean
from auditor.settings.secrets import read_secret, read_secret_file
from auditor.settings.yaml_tree import Tree, Value

DEFAULT_LEDGER = "sqlite:///export-auditor.db"

_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")


def read_ledger(given: Mapping[str, Value], folder: FilePath, environ: Mapping[str, str], tree: Tree) -> SecretStr:
    """The URL by `ledger` or `ledger_file`, a relative SQLite path made absolute from `folder`.

    It may hold a password: never shown.
    """
    key = "ledger_file" if "ledger_file" in given else "ledger"
    if key == "ledger_file" and "ledger" in given:
        tree.add((key,), "stands beside ledger; keep one of them", at_key=True)
        return SecretStr("")
    try:
        url = _from_file(given[key], folder, tree) if key == "ledger_file" else given.get(key, DEFAULT_LEDGER)
        return SecretStr(parse_ledger(url, folder, environ))
    except ValueError as error:
        tree.add((key,), str(error))
        return SecretStr("")


def _from_file(given: Value, folder: FilePath, tree: Tree) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError("names no file; write the one that holds the ledger's URL, or leave the key out")
    try:
        place = (folder / FilePath(given).expanduser()).absolute()
    except RuntimeError:  # "~name" of nobody
        raise ValueError("names the home folder of nobody here; write the file in full") from None
    tree.secret_files.append(place)
    return read_secret_file(place).get_secret_value()


def parse_ledger(given: Value, folder: FilePath, environ: Mapping[str, str]) -> str:
    """The URL, as `read_ledger` gives it. Raises ValueError, without any secret."""
    if not isinstance(given, str):
        raise ValueError(f"one value belongs here, as in ledger: {DEFAULT_LEDGER}")
    url = read_secret(SecretStr(given), environ).get_secret_value()
    scheme, colon, rest = url.partition("://")
    if not colon:
        raise ValueError(f"is no database URL; write it as {DEFAULT_LEDGER}, or postgresql://user@host/name")
    if scheme not in _SCHEMES:
        hint = did_you_mean(scheme, _SCHEMES)
        raise ValueError(f"this kind of database is not known; write sqlite:/// or postgresql:// in front.{hint}")
    if scheme != "sqlite":
        return _checked(url)
    host, slash, file = rest.partition("/")
    if host or not slash:
        raise ValueError(f"has two slashes where three belong; write it as {DEFAULT_LEDGER}")
    name = file.partition("?")[0]
    if name in ("", ":memory:"):
        raise ValueError(f"names no file, so that nothing would be remembered; write it as {DEFAULT_LEDGER}")
    try:
        place = folder / FilePath(name).expanduser()
    except RuntimeError:  # "~name" of nobody
        raise ValueError("names the home folder of nobody here; write the file in full") from None
    if "?" in str(place):  # what follows it would be read as options
        raise ValueError('lies in a folder with "?" in its name, which a database URL cannot say; write another place')
    return f"sqlite:///{place}{file[len(name) :]}"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no database URL; write it as postgresql://user@host:port/name") from None
    if not parts.path.strip("/"):
        raise ValueError(f"names no database{'' if host else ' and no host'}; write it as postgresql://user@host/name")
    return url
