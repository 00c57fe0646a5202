"""`ledger:` -> a SQLAlchemy URL."""

from collections.abc import Mapping
from pathlib import Path as FilePath

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
        return url
    host, slash, file = rest.partition("/")
    if host or not slash:
        raise ValueError(f"has two slashes where three belong; write it as {DEFAULT_LEDGER}")
    name = file.partition("?")[0]
    if name in ("", ":memory:"):
        raise ValueError(f"names no file, so that nothing would be remembered; write it as {DEFAULT_LEDGER}")
    return f"sqlite:///{folder / FilePath(name).expanduser()}{file[len(name) :]}"
