"""`severity: {code: level}` -> overrides of the catalogue."""

from auditor.checks import CATALOGUE
from auditor.model import Severity
from auditor.settings.problems import Path, did_you_mean, quoted
from auditor.settings.values import parse_choice
from auditor.settings.yaml_tree import Tree, Value

_LEVELS = {level.value: level for level in Severity}


def read_severities(section: Value, path: Path, tree: Tree) -> dict[str, Severity]:
    """The overrides of a flow or destination that are right; each that is not becomes a problem.

    Reads the text, not the model, so that other mistakes beside them do not hide these. Of the shape (a
    mapping of words to words) the models speak.
    """
    given = section.get("severity") if isinstance(section, dict) else None
    overrides: dict[str, Severity] = {}
    for code, level in given.items() if isinstance(given, dict) else ():
        if code not in CATALOGUE:
            hint = did_you_mean(code, CATALOGUE)
            message = f"{quoted(code)} is no finding code; `export-auditor explain` lists them.{hint}"
            tree.add((*path, "severity", code), message, at_key=True)
            continue
        try:
            if isinstance(level, str):
                overrides[code] = _LEVELS[parse_choice(level, _LEVELS)]
        except ValueError as error:
            tree.add((*path, "severity", code), str(error))
    return overrides
