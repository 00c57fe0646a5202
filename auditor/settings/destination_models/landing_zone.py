"""`type: data-landing-zone`."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from auditor.settings.destination_models.names import SafeEndpoint, is_this_machine, refuse_plain_http
from auditor.settings.destination_models.section import DestinationSection, Fault
from auditor.settings.fields import PositiveDuration, Text, key
from auditor.settings.secret_keys import Secret, secret_key


class LandingZoneSection(DestinationSection):
    """The Data Landing Zone of a sandbox. Its credentials are fetched from Experience Platform, and again before they
    end; or a signed address is given, which nobody renews."""

    retained: ClassVar[timedelta] = timedelta(days=7)

    experience_platform: Text | None = key(
        "Name of the `experience_platform` entry that gives the credentials. This or `sas_uri` is needed.",
        default="–",
        example="prod",
    )
    sas_uri: Secret | None = secret_key(
        "Address of the container with its signature, as the page of the Data Landing Zone shows it.",
        default="–",
        example="${AUDIT_DLZ_SAS_URI}",
    )
    endpoint_url: SafeEndpoint | None = key(
        "Address of the storage, where another one than the credentials name is to be asked.",
        default="as the credentials say",
        example="https://dlz.example.com",
    )
    retain: PositiveDuration | None = key(
        "Experience Platform removes exports older than this; they are then `expired`, not missing.",
        default="7d",
        example="7d",
    )

    def place(self, options: Mapping[str, object], /) -> str:
        if self.experience_platform:
            return f"Data Landing Zone of {self.experience_platform}"
        parts = urlsplit(str(options.get("sas_uri", "")).strip())
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")

    def find_contradictions(self) -> Iterator[Fault]:
        if self.experience_platform is not None and self.has("sas_uri"):
            yield self.written("sas_uri"), "stands beside experience_platform; keep one way to log in"
        if self.experience_platform is None and not self.has("sas_uri"):
            yield "", "has neither experience_platform nor sas_uri; add one of them, as in experience_platform: prod"

    def find_bad_secrets(self, secrets: Mapping[str, str], /) -> Iterator[Fault]:
        if "sas_uri" in secrets and (sentence := _wrong_address(secrets["sas_uri"])):
            yield "sas_uri", sentence


def _wrong_address(text: str) -> str:
    """What is wrong with a signed address; never a part of it."""
    meant = "write https://ACCOUNT.blob.core.windows.net/dlz-destination?…&sig=…, whole as it is shown"
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
        query = parse_qs(parts.query)
    except ValueError:
        return f"is no address; {meant}"
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return f"is no address; {meant}"
    try:
        refuse_plain_http(parts._replace(query="", path=""))
    except ValueError:
        return "is not encrypted; write it with https:// in front"
    if not query.get("sig"):
        return f"has no signature (sig=); {meant}"
    names = [name for name in parts.path.split("/") if name]
    account = 1 if is_this_machine(host) else 0  # an emulator's address has the account in its path
    if len(names) <= account:
        return f"names no container; {meant}"
    if len(names) > account + 1:
        return f"names more than a container; {meant}, and the rest as folder: …"
    if names[-1] == "dlz-user-container":
        return f"is that of the landing zone of sources, where no exports go; {meant}"
    return ""
