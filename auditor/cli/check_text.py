"""What the checks of destinations and of Experience Platform show alike: how a step came out, what to know of it."""

from rich.text import Text

from auditor.report.sheet import Sheet
from auditor.report.standing import Standing
from auditor.service.checking import Outcome

_STANDING = {
    Outcome.DONE: Standing.GOOD,
    Outcome.FAILED: Standing.ATTENTION,
    Outcome.NOTHING: Standing.WAITING,
    Outcome.NOT_TRIED: Standing.UNKNOWN,
}


def outcome_cell(sheet: Sheet, outcome: Outcome, took_ms: int | None) -> Text:
    """A symbol, and how long it took where that is known."""
    symbol, style = sheet.symbol(_STANDING[outcome])
    if outcome is Outcome.NOT_TRIED:
        return sheet.text(("–", "dim"))
    if outcome is Outcome.NOTHING:
        return sheet.text((f"{symbol} nothing", style))
    told = "" if took_ms is None else f" {took_ms:,} ms" if took_ms else " <1 ms"
    return sheet.text((f"{symbol}{told}", style))


def say_apart(sheet: Sheet, symbol: tuple[str, str], text: str) -> None:
    """A paragraph of its own that begins with `symbol` (and its style)."""
    sheet.gap()
    sheet.say((f"{symbol[0]} ", symbol[1]), text, hang=2)
