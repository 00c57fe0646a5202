"""The catalogue of findings: what may be found, how bad it is, why it matters and what to do.

One module per family, one constant per finding type, named as its code. Pure.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType, ModuleType

from auditor.checks import access, arrival, file, layout, manifest, protection, schema, waiver
from auditor.model import Evidence, Finding, FindingType, Severity

__all__ = ["CATALOGUE", "FAMILIES", "make_finding", "severity_of"]

_MODULES: tuple[ModuleType, ...] = (arrival, layout, manifest, file, schema, protection, waiver, access)


def _entries(module: ModuleType) -> tuple[FindingType, ...]:
    """The finding types of one family, in the order they are written."""
    return tuple(value for value in vars(module).values() if isinstance(value, FindingType))


FAMILIES: Mapping[str, tuple[FindingType, ...]] = MappingProxyType(
    {module.__name__.rsplit(".", 1)[-1]: _entries(module) for module in _MODULES}
)
"""Finding types by family, in reading order."""

CATALOGUE: Mapping[str, FindingType] = MappingProxyType(
    {entry.code: entry for entries in FAMILIES.values() for entry in entries}
)
"""Finding types by code, in reading order."""


def severity_of(code: str, *overrides: Mapping[str, Severity]) -> Severity:
    """The severity of `code`: from the first of `overrides` that names it, else the catalogue's.

    Give the nearest first: the flow's, then the destination's. Raises KeyError for an unknown code.
    """
    default = CATALOGUE[code].severity
    return next((levels[code] for levels in overrides if code in levels), default)


def make_finding(
    kind: FindingType | str,
    message: str,
    *,
    destination: str = "",
    flow: str = "",
    dataset: str = "",
    due: datetime | None = None,
    key: str = "",
    evidence: Evidence = MappingProxyType({}),
    overrides: tuple[Mapping[str, Severity], ...] = (),
) -> Finding:
    """One occurrence of `kind` (a catalogue entry or its code) with the severity that holds for its subject.

    `overrides`: as for `severity_of`. Raises KeyError for a code that is not in the catalogue.
    """
    code = kind if isinstance(kind, str) else kind.code
    return Finding(
        code=code,
        severity=severity_of(code, *overrides),
        message=message,
        destination=destination,
        flow=flow,
        dataset=dataset,
        due=due,
        key=key,
        evidence=dict(evidence),
    )
