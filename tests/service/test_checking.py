"""A check of destinations says how far each came, and one that hangs keeps nobody waiting beyond its own timeout."""

import threading
import time
from datetime import timedelta

import pytest

from adapters.base import (
    AccessDenied,
    Archived,
    Changed,
    ClockSkew,
    CredentialExpired,
    DestinationError,
    NotFound,
    NotTrusted,
    Throttled,
    Traits,
    Unreachable,
    Unsupported,
)
from auditor.model import DestinationFacts
from auditor.service import checking
from auditor.service.checking import Outcome, StepName, check_destinations
from auditor.settings import Destination
from tests.scan.memory import MemoryAdapter

TRAITS = Traits(True, True, timedelta(seconds=1), rights=("store:List", "store:Read"))
OBJECTS = {"a/": b"", "a/empty": b"", "a/full": b"0123456789" * 100, "b/other": b"x"}


def place(name="d", folder="a", **options):
    return Destination(DestinationFacts(name=name, folder=folder), "memory", options, f"memory://{name}")


def error(kind, reason="because", **more):
    return kind(reason, destination="d", operation="list", **more)


def check(adapter, destination=None):
    (found,) = check_destinations([destination or place()], open_adapter=lambda _: adapter)
    return found


def outcomes(found):
    return [step.outcome for step in found.steps]


def test_a_place_that_can_be_audited_is_listed_and_read_below_its_folder():
    adapter = MemoryAdapter(OBJECTS, traits=TRAITS)
    found = check(adapter)
    assert found.looked_at
    assert outcomes(found) == [Outcome.DONE] * 4
    assert found.step(StepName.READ).told == "a/full"  # the first that has bytes
    assert all(found.step(name).took_ms is not None for name in (StepName.LOG_IN, StepName.LIST, StepName.READ))
    assert {key for operation, key in adapter.calls if operation == "list"} == {"a/"}
    assert adapter.calls[-1] == ("close", "")


def test_no_more_than_one_page_is_listed_and_the_first_bytes_read():
    class Endless(MemoryAdapter):
        given = read = 0

        def list_objects(self, prefix, *, start_at=""):
            for n in range(10**9):
                self.given += 1
                yield self._info(f"a/{n % 3}")

        def read_object(self, key, start=0, length=None, *, version=""):
            self.read += length
            return super().read_object(key, start, length, version=version)

    adapter = Endless({f"a/{n}": b"x" * 10**6 for n in range(3)})
    assert check(adapter, place(page_size=3)).step(StepName.LIST).told == "the first 3 objects"
    assert adapter.given == 1 + 3
    assert adapter.read == checking.FIRST_BYTES


@pytest.mark.parametrize(
    "objects, archived, told",
    [
        ({}, (), "nothing to read yet; if exports should be here, compare the folder"),
        ({"a/": b"", "a/b/": b""}, (), "nothing to read yet"),
        ({"a/x": b"1"}, ("a/x",), "archived"),
    ],
)
def test_a_place_with_nothing_to_read_is_no_failure(objects, archived, told):
    found = check(MemoryAdapter(objects, archived=frozenset(archived)))
    assert found.looked_at
    assert outcomes(found) == [Outcome.DONE, Outcome.DONE, Outcome.DONE, Outcome.NOTHING]
    assert told in found.step(StepName.READ).told


REFUSED = [  # error of the first listing, the step it is told at, its code
    (Unreachable, StepName.REACH, "destination-unreachable"),
    (NotTrusted, StepName.REACH, "destination-unreachable"),
    (CredentialExpired, StepName.LOG_IN, "credential-expired"),
    (ClockSkew, StepName.LOG_IN, "clock-skew"),
    (AccessDenied, StepName.LIST, "access-denied"),
    (NotFound, StepName.LIST, "destination-unreachable"),
    (Throttled, StepName.LIST, "destination-unreachable"),
    (Unsupported, StepName.LIST, "destination-unreachable"),
]


@pytest.mark.parametrize("kind, at, code", REFUSED)
def test_a_refusal_is_told_at_the_step_that_failed_and_is_never_good(kind, at, code):
    refusal = error(kind, request_id="r-1")
    found = check(MemoryAdapter(OBJECTS, traits=TRAITS, fail_listing_under={"a/": refusal}))
    failed = [step for step in found.steps if step.outcome is Outcome.FAILED]
    assert [(step.name, step.code, step.told) for step in failed] == [(at, code, "because (request r-1)")]
    assert not found.looked_at
    assert found.steps[-1].outcome is Outcome.NOT_TRIED
    assert failed[0].lacks == (TRAITS.rights if kind is AccessDenied else ())
    assert [step.name for step in found.steps] == list(StepName)


