"""What a reader's screen can show. The only thing a report format knows beside the result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """`width` in character cells; `unicode` False where the terminal's encoding cannot show more than ASCII."""

    width: int = 100
    colour: bool = False
    unicode: bool = True
    occurrences: int = 10  # of one finding type, or of one reason, before the rest is only counted
    rows: int = 200  # datasets in the table before those in order are only counted
