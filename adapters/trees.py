"""Directory trees as flat keys: what a local directory and an SFTP server have in common."""

from dataclasses import dataclass, field
from typing import Final

SEPARATOR: Final = "/"


def order(key: str) -> bytes:
    """Keys are sorted by their bytes, those that are no UTF-8 included."""
    return key.encode("utf-8", "surrogatepass")


def names_nothing(key: str) -> bool:
    """Is there no file that `key` could name? A key is data, never a path to follow: neither up nor from the top."""
    return "\0" in key or any(part in ("", ".", "..") for part in key.split(SEPARATOR))


@dataclass(frozen=True, slots=True)
class Wish:
    """Which keys are asked for: those that begin with `prefix` and are not below `start_at`."""

    prefix: str
    start_at: bytes = b""

    @classmethod
    def of(cls, prefix: str, start_at: str = "") -> "Wish":
        return cls(prefix, order(start_at))

    def includes(self, key: str) -> bool:
        return key.startswith(self.prefix) and order(key) >= self.start_at

    def may_be_below(self, directory: str) -> bool:
        """May a key below `directory` (ends with a slash) be asked for? If not, it need not be opened."""
        reaches = directory.startswith(self.prefix) or self.prefix.startswith(directory)
        own = order(directory)
        return reaches and (own >= self.start_at or self.start_at.startswith(own))


@dataclass(slots=True)
class Remarks:
    """What was noticed on the way without failing: each kind once, with one example. So the list is bounded."""

    texts: list[str] = field(default_factory=list)

    def add(self, text: str, key: str) -> None:
        if not any(remark.startswith(text) for remark in self.texts):
            self.texts.append(f"{text} (for example {key!r})" if key else text)
