"""The catalogue of findings: what may be found, how bad it is, why it matters and what to do.

One module per family, one constant per finding type, named as its code. Pure.
"""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from auditor.checks import access, arrival, file, flow, integrity, layout, manifest, protection, schema, service, waiver
from auditor.model import FindingType

__all__ = ["CATALOGUE", "FAMILIES"]

_MODULES: tuple[ModuleType, ...] = (
    *(arrival, flow, layout, manifest, file, schema, integrity),
    *(protection, waiver, access, service),
)


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
