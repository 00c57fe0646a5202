"""`experience_platform:` – the organisations and sandboxes that are asked, with the client's login."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import BeforeValidator

from auditor.settings.destination_models.names import SafeEndpoint
from auditor.settings.expiry import Expiry, make_expiry
from auditor.settings.fields import Text, YesNo, key, needed, one_value, plain_text
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.secret_keys import Secret, SecretSection, check_nothing_for_secrets, read_secrets, secret_key
from auditor.settings.sections import read_section
from auditor.settings.yaml_tree import Tree, Value

_ORGANISATION = re.compile(r"[0-9A-Za-z]+@AdobeOrg", re.ASCII)
_OPTIONS = ("org_id", "sandbox", "client_id", "scopes", "base_url", "token_url")
SCOPES = ("openid", "AdobeID", "read_organizations", "additional_info.projectedProductContext", "session")
"""What Adobe's developer console lists for Experience Platform APIs (OAuth server-to-server)."""
BASE_URL = "https://platform.adobe.io"
TOKEN_URL = "https://ims-na1.adobelogin.com/ims/token/v3"  # noqa: S105 (an address, and no token)


def _organisation(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    if not _ORGANISATION.fullmatch(plain_text(given)):
        raise ValueError(f"{quoted(given)} is no organisation id; copy it whole, it ends with @AdobeOrg")
    return given


def _scopes(given: Any) -> Any:
    words = re.split(r"[,\s]+", given.strip(", \n")) if isinstance(given, str) else given
    if isinstance(words, list) and (not words or any(isinstance(one, str) and not one.strip() for one in words)):
        raise ValueError("has an empty scope; write words, or leave the key out")
    return words


class ExperiencePlatformSection(SecretSection):
    """One sandbox of an organisation, asked with an OAuth server-to-server credential."""

    org_id: Annotated[str, BeforeValidator(_organisation)] = needed(
        "Organisation id.", example="5B4C0D1E2F3A4B5C6D7E8F90@AdobeOrg"
    )
    sandbox: Text = needed("Name of the sandbox.", example="prod")
    client_id: Text = needed("Client id of the credential.", example="9f8e7d6c5b4a39281706f5e4d3c2b1a0")
    client_secret: Secret | None = secret_key(
        "Its secret; needed, here or by its file.", default="–", example="${AUDIT_AEP_SECRET}"
    )
    scopes: Annotated[list[Text], BeforeValidator(_scopes)] = key(
        "Scopes to ask for: a list, or one line as the developer console shows them.",
        default=", ".join(SCOPES),
        example="[openid, AdobeID]",
        given=list(SCOPES),
    )
    base_url: SafeEndpoint = key("Where its APIs are.", default=BASE_URL, example=BASE_URL, given=BASE_URL)
    token_url: SafeEndpoint = key("Where tokens are given.", default=TOKEN_URL, example=TOKEN_URL, given=TOKEN_URL)
    discover: YesNo = key(
        "Audit every dataset-export flow of the sandbox, by the schedules it had; `flows` may say more of each.",
        default="false",
        example="false",
        given=False,
    )
    allow_write: YesNo = key(
        "Let `exports apply` set up flows there; nothing else ever writes.",
        default="false",
        example="false",
        given=False,
    )


@dataclass(frozen=True)
class ExperiencePlatformFacts:
    """A sandbox that can be asked. `options` are the client's keyword arguments and hold a secret: never shown."""

    name: str
    org_id: str
    sandbox: str
    discover: bool
    allow_write: bool
    options: Mapping[str, object] = field(repr=False)
    expiry: Expiry | None = None  # of its secret, as written down


def read_experience_platforms(
    given: Value, folder_of: Callable[[Path], FilePath], environ: Mapping[str, str], tree: Tree
) -> dict[str, ExperiencePlatformFacts | None]:
    """Every entry by name; None for one with mistakes. Files are relative to where the section is written."""
    if given is None:
        return {}
    top: Path = ("experience_platform",)
    if not isinstance(given, dict):
        tree.add(top, "a mapping of names belongs here, as in {prod: {org_id: …, sandbox: prod, client_id: …}}")
        return {}
    return {name: _read(name, one, folder_of((*top, name)), environ, tree) for name, one in given.items()}


def _read(
    name: str, given: Value, folder: FilePath, environ: Mapping[str, str], tree: Tree
) -> ExperiencePlatformFacts | None:
    path: Path = ("experience_platform", name)
    before = len(tree.problems)
    check_nothing_for_secrets(given, ExperiencePlatformSection, path, tree)
    section = read_section(ExperiencePlatformSection, given, path, tree)
    if section is None:
        return None
    if not section.has("client_secret") and len(tree.problems) == before:
        tree.add((*path, "client_secret"), "is missing; add it, as in client_secret: ${AUDIT_AEP_SECRET}")
    secrets = read_secrets(section, folder, environ, path, tree)
    if len(tree.problems) > before:
        return None
    options = {one: getattr(section, one) for one in _OPTIONS} | secrets
    expiry = make_expiry(section.ends(), f"client secret of {name}", platform=name)
    return ExperiencePlatformFacts(
        name, section.org_id, section.sandbox, section.discover, section.allow_write, options, expiry
    )


def find_platform(
    name: str, known: Mapping[str, ExperiencePlatformFacts | None], path: Path, tree: Tree
) -> Mapping[str, object] | None:
    """What opens the client of entry `name`; None where there is none, or one with mistakes."""
    if name not in known:
        hint = did_you_mean(name, known) or (f" Known are: {', '.join(map(quoted, known))}." if known else "")
        tree.add(path, f"{quoted(name)} is no entry of experience_platform; add it there.{hint}")
    facts = known.get(name)
    return {"name": name, **facts.options} if facts else None
