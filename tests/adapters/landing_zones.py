"""Landing zones for tests: a stand-in that gives the credentials a test says, and counts how often it was asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from adapters.landing_zone import LandingZoneAdapter
from auditor.worlds.platform import AmazonZone, AzureZone, PlatformServer, serve_landing_zone

CREDENTIALS = "/landingzone/credentials$"


@dataclass
class Zones:
    """Opens adapters whose credentials `current` gives."""

    platform: PlatformServer

    @property
    def options(self) -> dict[str, Any]:
        gate = self.platform.gate
        return {
            "name": "prod",
            "org_id": gate.org_id,
            "sandbox": None,  # as a configuration without it
            "client_id": gate.client_id,
            "client_secret": gate.client_secret,
            "base_url": self.platform.base_url,
            "token_url": self.platform.token_url,
        }

    def open(self, **options: Any) -> LandingZoneAdapter:
        given = {"experience_platform": self.options, "page_size": 3, "timeout": 10.0}
        return LandingZoneAdapter("lake", **given | options)

    @property
    def fetched(self) -> int:
        """How often the credentials were asked for."""
        return len(self.platform.asked(CREDENTIALS))

    def only_read(self) -> bool:
        """Nothing was asked of Experience Platform but a token and the zone of exports; never to reset anything."""
        calls = [call for call in self.platform.calls if call.path != "/ims/token/v3"]
        return all(call.method == "GET" and call.query == (("type", "dlz_destination"),) for call in calls)


@contextmanager
def zones(current: Callable[[], AzureZone | AmazonZone]) -> Iterator[Zones]:
    with PlatformServer() as platform:
        serve_landing_zone(platform, lambda _: current())
        made = Zones(platform)
        yield made
        assert made.only_read()


def in_turn(*given: AzureZone | AmazonZone) -> Callable[[], AzureZone | AmazonZone]:
    """Each once; the last one again and again."""
    left = list(given)
    return lambda: left.pop(0) if len(left) > 1 else left[0]
