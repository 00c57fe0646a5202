"""When the credentials of a landing zone are fetched: at first use, before they end, when refused; never in a loop."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.base import DestinationError, Unreachable
from adapters.experience_platform.landing_zone import AmazonLandingZone, AzureLandingZone
from adapters.landing_zone_login import Zone, ZoneLogin

DOWN = Unreachable("down", destination="p", operation="GET")


def amazon(key: str = "k1", left_s: float | None = 3600.0, bucket: str = "b") -> AmazonLandingZone:
    return AmazonLandingZone(bucket, "f", key, "s", "t", datetime(2026, 10, 1, tzinfo=UTC), left_s)


def azure(sas: str = "sig=1") -> AzureLandingZone:
    return AzureLandingZone("https://a.blob.core.windows.net", "dlz-destination", sas)


class Scene:
    """A login on a clock that the test moves; `answers` are given in turn."""

    def __init__(self, *answers: Zone | DestinationError) -> None:
        self.now_s = 50.0
        self.fetched = 0
        self.answers = list(answers)
        self.login = ZoneLogin(self.fetch, lambda: self.now_s)

    def fetch(self) -> Zone:
        self.fetched += 1
        answer = self.answers.pop(0)
        if isinstance(answer, DestinationError):
            raise answer
        return answer


DUE = [  # seconds left when answered, not due after, due after
    (3600.0, 3299, 3300),
    (600.0, 299, 300),
    (60.0, 29, 30),
    (4.0, 1, 2),
    (0.0, 9, 10),
    (-100.0, 9, 10),  # by whoever gave them they have ended: used all the same, and not fetched at each call
    (None, 10**9, None),
]


@pytest.mark.parametrize("left_s, kept_s, due_s", DUE)
def test_they_are_renewed_before_they_end(left_s, kept_s, due_s):
    scene = Scene(amazon(left_s=left_s))
    assert scene.login.is_due
    assert scene.login.fetch_due()
    begun = scene.now_s
    scene.now_s = begun + kept_s
    assert not scene.login.is_due
    if due_s is not None:
        scene.now_s = begun + due_s
        assert scene.login.is_due


def test_the_end_of_a_sas_is_not_known():
    scene = Scene(azure())
    scene.login.fetch_due()
    scene.now_s += 10**9
    assert not scene.login.is_due


def test_old_ones_hold_while_new_ones_cannot_be_had():
    scene = Scene(amazon(left_s=600), DOWN, DOWN, amazon("k2", left_s=600))
    scene.login.fetch_due()
    scene.now_s += 300
    assert not scene.login.fetch_due()
    assert not scene.login.is_due, "not at each call"
    scene.now_s += 300
    with pytest.raises(Unreachable):
        scene.login.fetch_due()
    assert scene.login.fetch_due()
    assert scene.login.zone == amazon("k2", left_s=600)


def test_without_any_the_failure_stands():
    scene = Scene(DOWN, azure())
    with pytest.raises(Unreachable):
        scene.login.fetch_due()
    assert scene.login.is_due
    assert scene.login.fetch_due()


REFUSED: list[tuple[str, Any, Any, bool]] = [
    ("the same SAS", azure(), azure(), False),
    ("another SAS", azure(), azure("sig=2"), True),
    ("the same keys with a later end", amazon(), amazon(left_s=7200), False),
    ("other keys", amazon(), amazon("k2"), True),
    ("another place", amazon(), amazon(bucket="c"), True),
    ("another provider", amazon(), azure(), True),
]


@pytest.mark.parametrize("_, first, then, is_other", REFUSED, ids=[case[0] for case in REFUSED])
def test_refused_ones_are_fetched_again_once(_: str, first, then, is_other):
    scene = Scene(first, then, then)
    scene.login.fetch_due()
    assert scene.login.fetch_refused() == is_other
    if not is_other:
        assert scene.login.zone is first
        assert not scene.login.fetch_refused(), "a refusal for each of a million files is no reason to ask each time"
        assert scene.fetched == 2
        scene.now_s += 10
        assert not scene.login.fetch_refused()
        assert scene.fetched == 3


def test_repr_has_no_secret():
    zones: list[Callable[[], Zone]] = [
        lambda: azure("sig=s3cr3t"),
        lambda: AmazonLandingZone("b", "f", "k", "s3cr3t", "s3cr3t"),
    ]
    for make in zones:
        assert "s3cr3t" not in repr(make())
