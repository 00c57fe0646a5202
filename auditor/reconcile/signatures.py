"""When shared access signatures of Azure end, as they say themselves. Pure: gives back a time, and nothing of them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs

_TOKEN: Final = re.compile(r"sharedaccesssignature=(.*?)(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SignatureEnd:
    """`when` is None where `why` says why it cannot be told."""

    when: datetime | None = None
    why: str = ""


def read_signature_end(text: str) -> SignatureEnd | None:
    """The end of a token, of an address with one, or of that in a connection string; None where there is no token."""
    if found := _TOKEN.search(text):
        text = found[1]
    elif "accountname=" in text.lower() or "blobendpoint=" in text.lower():
        return None
    query = parse_qs(text.strip().rpartition("?")[2], keep_blank_values=True)
    if "sig" not in query:
        return None
    if "se" not in query:
        policy = "it refers to a stored policy (`si=`), which holds it" if "si" in query else "it has no `se=`"
        return SignatureEnd(why=f"its end cannot be told: {policy}")
    when = _moment(query["se"][0].strip())
    return SignatureEnd(when) if when else SignatureEnd(why="its end cannot be told: `se=` is no moment")


def _moment(text: str) -> datetime | None:
    """As Azure takes it: a day, minutes, seconds or fractions of them; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return None
