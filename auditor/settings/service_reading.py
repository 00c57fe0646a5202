"""`service:` and `retention:` -> how the service works, with what contradicts itself."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Final

from auditor.settings.alert_reading import check_channel
from auditor.settings.expiry import make_expiry
from auditor.settings.paths import absolute
from auditor.settings.problems import Path
from auditor.settings.secret_keys import check_nothing_for_secrets, read_secrets
from auditor.settings.sections import read_section
from auditor.settings.service import Retention, ScheduledReport, ServiceSettings
from auditor.settings.service_models import RetentionSection, ScheduledReportSection, ServiceSection
from auditor.settings.values import render_duration
from auditor.settings.yaml_tree import Tree, Value

_TOP: Path = ("service",)
_HASH = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII | re.IGNORECASE)
SHORTEST_TOKEN: Final = 16
_BOUNDS: Final = {
    "arrival_every": (timedelta(seconds=10), timedelta(hours=6)),
    "relist": (timedelta(minutes=10), timedelta(days=90)),
    "grace": (timedelta(seconds=1), timedelta(minutes=10)),
}
SHORTEST_RETENTION: Final = timedelta(days=30)


def read_service(
    given: Value, folder: FilePath, environ: Mapping[str, str], channels: Iterable[str], tree: Tree
) -> ServiceSettings:
    """What `service:` says; each mistake becomes a problem of `tree`. `channels`: names that reports may tell."""
    if given is None:
        return ServiceSettings()
    check_nothing_for_secrets(given, ServiceSection, _TOP, tree)
    section = read_section(ServiceSection, given, _TOP, tree)
    if section is None:
        return ServiceSettings()
    for key, (least, most) in _BOUNDS.items():
        if not least <= getattr(section, key) <= most:
            span = f"{render_duration(least)} to {render_duration(most)}"
            tree.add((*_TOP, key), f"does not fit; write a duration from {span}")
    token_hash = _token_hash(section, folder, environ, tree)
    if not section.listen.is_loopback and not (section.has("token") or section.has("token_hash")):
        reason = "would let everybody who reaches this address read names, findings and reports"
        tree.add((*_TOP, "listen"), f"{reason}; add a token (token_file, token or token_hash), or write 127.0.0.1")
    known = list(channels)
    return ServiceSettings(
        host=section.listen.host,
        port=section.listen.port,
        token_hash=token_hash,
        arrival_every=section.arrival_every,
        relist=section.relist,
        workers=section.workers,
        reports=tuple(_report(index, one, folder, known, tree) for index, one in enumerate(section.reports)),
        grace=section.grace,
        expiry=make_expiry(section.ends(), "bearer token of the service"),
    )


def read_retention(given: Value, tree: Tree) -> Retention:
    """What `retention:` says."""
    section = None if given is None else read_section(RetentionSection, given, ("retention",), tree)
    if section is None:
        return Retention()
    if section.files < SHORTEST_RETENTION:
        tree.add(("retention", "files"), "is shorter than 30d: what changes later would go unseen; write 30d or more")
    return Retention(section.files)


def _token_hash(section: ServiceSection, folder: FilePath, environ: Mapping[str, str], tree: Tree) -> str:
    """SHA-256 of the token; "" where there is none, or one with mistakes."""
    found = read_secrets(section, folder, environ, _TOP, tree)
    if section.has("token") and section.has("token_hash"):
        tree.add((*_TOP, section.written("token_hash")), "stands beside a token; keep one of them", at_key=True)
        return ""
    if (token := found.get("token")) is not None:
        if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
            message = f"is no token: it needs {SHORTEST_TOKEN} characters or more, without spaces; make one by"
            tree.add((*_TOP, section.written("token")), f"{message} openssl rand -hex 32")
        return hashlib.sha256(token.encode()).hexdigest()
    if (text := found.get("token_hash")) is None:
        return ""
    match = _HASH.fullmatch(text.strip())
    if match is None:
        message = "is no SHA-256 (64 hexadecimal digits); make it by printf %s TOKEN | sha256sum"
        tree.add((*_TOP, section.written("token_hash")), message)
    return match[1].lower() if match else ""


def _report(
    index: int, section: ScheduledReportSection, folder: FilePath, channels: list[str], tree: Tree
) -> ScheduledReport:
    path: Path = (*_TOP, "reports", index)
    if section.route is not None:
        check_channel(section.route, channels, (*path, "route"), tree)
    if not section.formats:
        tree.add((*path, "formats"), "names no format; write at least one, as in [html, json]")
    return ScheduledReport(
        every=str(section.every),
        formats=tuple(dict.fromkeys(str(one) for one in section.formats)),
        folder=absolute(section.to.folder, folder, (*path, "to", "folder"), tree),
        route=section.route or "",
    )
