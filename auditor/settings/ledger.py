"""`ledger:` -> a SQLAlchemy URL."""

from collections.abc import Mapping
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from pydantic import SecretStr

from auditor.settings.problems import did_you_mean
from auditor.settings.secrets import read_secret
from auditor.settings.yaml_tree import Tree, Value

DEFAULT_LEDGER = "sqlite:///export-auditor.db"

_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")


def read_ledger(given: Value, folder: FilePath, environ: Mapping[str, str], tree: Tree) -> SecretStr:
    """The URL, a relative SQLite path made absolute from `folder`. It may hold a password: never shown."""
    try:
        return SecretStr(_url(given, folder, environ))
    except ValueError as error:
        tree.add(("ledger",), str(error))
        return SecretStr("")


def _url(given: Value, folder: FilePath, environ: Mapping[str, str]) -> str:
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
