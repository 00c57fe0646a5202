"""What one sandbox holds: JSON objects in the shapes that Adobe documents, served as they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

Entity: TypeAlias = dict[str, Any]

DATA_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
CONNECTION_SPECS = {
    "s3": "4fce964d-3f37-408f-9778-e597338a21ee",
    "azure-blob": "6d6b59bf-fb58-4107-9064-4d246c0e5bb2",
    "adls-gen2": "be2c3209-53bc-47e7-ab25-145db8b873e1",
    "data-landing-zone": "10440537-2a7b-4583-ac39-ed38d4b848e8",
    "gcs": "c5d93acb-ea8b-4b14-8f53-02138444ae99",
    "sftp": "36965a81-b1c6-401b-99f8-22508f1e6a26",
}
FLOW_SPECS = {
    "s3": "269ba276-16fc-47db-92b0-c1049a3c131f",
    "azure-blob": "95bd8965-fc8a-4119-b9c3-944c2c2df6d2",
    "adls-gen2": "17be2013-2549-41ce-96e7-a70363bec293",
    "data-landing-zone": "cd2fc47e-e838-4f38-a581-8fff2f99b63a",
    "gcs": "585c15c4-6cbf-4126-8f87-e26bff78b657",
    "sftp": "354d6aad-4754-46e4-a576-1b384561c440",
}
AUDIENCES = "71471eba-b620-49e4-90fd-23f1fa0174d8"  # flow spec of an audience export, of Adobe's own sample


@dataclass
class Stock:
    """One sandbox. Each mapping goes by id; what is changed in it while it is served, is changed.

    `connections` are base connections. `eligible` are the datasets that can be exported, `datasets` and `batches`
    what Catalog says (without their ids, which are its keys).
    """

    org_id: str = "0123456789ABCDEF01234567@AdobeOrg"
    sandbox: str = "prod"
    sandbox_id: str = "d9df072c-2d5c-4247-9f07-2c2d5cd247b6"
    flows: dict[str, Entity] = field(default_factory=dict)
    runs: dict[str, Entity] = field(default_factory=dict)
    sources: dict[str, Entity] = field(default_factory=dict)
    targets: dict[str, Entity] = field(default_factory=dict)
    connections: dict[str, Entity] = field(default_factory=dict, repr=False)  # with their secrets
    eligible: dict[str, Entity] = field(default_factory=dict)
    datasets: dict[str, Entity] = field(default_factory=dict)
    batches: dict[str, Entity] = field(default_factory=dict)

    def add(self, kind: str, *entities: Entity) -> None:
        """Put `entities` among those of `kind`, the name of a field."""
        self._of(kind).update({entity["id"]: entity for entity in entities})

    def _of(self, kind: str) -> dict[str, Entity]:
        found: dict[str, Entity] = getattr(self, kind)
        return found

    def owned(self, entity_id: str, *, created_ms: int, updated_ms: int | None = None) -> Entity:
        """The fields that every object has, in Adobe's order."""
        return {
            "id": entity_id,
            "createdAt": created_ms,
            "updatedAt": created_ms if updated_ms is None else updated_ms,
            "createdBy": "0A4334FA556585B77F000101@AdobeID",
            "updatedBy": "acp_foundation_connectors@AdobeID",
            "createdClient": "exc_app",
            "updatedClient": "acp_foundation_connectors",
            "sandboxId": self.sandbox_id,
            "sandboxName": self.sandbox,
            "imsOrgId": self.org_id,
        }


def make_id(*seed: object) -> str:
    """A UUID; the same for the same seed."""
    return str(UUID(int=_random(seed).getrandbits(128), version=4))


def make_etag(*seed: object) -> str:
    """An etag as Adobe writes them: with its quotes."""
    number = f"{_random(seed).getrandbits(64):016x}"
    return f'"{number[:8]}-0000-0200-0000-{number[8:]}0000"'


def _random(seed: Iterable[object]) -> Random:
    return Random("/".join(map(str, seed)))
