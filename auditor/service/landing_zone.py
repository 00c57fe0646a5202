"""A Data Landing Zone, asked how long it keeps files and how long its credentials last."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.base import Unsupported
from adapters.experience_platform import ExperiencePlatform
from adapters.experience_platform.landing_zone import (
    AmazonLandingZone,
    read_landing_zone,
    read_landing_zone_lifetime,
)
from auditor.settings import Destination

T = TypeVar("T")


class AskedZone:
    """By the sandbox that the destination names. Satisfies `Zone`; opened for each question, and closed again."""

    def __init__(self, destination: Destination) -> None:
        self._name = destination.name
        options: Any = destination.options["experience_platform"]
        self._options = {key: value for key, value in dict(options).items() if value is not None}

    def read_lifetime(self) -> timedelta | None:
        return self._ask(read_landing_zone_lifetime)

    def read_expiry(self) -> datetime | None:
        zone = self._ask(read_landing_zone)
        return zone.expires_at if isinstance(zone, AmazonLandingZone) else None

    def _ask(self, question: Callable[[ExperiencePlatform], T]) -> T:
        try:
            platform = ExperiencePlatform(**self._options)
        except ValueError as error:
            raise Unsupported(str(error), destination=self._name, operation="open") from None
        try:
            return question(platform)
        finally:
            platform.close()
