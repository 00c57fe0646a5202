"""The keys of `alerts:`, with what they mean: channels, routes and the heartbeat."""

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from auditor.settings.destination_models.names import Endpoint, SafeEndpoint
from auditor.settings.fields import (
    Duration,
    PositiveDuration,
    Section,
    SeverityWord,
    Text,
    YesNo,
    Zone,
    key,
    needed,
)
from auditor.settings.secret_keys import Secret, SecretSection, secret_key

CHANNEL_KINDS = ("apprise", "pagerduty", "webhook", "alertmanager")
LONGEST_WAIT = timedelta(hours=1)
SHORTEST_REPEAT = timedelta(minutes=5)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)  # RFC 9110, token


def _one_or_more(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


def parse_secret_address(text: str) -> str:
    """`text` as an http address. It may hold a token: nothing of it is repeated. Raises ValueError."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or any(one.isspace() for one in text):
        raise ValueError("is no address; write it with its scheme, as https://host/path")
    return text


def parse_header(name: str, value: str) -> None:
    """Raises ValueError for what HTTP cannot send as a header. Nothing of the value is repeated."""
    if not _HEADER.fullmatch(name):
        raise ValueError("is no name of a header; write letters, digits and hyphens, as in X-Team")
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError("is no value of a header; write one line of plain characters, without spaces at its ends")


class PagerDutySection(SecretSection):
    """PagerDuty, Events API v2: incidents are opened, reminded of and resolved under one key."""

    routing_key: Secret | None = secret_key(
        "Integration key of the service there; needed, here or by its file.",
        default="–",
        example="${AUDIT_PAGERDUTY_KEY}",
    )
    url: SafeEndpoint | None = key(
        "Where events are sent, without `/v2/enqueue`.",
        default="https://events.pagerduty.com",
        example="https://events.eu.pagerduty.com",
    )


class WebhookSection(SecretSection):
    """An address that gets each notice as a signed CloudEvent (JSON)."""

    url: Secret | None = secret_key(
        "The address; it may hold a token. Needed, here or by its file.",
        default="–",
        example="https://hooks.example.com/exports",
    )
    secret: Secret | None = secret_key(
        "What notices are signed with (HMAC-SHA-256); needed, here or by its file.",
        default="–",
        example="${AUDIT_HOOK_SECRET}",
    )
    headers: dict[str, Secret] = key(
        "Headers to send; values may be `${ENV_NAME}`.", default="none", example="{X-Team: data}", given={}
    )


class AlertmanagerSection(SecretSection):
    """Prometheus Alertmanager, API v2: it groups, silences and escalates by its own rules."""

    url: Endpoint = needed("Where it is, without `/api/v2/alerts`.", example="http://alertmanager:9093")
    user: Text | None = key("Who logs in (basic authentication).", default="nobody", example="audit")
    password: Secret | None = secret_key("Password of `user`.", example="${AUDIT_ALERTMANAGER_PASSWORD}")
    token: Secret | None = secret_key("Bearer token, instead of a user.", example="${AUDIT_ALERTMANAGER_TOKEN}")


class ChannelSection(SecretSection):
    """One way to reach people: exactly one of `apprise`, `pagerduty`, `webhook` and `alertmanager`."""

    apprise: Secret | None = secret_key(
        "Address of a receiver as apprise writes it: e-mail, Slack, Teams and "
        "[the rest of its list](https://github.com/caronc/apprise/wiki).",
        default="–",
        example='"${AUDIT_MAIL_URL}"',
    )
    pagerduty: PagerDutySection | None = key(
        "PagerDuty.", default="–", example='{routing_key: "${AUDIT_PAGERDUTY_KEY}"}'
    )
    webhook: WebhookSection | None = key(
        "A signed webhook.", default="–", example='{url: "https://hooks.example.com/x", secret: "${AUDIT_HOOK_SECRET}"}'
    )
    alertmanager: AlertmanagerSection | None = key(
        "Prometheus Alertmanager.", default="–", example="{url: http://alertmanager:9093}"
    )
    fallback: Text | None = key(
        "Another channel, which is used while this one stays broken.", default="none", example="pager"
    )


class RouteMatchSection(Section):
    """What a route is for: all that is given must fit; patterns (`*`, `?`, `[abc]`) fit with the whole text."""

    severity: SeverityWord | None = key(
        "This severity exactly.", default="`warning` and everything graver", example="critical"
    )
    code: Text | None = key("Code of the finding.", default="any", example="export-*")
    destination: Text | None = key("Name of the destination.", default="any", example="lake-backup")
    flow: Text | None = key("Name of the flow.", default="any", example="web-*")
    dataset: Text | None = key("Id or name of the dataset.", default="any", example="5ef3e324052581191aa6a466")
    team: Text | None = key("`team` of the dataset or its flow.", default="any", example="web")
    tag: Text | None = key("One of its `tags`.", default="any", example="gdpr")
    owner: Text | None = key("Its `owner`.", default="any", example='"*@example.com"')


class RouteSection(Section):
    """Who is told of what. The first route that matches wins, unless it says `continue: true`."""

    match: RouteMatchSection = key(
        "What it is for.", default="everything", example="{team: web}", given=RouteMatchSection()
    )
    to: Annotated[list[Text], BeforeValidator(_one_or_more)] = needed(
        "Names of channels; all of them are told.", example="[ops-mail]"
    )
    name: Text | None = key("Name of the route, for `alerts test` and reasons.", default="its number", example="web")
    group_wait: Duration = key(
        "Gather for so long before telling of something new, at most 1h.",
        default="0s",
        example="2m",
        given=timedelta(0),
    )
    repeat: PositiveDuration = key(
        "First reminder after this (5m or more); each later one after twice the time, at most a week.",
        default="24h",
        example="24h",
        given=timedelta(hours=24),
    )
    goes_on: YesNo = key("Go on to the routes below.", default="false", example="true", alias="continue", given=False)


class HeartbeatSection(SecretSection):
    """A dead man's switch (Healthchecks style): an address that is called while all is well with the service itself."""

    url: Secret | None = secret_key(
        "The address; it holds a token. Needed, here or by its file.",
        default="–",
        example='"${AUDIT_HEARTBEAT_URL}"',
    )
    every: PositiveDuration = key(
        "Called after each whole cycle, at most this often.",
        default="15m",
        example="15m",
        given=timedelta(minutes=15),
    )


class AlertsSection(Section):
    """Who is told of what, and how. Without routes nobody is: notices go to the log and the page only."""

    channels: dict[str, ChannelSection] = key(
        "Ways to reach people, by name.", default="none", example="{ops-mail: {…}}", given={}
    )
    routes: list[RouteSection] = key(
        "Who is told of what, in this order.", default="none", example="[{to: [ops-mail]}]", given=[]
    )
    heartbeat: HeartbeatSection | None = key(
        "A dead man's switch.", default="none", example='{url: "${AUDIT_HEARTBEAT_URL}", every: 15m}'
    )
    zone: Zone = key(
        "IANA time zone of the readers: messages give times in UTC and in it.",
        default="UTC",
        example="Europe/Berlin",
        given="UTC",
    )
    page: Endpoint | None = key(
        "Address under which the service's page is reached, for links in messages.",
        default="no links",
        example="https://exports.example.com",
    )
