"""`severity: {code: level}` -> overrides of the catalogue."""

from collections.abc import Mapping

from auditor.checks import CATALOGUE
from auditor.model import Severity
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.values import parse_choice
from auditor.settings.yaml_tree import Tree

_LEVELS = {level.value: level for level in Severity}


def read_severities(given: Mapping[str, str], path: Path, tree: Tree) -> dict[str, Severity]:
    """The overrides that are right; each that is not becomes a problem."""
    overrides: dict[str, Severity] = {}
    for code, level in given.items():
        if code not in CATALOGUE:
            hint = did_you_mean(code, CATALOGUE)
            message = f"{quoted(code)} is no finding code; `export-auditor explain` lists them.{hint}"
            tree.add((*path, code), message, at_key=True)
            continue
        try:
            overrides[code] = _LEVELS[parse_choice(level, _LEVELS)]
        except ValueError as error:
            tree.add((*path, code), str(error))
    return overrides
