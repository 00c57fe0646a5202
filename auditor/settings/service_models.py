"""The keys of `service:` and `retention:`, with what they mean."""

import re
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator

from auditor.settings.destination_models.names import is_this_machine
from auditor.settings.fields import PositiveDuration, Section, Text, choice, key, needed, one_value, plain_text
from auditor.settings.problems import quoted
from auditor.settings.secret_keys import Secret, SecretSection, file_key, secret_key
from auditor.settings.values import parse_whole_number

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\.?", re.ASCII)


class ReportPeriod(StrEnum):
    """What a scheduled report is about."""

    MONTH = "month"
    QUARTER = "quarter"


class ReportFormat(StrEnum):
    """As what it is written."""

    HTML = "html"
    JSON = "json"
    CSV = "csv"


PeriodWord = Annotated[ReportPeriod, choice(ReportPeriod)]
ReportFormatWord = Annotated[ReportFormat, choice(ReportFormat)]


class Listen(NamedTuple):
    """Where the service is reached."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_this_machine(self.host)


def parse_listen(text: str) -> Listen:
    """`127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`. Raises ValueError. Port 0 is any free one."""
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        number = (port or text).strip()
        meant = f"127.0.0.1:{number}" if number.isdecimal() else "127.0.0.1:8080"
        raise ValueError(f"{quoted(text)} lacks the address or the port; write both, as in {meant}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{quoted(text)} is no address with a port; write IPv6 in brackets, as in [::1]:8080")
    if not _is_host(host):
        raise ValueError(f"{quoted(host)} is neither an address nor a name; write it as 127.0.0.1:8080")
    return Listen(host, parse_whole_number(port, 0, 65_535))


def _is_host(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return _NAME.fullmatch(host) is not None and not host.replace(".", "").isdecimal()


def _listen(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    return parse_listen(plain_text(given))


def _workers(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    return parse_whole_number(given, 1, 64)


ListenAddress = Annotated[Listen, BeforeValidator(_listen)]
Workers = Annotated[int, BeforeValidator(_workers)]


class ReportPlaceSection(Section):
    """Where a scheduled report goes."""

    folder: Text = file_key(
        "A folder, relative to the configuration; it is made if need be.",
        default="(needed)",
        example="./reports",
        given=...,
    )


class ScheduledReportSection(Section):
    """A backup-completeness report that is made by itself when its period closes, three days after the end."""

    every: PeriodWord = needed("`month` or `quarter`.", example="month")
    formats: list[ReportFormatWord] = key(
        "`html`, `json`, `csv`.",
        default="html, json",
        example="[html, json]",
        given=[ReportFormat.HTML, ReportFormat.JSON],
    )
    to: ReportPlaceSection = needed("Where it goes.", example="{folder: ./reports}")
    route: Text | None = key("Channel that is told of it.", default="nobody is told", example="ops-mail")


class ServiceSection(SecretSection):
    """How `export-auditor serve` works."""

    listen: ListenAddress = key(
        "Address and port of its page, metrics and health. Anything but this machine needs a token.",
        default="127.0.0.1:8080",
        example="127.0.0.1:8080",
        given=Listen("127.0.0.1", 8080),
    )
    token: Secret | None = secret_key(
        "Bearer token that callers send (16 characters or more), for all but `/healthz` and `/readyz`.",
        example="${AUDIT_TOKEN}",
    )
    token_hash: Secret | None = secret_key(
        "Its SHA-256 as 64 hexadecimal digits, instead of the token itself.", example="${AUDIT_TOKEN_HASH}"
    )
    arrival_every: PositiveDuration = key(
        "How often the folders that matter now are looked at, 10s to 6h.",
        default="5m",
        example="5m",
        given=timedelta(minutes=5),
    )
    relist: PositiveDuration = key(
        "Every old export is listed again within this, 10m to 90d.",
        default="24h",
        example="24h",
        given=timedelta(hours=24),
    )
    workers: Workers | None = key("Processes that verify files, 1 to 64.", default="one per processor", example="2")
    grace: PositiveDuration = key(
        "Time to finish or hand back work when it is told to stop, at most 10m.",
        default="25s",
        example="25s",
        given=timedelta(seconds=25),
    )
    reports: list[ScheduledReportSection] = key(
        "Reports that are made by themselves.",
        default="none",
        example="[{every: month, to: {folder: ./reports}}]",
        given=[],
    )


class RetentionSection(Section):
    """How long the ledger keeps what it saw of single files. Verdicts stay for ever."""

    files: PositiveDuration = key(
        "Rows of single files older than this are rolled up, 30d or more.",
        default="400d",
        example="400d",
        given=timedelta(days=400),
    )
