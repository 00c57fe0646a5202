"""One configuration, read, checked and complete."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from auditor.model import Flow, Waiver
from auditor.settings.alert_reading import channel_names, read_alerts
from auditor.settings.alert_warnings import find_alert_warnings
from auditor.settings.alerts import Alerts
from auditor.settings.destinations import Destination, read_destinations
from auditor.settings.experience_platform import ExperiencePlatformFacts, read_experience_platforms
from auditor.settings.expiry import Expiry
from auditor.settings.exports import Export, read_exports
from auditor.settings.flows import default_flow, read_flows
from auditor.settings.include import TOP_KEYS, Files, read_files
from auditor.settings.ledger import read_ledger
from auditor.settings.models import DefaultsSection
from auditor.settings.problems import ConfigError, Path
from auditor.settings.sections import read_section
from auditor.settings.service import Retention, ServiceSettings
from auditor.settings.service_reading import read_retention, read_service
from auditor.settings.waivers import find_unknown_names, read_waivers
from auditor.settings.warnings import find_warnings
from auditor.settings.yaml_tree import Tree, Value

__all__ = ["TOP_KEYS", "Config", "load_config"]


@dataclass(frozen=True)
class Config:
    """What the files say, with every default filled in."""

    path: FilePath  # absolute
    hash: str  # SHA-256 over the bytes of the file and of all it includes, hex
    ledger_url: str = field(repr=False)  # SQLAlchemy URL; may hold a password
    destinations: Mapping[str, Destination]
    flows: Mapping[str, Flow]
    warnings: tuple[str, ...] = ()  # what was read as it stands, and is probably not meant
    waivers: tuple[Waiver, ...] = ()
    experience_platform: Mapping[str, ExperiencePlatformFacts] = field(default_factory=dict)
    exports: Mapping[str, Export] = field(default_factory=dict)  # by flow: what `exports apply` may set up
    usual: Flow = field(default_factory=lambda: default_flow(DefaultsSection()))
    """What holds for a flow of which the configuration says nothing (found by `discover: true`)."""
    alerts: Alerts = field(default_factory=Alerts)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    retention: Retention = field(default_factory=Retention)
    files: tuple[FilePath, ...] = ()  # what it was read from, absolute: the file, those it includes, secrets' files

    @property
    def expiries(self) -> tuple[Expiry, ...]:
        """Every end of a secret that is written down."""
        heartbeat = self.alerts.heartbeat
        ends = [
            *(one.expiry for one in self.destinations.values()),
            *(one.expiry for one in self.experience_platform.values()),
            *(one.expiry for one in self.alerts.channels.values()),
            heartbeat.expiry if heartbeat else None,
            self.service.expiry,
        ]
        return tuple(one for one in ends if one is not None)


def load_config(path: FilePath, environ: Mapping[str, str] | None = None) -> Config:
    """Read `path` and what it includes. `environ` (default: the process's) gives `${NAME}` secrets.

    Raises ConfigError with every problem of all files at once.
    """
    files = read_files(path)
    config = _read(files, path.absolute(), os.environ if environ is None else environ)
    if files.tree.problems or config is None:
        raise ConfigError(str(path), files.tree.problems)
    return config


def _read(files: Files, path: FilePath, environ: Mapping[str, str]) -> Config | None:
    tree = files.tree
    if not isinstance(tree.value, dict):
        if not tree.problems:
            tree.add((), "a mapping belongs here, with the keys destinations and flows")
        return None
    given = tree.value.get("defaults")
    defaults = DefaultsSection() if given is None else read_section(DefaultsSection, given, ("defaults",), tree)
    platforms = read_experience_platforms(tree.value.get("experience_platform"), files.folder_of, environ, tree)
    destinations = read_destinations(_named("destinations", tree), files.folder_of, environ, platforms, tree)
    follows = any(one is not None and one.discover for one in platforms.values())
    flows = read_flows(
        {} if follows and not tree.value.get("flows") else _named("flows", tree),
        defaults or DefaultsSection(),
        destinations,
        platforms,
        tree,
    )
    exports = read_exports(tree.value.get("exports"), flows, platforms, tree)
    waivers = read_waivers(tree.value.get("waivers"), tree)
    ledger = read_ledger(tree.value, path.parent, environ, tree)
    alerts = read_alerts(tree.value.get("alerts"), path.parent, environ, tree)
    service = read_service(tree.value.get("service"), path.parent, environ, channel_names(tree.value), tree)
    whole = {name: place for name, place in destinations.items() if place is not None}
    known = {"flow": list(flows), "destination": list(whole)}
    more = find_alert_warnings(alerts, service, flows, list(whole), tree, more_flows=follows)
    return Config(
        path=path,
        hash=files.hash,
        ledger_url=ledger.get_secret_value(),
        destinations=whole,
        flows=flows,
        warnings=(*find_warnings(tree, whole, flows, more_flows=follows), *find_unknown_names(waivers, known), *more),
        waivers=waivers,
        usual=default_flow(defaults or DefaultsSection()),
        exports=exports,
        experience_platform={name: facts for name, facts in platforms.items() if facts is not None},
        alerts=alerts,
        service=service,
        retention=read_retention(tree.value.get("retention"), tree),
        files=(*files.paths, *dict.fromkeys(tree.secret_files)),
    )


def _named(key: str, tree: Tree) -> dict[str, Value]:
    """The mapping of names under `key`, with what is wrong about the names."""
    assert isinstance(tree.value, dict)
    given = tree.value.get(key)
    if given is None:
        tree.add((key,), f"is missing; add {key}: with a name for each", at_key=True)
        return {}
    if not isinstance(given, dict):
        tree.add((key,), "a mapping of names belongs here, as in {my-name: {…}}")
        return {}
    if not given:
        tree.add((key,), "is empty; add at least one")
    for name in given:
        path: Path = (key, name)
        if not name or name != name.strip() or not name.isprintable():
            tree.add(path, "is no name; write letters without spaces around them or control characters", at_key=True)
    return given
