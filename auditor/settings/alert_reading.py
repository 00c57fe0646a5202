"""`alerts:` -> channels, routes and the heartbeat, with what contradicts itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import urlsplit

from auditor.checks import CATALOGUE
from auditor.incident_model import Match
from auditor.settings.alert_models import (
    CHANNEL_KINDS,
    LONGEST_WAIT,
    SHORTEST_REPEAT,
    AlertmanagerSection,
    AlertsSection,
    ChannelSection,
    HeartbeatSection,
    PagerDutySection,
    RouteMatchSection,
    RouteSection,
    WebhookSection,
    parse_header,
    parse_secret_address,
)
from auditor.settings.alerts import Alerts, Channel, Heartbeat, Route
from auditor.settings.apprise_address import parse_apprise
from auditor.settings.destination_models.names import refuse_plain_http
from auditor.settings.expiry import make_expiry
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.secret_keys import SecretSection, check_nothing_for_secrets, read_secret_values, read_secrets
from auditor.settings.sections import read_section
from auditor.settings.yaml_tree import Tree, Value

_TOP: Path = ("alerts",)
_EXAMPLE = '{channels: {ops-mail: {apprise: "${AUDIT_MAIL_URL}"}}, routes: [{to: [ops-mail]}]}'
_NESTED: Mapping[str, type[SecretSection]] = {
    "pagerduty": PagerDutySection,
    "webhook": WebhookSection,
    "alertmanager": AlertmanagerSection,
}
_NEEDED = {"pagerduty": ("routing_key",), "webhook": ("url", "secret"), "alertmanager": ()}


def read_alerts(given: Value, folder: FilePath, environ: Mapping[str, str], tree: Tree) -> Alerts:
    """What `alerts:` says; each mistake becomes a problem of `tree`. Files are relative to `folder`."""
    if given is None:
        return Alerts()
    if not isinstance(given, dict):
        tree.add(_TOP, f"a mapping belongs here, as in alerts: {_EXAMPLE}")
        return Alerts()
    _check_nothing(given, tree)
    section = read_section(AlertsSection, given, _TOP, tree)
    if section is None:
        return Alerts()
    reader = _Reader(folder, environ, tree)
    channels = {name: reader.read_channel(name, one) for name, one in section.channels.items()}
    _check_fallbacks(section.channels, tree)
    return Alerts(
        channels={name: channel for name, channel in channels.items() if channel is not None},
        routes=_read_routes(section.routes, section.channels, tree),
        heartbeat=reader.read_heartbeat(section.heartbeat) if section.heartbeat else None,
        zone=section.zone,
        page=(section.page or "").rstrip("/"),
    )


def _check_nothing(given: dict[str, Value], tree: Tree) -> None:
    """A secret that came out empty is a mistake, wherever it stands."""
    check_nothing_for_secrets(given.get("heartbeat"), HeartbeatSection, (*_TOP, "heartbeat"), tree)
    channels = given.get("channels")
    for name, channel in channels.items() if isinstance(channels, dict) else ():
        path = (*_TOP, "channels", name)
        check_nothing_for_secrets(channel, ChannelSection, path, tree)
        for kind, model in _NESTED.items():
            inner = channel.get(kind) if isinstance(channel, dict) else None
            check_nothing_for_secrets(inner, model, (*path, kind), tree)


@dataclass(frozen=True)
class _Reader:
    folder: FilePath
    environ: Mapping[str, str]
    tree: Tree

    def read_channel(self, name: str, section: ChannelSection) -> Channel | None:
        """None for one with mistakes."""
        path = (*_TOP, "channels", name)
        before = len(self.tree.problems)
        _check_name(name, path, self.tree)
        given = [kind for kind in CHANNEL_KINDS if section.has(kind)]
        if not given:
            self.tree.add(path, f"says not how it reaches anybody; add one of: {', '.join(CHANNEL_KINDS)}", at_key=True)
            return None
        for other in given[1:]:
            self.tree.add((*path, other), f"stands beside {given[0]}; give each a channel of its own", at_key=True)
        kind = given[0]
        expires, options = section.ends(), self._options(kind, section, path)
        inner = getattr(section, kind)
        if isinstance(inner, SecretSection):
            expires = inner.ends() or expires
        if len(self.tree.problems) > before:
            return None
        expiry = make_expiry(expires, f"secret of channel {name}")
        return Channel(name, kind, options, section.fallback or "", expiry)

    def read_heartbeat(self, section: HeartbeatSection) -> Heartbeat | None:
        """None where it has mistakes."""
        path = (*_TOP, "heartbeat")
        found = self._secrets(section, ("url",), path)
        self._check_address(found, path, section)
        if "url" not in found:
            return None
        expiry = make_expiry(section.ends(), "address of the heartbeat")
        return Heartbeat(found["url"], section.every, expiry)

    def _options(self, kind: str, section: ChannelSection, path: Path) -> dict[str, Any]:
        if kind == "apprise":
            return self._apprise(section, path)
        inner: SecretSection = getattr(section, kind)
        path = (*path, kind)
        options: dict[str, Any] = dict(self._secrets(inner, _NEEDED[kind], path))
        match inner:
            case WebhookSection():
                self._check_address(options, path, inner)
                options["headers"] = self._headers(inner, path)
            case PagerDutySection() if inner.url is not None:
                options["url"] = inner.url.rstrip("/")
            case AlertmanagerSection():
                options |= {"url": inner.url.rstrip("/"), **({"user": inner.user} if inner.user is not None else {})}
                self._check_login(inner, path)
        return options

    def _apprise(self, section: ChannelSection, path: Path) -> dict[str, Any]:
        found = read_secrets(section, self.folder, self.environ, path, self.tree)
        if "apprise" not in found:
            return {}
        try:
            parse_apprise(found["apprise"])
        except ValueError as error:
            self.tree.add((*path, section.written("apprise")), str(error))
        return {"url": found["apprise"]}

    def _secrets(self, section: SecretSection, needed: Iterable[str], path: Path) -> dict[str, str]:
        for one in needed:
            if not section.has(one):
                self.tree.add((*path, one), f"is missing; add it, or {one}_file with the file that holds it")
        return read_secrets(section, self.folder, self.environ, path, self.tree)

    def _check_address(self, found: Mapping[str, Any], path: Path, section: SecretSection) -> None:
        try:
            parse_secret_address(found.get("url", "https://nothing.example"))
        except ValueError as error:
            self.tree.add((*path, section.written("url")), str(error))

    def _headers(self, section: WebhookSection, path: Path) -> dict[str, str]:
        place = (*path, "headers")
        values = read_secret_values(section.headers, self.environ, place, self.tree)
        for name, value in values.items():
            try:
                parse_header(name, value)
            except ValueError as error:
                self.tree.add((*place, name), str(error))
        return values

    def _check_login(self, section: AlertmanagerSection, path: Path) -> None:
        for faulty, sentence in _find_bad_login(section):
            self.tree.add((*path, faulty), sentence)


def _find_bad_login(section: AlertmanagerSection) -> Iterator[tuple[str, str]]:
    by_user = section.user is not None or section.has("password")
    if section.has("token") and by_user:
        yield section.written("token"), "stands beside a user; keep one way to log in"
    elif by_user and not (section.user is not None and section.has("password")):
        lacking = "user" if section.user is None else "password"
        yield lacking, "is missing; a user needs its password, and a password its user"
    if section.has("token") or by_user:
        try:
            refuse_plain_http(urlsplit(section.url))
        except ValueError as error:
            yield "url", str(error)


def _check_name(name: str, path: Path, tree: Tree) -> None:
    if not name or name != name.strip() or not name.isprintable():
        tree.add(path, "is no name; write letters without spaces around them or control characters", at_key=True)


def check_channel(name: str, known: Iterable[str], path: Path, tree: Tree) -> None:
    """Note it where `name` is no channel."""
    if name not in (names := list(known)):
        hint = did_you_mean(name, names) or (f" Known are: {', '.join(map(quoted, names))}." if names else "")
        tree.add(path, f"{quoted(name)} is no channel; add it to alerts.channels.{hint}")


def channel_names(given: Mapping[str, Value]) -> list[str]:
    """The names of all channels of a configuration, those with mistakes too."""
    alerts = given.get("alerts")
    channels = alerts.get("channels") if isinstance(alerts, dict) else None
    return [*channels] if isinstance(channels, dict) else []


def _check_fallbacks(channels: Mapping[str, ChannelSection], tree: Tree) -> None:
    after = {name: one.fallback for name, one in channels.items() if one.fallback}
    told: set[str] = set()
    for name, other in after.items():
        path = (*_TOP, "channels", name, "fallback")
        check_channel(other, channels, path, tree)
        circle = _circle(name, after)
        if circle and not told & set(circle):
            told |= set(circle)
            way = " → ".join((*circle, name))
            tree.add(path, f"goes in a circle ({way}): when all are broken, none is left; remove one fallback")


def _circle(start: str, after: Mapping[str, str]) -> list[str]:
    """The channels from `start` back to itself; none if it is in no circle."""
    way, at = [start], after.get(start)
    while at is not None and at not in way:
        way.append(at)
        at = after.get(at)
    return way if at == start else []


def _read_routes(sections: list[RouteSection], channels: Iterable[str], tree: Tree) -> tuple[Route, ...]:
    known, names = list(channels), set[str]()
    routes = []
    for index, section in enumerate(sections):
        path: Path = (*_TOP, "routes", index)
        name = section.name or str(index + 1)
        if name in names:
            tree.add((*path, "name"), f"{quoted(name)} is the name of a route above too; give each its own")
        names.add(name)
        _check_route(section, known, path, tree)
        match = _match(section.match)
        routes.append(
            Route(
                name=name,
                to=tuple(dict.fromkeys(section.to)),
                match=match,
                goes_on=section.goes_on,
                group_wait=section.group_wait,
                repeat=section.repeat,
            )
        )
    return tuple(routes)


def _check_route(section: RouteSection, channels: list[str], path: Path, tree: Tree) -> None:
    if not section.to:
        tree.add((*path, "to"), "names no channel; write at least one, as in to: [ops-mail]")
    for place, name in enumerate(section.to):
        check_channel(name, channels, (*path, "to", place), tree)
    if section.group_wait > LONGEST_WAIT:
        tree.add((*path, "group_wait"), "is longer than 1h, and would keep what is urgent; write 1h or less")
    if section.repeat < SHORTEST_REPEAT:
        tree.add((*path, "repeat"), "is shorter than 5m, and would bury what is new; write 5m or more")
    code = section.match.code
    if code and not any(fnmatchcase(one, code) for one in CATALOGUE):
        hint = did_you_mean(code, CATALOGUE)
        message = f"{quoted(code)} fits no finding code; `export-auditor explain` lists them.{hint}"
        tree.add((*path, "match", "code"), message)


def _match(section: RouteMatchSection) -> Match:
    words = {name: getattr(section, name) or "" for name in RouteMatchSection.model_fields if name != "severity"}
    return Match(severity=section.severity, **words)
