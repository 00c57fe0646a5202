"""What every type of destination has, and what each type says of itself."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, TypeAlias

from auditor.settings.destination_models.names import FolderPath
from auditor.settings.fields import (
    ArrivalWord,
    Concurrency,
    Duration,
    PageSize,
    Patterns,
    PositiveDuration,
    Text,
    key,
    needed,
)
from auditor.settings.models import Severities
from auditor.settings.secret_keys import SecretSection

Fault: TypeAlias = tuple[str, str]
"""The key that a contradiction is told at ("" for the destination as a whole), and the sentence."""


class DestinationSection(SecretSection):
    """What every destination may have."""

    retained: ClassVar[timedelta | None] = None
    """What `retain` is when it is left out."""

    type: Text = needed("What kind of place it is; each has its keys below.", example="s3")
    folder: FolderPath = key(
        "The folder path typed in Experience Platform, without slashes at its ends; may be nested.",
        default="(empty)",
        example="backups/aep",
        given="",
    )
    retain: PositiveDuration | None = key(
        "The place removes exports older than this by itself; they are then `expired`, not missing.",
        default="kept for ever",
        example="90d",
    )
    arrival: ArrivalWord | None = key(
        "Which clock says when an export arrived here: `modified`, `export_time` or `run`.",
        default="modified",
        example="modified",
    )
    severity: Severities = key(
        "Severities of finding codes for everything here.",
        default="the catalogue's",
        example="{stray-object: warning}",
        given={},
    )
    ignore: Patterns = key(
        "Patterns of keys below the folder path that are not looked at; see [below](#names-that-are-not-looked-at).",
        default="none",
        example='["*.bak", archive/**]',
        given=[],
    )
    concurrency: Concurrency | None = key(
        "Most reads at a time, 1 to 256. No effect on a local folder.", default="10; sftp: 4", example="8"
    )
    page_size: PageSize | None = key(
        "Objects asked for in one page of a listing. No effect on a local folder and over SFTP.",
        default="1000",
        example="1000",
    )
    timeout: Duration | None = key(
        "Longest wait for one answer, 1s to 1h. No effect on a local folder.", default="60s", example="60s"
    )

    def place(self, options: Mapping[str, object], /) -> str:
        """For people: where it is, by `options` as the adapter gets them; without any secret and without the folder."""
        raise NotImplementedError

    def split_folder(self) -> tuple[str, dict[str, object]]:
        """The folder as a prefix of keys, and options that go with it."""
        return self.folder, {}

    def find_contradictions(self) -> Iterator[Fault]:
        """What would be refused, or silently ignored, by the provider's client."""
        return iter(())

    def find_bad_secrets(self, _secrets: Mapping[str, str], /) -> Iterator[Fault]:
        """Secrets whose shape shows that they are something else. Nothing of them is repeated."""
        return iter(())

    def find_two_ways(self, *ways: tuple[str, ...]) -> Iterator[Fault]:
        """Several ways to log in at once, each told by its keys: the client would silently prefer one."""
        given = [next(one for one in keys if self.has(one)) for keys in ways if any(map(self.has, keys))]
        for other in given[1:]:
            yield self.written(other), f"stands beside {self.written(given[0])}; keep one way to log in"

    def find_halves(self, *keys: str, without: str) -> Iterator[Fault]:
        """Some of `keys` without the rest. `without`: what holds when all are left out."""
        present = [self.written(one) for one in keys if self.has(one)]
        lacking = [one for one in keys if not self.has(one)]
        if present and lacking:
            them, all_ = "it" if len(lacking) == 1 else "them", "both" if len(keys) == 2 else "all of them"
            yield "", f"has {_and(present)} without {_and(lacking)}; add {them}, or leave {all_} out for {without}"


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