def test_a_right_that_the_reason_names_is_not_told_twice():
    refusal = error(AccessDenied, "store:List is missing")
    found = check(MemoryAdapter(OBJECTS, traits=TRAITS, fail_listing_under={"a/": refusal}))
    assert found.step(StepName.LIST).lacks == ()


def test_who_may_list_and_not_read_is_told_so():
    found = check(MemoryAdapter(OBJECTS, traits=TRAITS, fail_reading={"a/full": error(AccessDenied)}))
    assert outcomes(found) == [Outcome.DONE, Outcome.DONE, Outcome.DONE, Outcome.FAILED]
    assert (found.looked_at, found.step(StepName.READ).lacks) == (False, TRAITS.rights)


@pytest.mark.parametrize("kind", [NotFound, Changed, Archived])
def test_an_object_that_went_away_or_is_archived_is_passed_over_for_the_next(kind):
    found = check(MemoryAdapter({"a/1": b"1", "a/2": b"2"}, fail_reading={"a/1": error(kind)}))
    assert found.step(StepName.READ).told == "a/2"


@pytest.mark.parametrize("rights", [None, (), ("store:Write",)])
def test_rights_too_many_are_a_warning_and_no_failure(rights):
    adapter = MemoryAdapter(OBJECTS)
    adapter.excess_rights = lambda: rights
    found = check(adapter)
    assert (found.looked_at, found.excess) == (True, rights)


def test_rights_that_cannot_be_asked_about_are_not_told():
    adapter = MemoryAdapter(OBJECTS)

    def refuse():
        raise error(AccessDenied)

    adapter.excess_rights = refuse
    assert (check(adapter).looked_at, check(adapter).excess) == (True, None)


def test_options_that_cannot_be_and_defects_of_ours_are_failures_of_that_one_alone():
    def broken(destination):
        if destination.name == "bad":
            raise ValueError("destination 'bad': no such option")
        adapter = MemoryAdapter(OBJECTS)
        if destination.name == "defect":
            adapter.list_objects = None
        return adapter

    names = ("bad", "defect", "good")
    found = {one.name: one for one in check_destinations(map(place, names), open_adapter=broken)}
    assert {name: one.looked_at for name, one in found.items()} == {"bad": False, "defect": False, "good": True}
    assert "no such option" in found["bad"].step(StepName.REACH).told
    assert "TypeError" in found["defect"].step(StepName.REACH).told


def test_one_that_hangs_delays_no_answer_and_is_given_up_after_its_timeout(monkeypatch):
    monkeypatch.setattr(checking, "GRACE_S", 0.1)
    freed = threading.Event()

    class Hangs(MemoryAdapter):
        def list_objects(self, prefix, *, start_at=""):
            if self.name == "hangs":
                freed.wait(30)
            return super().list_objects(prefix, start_at=start_at)

    destinations = [place("hangs", timeout=0.4), *(place(f"d{n}", timeout=20.0) for n in range(20))]
    start = time.monotonic()
    arrived = [
        (one.name, one.looked_at, time.monotonic() - start)
        for one in check_destinations(destinations, open_adapter=lambda one: Hangs(OBJECTS, one.name))
    ]
    freed.set()
    assert [name for name, _, _ in arrived][-1] == "hangs"
    assert all(good for name, good, _ in arrived if name != "hangs")
    assert 0.4 <= arrived[-1][2] < 10


def test_what_was_known_before_it_hung_is_told(monkeypatch):
    monkeypatch.setattr(checking, "GRACE_S", 0.0)
    freed = threading.Event()

    class HangsReading(MemoryAdapter):
        def read_object(self, key, start=0, length=None, *, version=""):
            freed.wait(30)
            return super().read_object(key, start, length, version=version)

    found = check(HangsReading(OBJECTS), place(timeout=0.5))
    freed.set()
    assert outcomes(found) == [Outcome.DONE, Outcome.DONE, Outcome.DONE, Outcome.FAILED]
    assert "no end within 0.5 s" in found.step(StepName.READ).told


def test_every_error_of_the_protocol_ends_in_an_answer():
    kinds = list(every(DestinationError))
    assert len(kinds) > 10
    for kind in kinds:
        assert not check(MemoryAdapter(OBJECTS, fail_listing_under={"a/": error(kind)})).looked_at


def every(kind):
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == "adapters.base":
            yield from every(below)
