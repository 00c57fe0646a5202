"""From what the user names to a destination that can be opened, and the keys that a configuration writes for it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from adapters.addresses import parse_address
from adapters.base import OpenAdapter, inert
from adapters.registry import opener
from auditor.propose.quoting import render_value
from auditor.settings import Config, Destination, load_config
from auditor.settings.destination_models import DESTINATION_TYPES
from auditor.settings.secret_keys import secrets_of

_CHAINS = {
    "s3": "the usual AWS chain gives them (environment, profile, instance role)",
    "azure-blob": "azure-identity gives them (environment, workload or managed identity, az login)",
    "adls-gen2": "azure-identity gives them (environment, workload or managed identity, az login)",
    "gcs": "application default credentials are used",
    "sftp": "the keys of the SSH agent are used",
}
_OPTIONS = {"s3": ("region", "endpoint_url", "profile"), "gcs": ("endpoint_url",)}
_NOT_PLACE = frozenset({"concurrency", "page_size", "timeout", "experience_platform"})
_HOSTS = "~/.ssh/known_hosts"
_SAS_URI, _CLIENT_SECRET = "AUDIT_DLZ_SAS_URI", "AUDIT_AEP_SECRET"
_TODO = "Without its secret it cannot be opened: set the variable below, or write another way to give it."


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
    top: str = ""  # written in front of the folder path: "/" where it begins at the top of the server
    beside: str = ""  # YAML that has to stand beside the destinations
    asked: tuple[str, ...] = field(default=())  # environment variables that what is written asks for


def source_of(spec: str, options: Mapping[str, str], output: Path | None) -> Source:
    """A local folder, or an address with `options` (region, endpoint_url, profile). Raises SourceError.

    A folder below that of `output` is written relative to it, as it is read then.
    """
    return _remote(spec, options) if "://" in spec else _local(spec, options, output)


def configured_source(path: Path, name: str) -> Source:
    """A destination of the configuration at `path`, which must be sound. Raises SourceError."""
    config = load_config(path)
    if name not in config.destinations:
        known = ", ".join(inert(one) for one in config.destinations)
        raise SourceError(f"--destination {inert(name)}: there is none of that name; known: {known}")
    one = config.destinations[name]
    written, asked = _written(one)
    platform = one.options.get("experience_platform")
    beside = ""
    if isinstance(platform, Mapping):
        written["experience_platform"] = str(platform["name"])
        beside, asked = _platform(config, str(platform["name"])), (_CLIENT_SECRET,)
    remarks = [
        f"Where it lies, from destination {name} of {path.name}; its keys and other settings are not taken over."
    ]
    return Source(
        name,
        f"{one.place}/{one.facts.folder}".rstrip("/"),
        opener(name, one.type, one.options),
        {"type": one.type, **written},
        one.facts.folder,
        (*remarks, *([_TODO] if asked else [])),
        "/" if one.options.get("root") == "/" and one.type == "sftp" else "",
        beside,
        asked,
    )


def _written(one: Destination) -> tuple[dict[str, str], tuple[str, ...]]:
    """The keys that say where `one` is, and the variables that a secret which must be there is asked from."""
    model = DESTINATION_TYPES[one.type]
    own = [key for key in model.model_fields if key not in (*_NOT_PLACE, *secrets_of(model))]
    written = {key: _text(one.options[key]) for key in own if key in one.options}
    if "connection_string" in one.options:  # a secret, which also says where the account is
        written["account_url"] = one.place.rpartition("/")[0]
    if "sas_uri" in one.options:
        return {**written, "sas_uri": f"${{{_SAS_URI}}}"}, (_SAS_URI,)
    for half in ("tenant_id", "client_id", "authority_host"):  # of a login without its secret
        written.pop(half, None)
    return written, ()


def _platform(config: Config, name: str) -> str:
    """The entry that a Data Landing Zone asks, without its secret."""
    facts = config.experience_platform[name]
    told = {"org_id": facts.org_id, "sandbox": facts.sandbox, "client_id": str(facts.options["client_id"])}
    told |= {key: str(facts.options[key]) for key in ("base_url", "token_url")}
    lines = [f"    {key}: {render_value(value)}" for key, value in told.items()]
    head = ["", "experience_platform:", f"  {render_value(name)}:"]
    return "\n".join([*head, *lines, f"    client_secret: ${{{_CLIENT_SECRET}}}", ""])


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


def _remote(spec: str, options: Mapping[str, str]) -> Source:
    try:
        address = parse_address(spec)
    except ValueError as error:
        raise SourceError(str(error)) from None
    if "@" in options.get("endpoint_url", ""):
        raise SourceError("the address holds credentials; leave them out: they come from the usual chain")
    for option in options:
        if option not in _OPTIONS.get(address.type, ()):
            raise SourceError(f"--{option.replace('_', '-')} means nothing for {address.type}")
    where = {key: value for key, value in {**address.place, **options}.items() if key != "root"}
    if address.type == "sftp":
        where["known_hosts_file"] = _HOSTS
    _check_keys(address.type, where)
    folder = address.prefix.strip("/")
    return Source(
        _named(str(where.get("bucket") or where.get("container") or where.get("file_system") or where.get("host"))),
        spec,
        address.open_with(options),
        {"type": address.type, **{key: _text(value) for key, value in where.items()}},
        folder,
        (f"Keys are not written here. Without any, {_CHAINS[address.type]}.",),
        "/" if address.place.get("root") == "/" else "",
    )


def _check_keys(kind: str, where: Mapping[str, object]) -> None:
    """Raise SourceError for a name that no configuration would take."""
    try:
        DESTINATION_TYPES[kind].model_validate({"type": kind, **{key: _text(value) for key, value in where.items()}})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise SourceError(f"{key} {first['msg'].removeprefix('Value error, ')}") from None


def _named(text: str) -> str:
    """A name for the destination, made of what it is called where it lies."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text)[:40].strip("-") or "exports"


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
