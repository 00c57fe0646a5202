"""Numbers, times and sizes as people read them. Pure."""

from datetime import UTC, datetime

UNITS = ("kB", "MB", "GB", "TB", "PB")


def render_count(count: int, one: str, many: str = "") -> str:
    """`1 file`, `1,204 files`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def render_instant(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`; microseconds only where there are any. Raises ValueError without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be reported")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def render_minute(moment: datetime) -> str:
    """`2026-10-03 06:00Z`; seconds only where there are any, so that nothing is rounded."""
    text = render_instant(moment.replace(microsecond=0)).replace("T", " ")
    return text.removesuffix(":00Z") + "Z" if text.endswith(":00Z") else text


def render_bytes(size: int) -> str:
    """`512 bytes`, `3.1 GB`: decimal units, as storage providers bill."""
    if size < 1000:
        return render_count(size, "byte")
    power = 1
    while power < len(UNITS) and size >= 999.95 * 1000**power:
        power += 1
    return f"{size / 1000**power:,.1f} {UNITS[power - 1]}"
