"""A landing zone in Azure: scans go on while its SAS ends, on a real server that refuses an old one."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from adapters.base import AccessDenied, CredentialExpired, NotFound, Unreachable
from adapters.landing_zone import LandingZoneAdapter
from adapters.retry import Policy, RetryingAdapter
from auditor.worlds.platform import AzureZone, Reply
from tests.adapters.landing_zones import CREDENTIALS, in_turn, zones
from tests.servers.azurite import ACCOUNT, Azurite, azurite

__all__ = ["azurite"]

KEYS = [f"p/{n:02}" for n in range(20)]
LIVES_S = 2.0  # Azure counts whole seconds


@pytest.fixture
def container(azurite: Azurite) -> str:
    name = azurite.make_container()
    for key in KEYS:
        azurite.put(name, key, key.encode() * 1000)
    return name


class Short:
    """Zones of one container whose SAS ends soon."""

    def __init__(self, azurite: Azurite, container: str) -> None:
        self.azurite, self.container = azurite, container

    def zone(self, permissions: str = "rl", lives_s: float = 3600.0, container: str = "") -> AzureZone:
        name = container or self.container
        ends = datetime.now(UTC) + timedelta(seconds=lives_s)
        sas = self.azurite.container_sas(name, permissions, expiry=ends)
        return AzureZone(ACCOUNT, name, sas, endpoint=self.azurite.account_url)

    def ending(self) -> AzureZone:
        return self.zone(lives_s=LIVES_S)


def wait_for_the_end() -> None:
    time.sleep(LIVES_S + 0.2)


@pytest.fixture
def short(azurite: Azurite, container: str) -> Short:
    return Short(azurite, container)


def test_a_listing_goes_on_at_the_same_page_when_its_sas_has_ended(short: Short):
    with zones(short.ending) as made:
        adapter = RetryingAdapter(made.open())
        got = []
        for number, info in enumerate(adapter.list_objects("p/")):
            if number in (4, 11):
                wait_for_the_end()
            got.append(info.key)
        assert got == KEYS
        assert made.fetched == 3
        assert adapter.retries == 0
        adapter.close()


def test_folders_reads_and_descriptions_go_on_too(short: Short):
    with zones(short.ending) as made:
        adapter = made.open()
        listing = adapter.list_folder("p/")
        first = next(listing)
        with adapter.read_object("p/00", version=getattr(first, "version", "")) as stream:
            assert stream.read(5) == b"p/00p"
            wait_for_the_end()
            assert len(stream.read()) == 4 * 1000 - 5, "what was begun with an old SAS is read to its end"
        assert [first, *listing] == list(adapter.list_objects("p/"))
        wait_for_the_end()
        assert adapter.describe_object("p/01").size == 4000
        with adapter.read_object("p/02", 1, 3) as stream:
            assert stream.read() == b"/02"
        assert made.fetched == 3
        adapter.close()


def test_many_threads_share_one_renewal(short: Short):
    from concurrent.futures import ThreadPoolExecutor

    with zones(short.ending) as made:
        adapter = made.open()
        adapter.describe_object("p/00")
        wait_for_the_end()
        with ThreadPoolExecutor(6) as pool:
            sizes = list(pool.map(lambda key: adapter.describe_object(key).size, KEYS))
        assert sizes == [4000] * 20
        assert made.fetched == 2
        adapter.close()


def test_the_same_sas_again_leaves_the_refusal_as_it_is(short: Short):
    ended = short.zone(lives_s=-60)
    with zones(lambda: ended) as made:
        adapter = made.open()
        for ask in (lambda: list(adapter.list_objects("")), lambda: adapter.describe_object("p/00")):
            with pytest.raises(CredentialExpired) as caught:
                ask()
            assert caught.value.destination == "lake"
        assert made.fetched == 2, "not for each refused file anew"
        adapter.close()


def test_a_right_that_is_missing_is_asked_about_once_and_told(short: Short):
    lister = short.zone("l")
    with zones(lambda: lister) as made:
        adapter = made.open()
        assert len(list(adapter.list_objects("p/"))) == 20
        for key in KEYS[:3]:
            with pytest.raises(AccessDenied):
                adapter.read_object(key)
        assert made.fetched == 2
        adapter.close()


def test_a_new_sas_with_the_right_is_used(short: Short):
    with zones(in_turn(short.zone("l"), short.zone("rl"))) as made:
        adapter = made.open()
        assert adapter.describe_object("p/00").size == 4000
        assert made.fetched == 2
        adapter.close()


def test_a_fixed_sas_that_has_ended_stands(short: Short):
    zone = short.zone(lives_s=-60)
    adapter = LandingZoneAdapter("lake", sas_uri=f"{zone.endpoint}/{zone.container}?{zone.sas}")
    with pytest.raises(CredentialExpired):
        next(adapter.list_objects(""))
    assert adapter.read_lifetime() is None
    adapter.close()


def test_a_fixed_sas_that_is_good_reads(short: Short):
    zone = short.zone()
    adapter = LandingZoneAdapter("lake", sas_uri=f"{zone.endpoint}/{zone.container}?{zone.sas}", page_size=7)
    assert [info.key for info in adapter.list_objects("p/")] == KEYS
    adapter.close()


def test_the_rights_to_write_that_a_sas_has_are_told(short: Short):
    for permissions, letters in (("racwdl", "acwd"), ("rl", "")):
        zone = short.zone(permissions)
        with zones(lambda zone=zone: zone) as made:
            adapter = made.open()
            rights = adapter.excess_rights()
            assert [right.split()[2] for right in rights] == list(letters)
            adapter.close()


def test_a_zone_that_moved_is_found_by_the_next_call_and_never_mixed_into_a_listing(short: Short, azurite: Azurite):
    other = azurite.make_container()
    azurite.put(other, "p/elsewhere", b"1")
    with zones(in_turn(short.ending(), short.zone(container=other))) as made:
        adapter = made.open()
        listing = adapter.list_objects("p/")
        got = [next(listing).key for _ in range(4)]
        wait_for_the_end()
        with pytest.raises(CredentialExpired):
            got += [info.key for info in listing]
        assert got == KEYS[: len(got)]
        assert [info.key for info in adapter.list_objects("")] == ["p/elsewhere"]
        adapter.close()


def test_experience_platform_down_in_the_middle_is_waited_for(short: Short):
    with zones(short.ending) as made:
        waits: list[float] = []
        adapter = RetryingAdapter(made.open(), Policy(sleep=waits.append))
        listing = adapter.list_objects("p/")
        got = [next(listing).key for _ in range(4)]
        wait_for_the_end()
        made.platform.fail(CREDENTIALS, Reply(503, headers={"Retry-After": "3"}), times=2)
        got += [info.key for info in listing]
        assert got == KEYS
        assert waits == [3.0, 3.0]
        made.platform.fail(CREDENTIALS, Reply(500), times=99)
        wait_for_the_end()
        with pytest.raises(Unreachable, match="cannot be had from Experience Platform prod"):
            list(adapter.list_objects("p/"))
        adapter.close()


def test_a_container_that_is_not_there_is_not_an_empty_one(short: Short):
    with zones(lambda: short.zone(container="dlz-absent")) as made:
        adapter = made.open()
        with pytest.raises(NotFound):
            list(adapter.list_objects(""))
        adapter.close()
