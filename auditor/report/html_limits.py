"""How much of an audit stands in one page before the rest is only counted, and said to be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HtmlLimits:
    """Each bounds one list. What is in order is left out first."""

    datasets: int = 500  # rows of the table of datasets
    calendar_rows: int = 150
    days: int = 42  # columns, from there on weeks
    columns: int = 53  # of weeks, months or years
    occurrences: int = 50  # of one finding type
    open_occurrences: int = 8  # of these, shown without opening the rest
    values: int = 16  # of evidence, of one finding
    longest: int = 300  # characters of one of these
    unexpected: int = 100  # folders that no run asked for
    reasons: int = 30  # why something could not be checked
    subjects: int = 25  # of one reason
    flows: int = 100  # that are watched
    unprotected: int = 50  # datasets with files without checksums
