"""An audit of two destinations of which one fails: the other one's answers are whole, and the failure is told once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.registry import opener
from auditor.model import Arrival, AuditResult, Content, Status
from auditor.reconcile.status import NEVER_FINDINGS
from auditor.worlds import list_objects
from tests.conformance.places import NAME, PLACES, Place, held
from tests.conformance.scenes import HEALTHY, WORLD, Scene, scene_on
from tests.conformance.table import NO_ANSWER, NO_IDENTITY, TWINS
from tests.conformance.test_failures import ON_HTTP, REMOTE, told
from tests.conformance.wires import HttpWire, always
from tests.servers.fault_proxy import Script, Tampered
from tests.servers.process import free_ports
from tests.service.auditing import verifier

__all__ = ["held", "verifier"]


AUDITED = [name for name in REMOTE if name not in TWINS]
ON_HTTP_AUDITED = [name for name in AUDITED if name in ON_HTTP]


@pytest.fixture(scope="module", params=AUDITED)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, verifier: Any) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("scene")
    with PLACES[request.param](home) as place, scene_on(request.param, place, home, verifier) as made:
        yield made


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest, scene: Scene) -> Iterator[None]:
    yield
    scene.wire.mend()


def script(scene: Scene, fault: Script) -> None:
    assert isinstance(scene.wire, HttpWire)
    scene.wire.proxy.script = fault


def of(result: AuditResult, destination: str) -> list[tuple[object, ...]]:
    runs = [v for v in result.runs if v.destination == destination]
    return [(v.flow, v.dataset, v.due, v.arrival, v.content, v.level, v.folder) for v in runs]


def is_as_good_as_ever(scene: Scene, result: AuditResult) -> None:
    """The healthy destination's runs are judged as if nothing had happened."""
    assert scene.good is not None
    assert of(result, HEALTHY) == of(scene.good, HEALTHY)
    assert {f.destination for f in result.findings} <= {NAME}


def is_blind(scene: Scene, result: AuditResult, code: str) -> None:
    """The broken destination: everything unknown and unverifiable, one finding, exit status 3."""
    is_as_good_as_ever(scene, result)
    assert [finding.code for finding in result.findings] == [code], [f.message for f in result.findings]
    runs = [v for v in result.runs if v.destination == NAME]
    assert len(runs) >= 6
    assert {(v.arrival, v.content) for v in runs} == {(Arrival.UNKNOWN, Content.UNVERIFIABLE)}
    assert result.status is Status.INCOMPLETE
    assert [(u.subject, u.destination) for u in result.unverifiable if u.subject.startswith("destination")] == [
        (f"destination {NAME}", NAME)
    ]


def test_with_both_in_order_all_is_good(scene: Scene):
    assert scene.good is not None
    assert (scene.good.status, scene.good.findings) == (Status.GOOD, ())
    names = {f"{flow.name}-{HEALTHY}": flow.name for flow in WORLD.flows}
    mine = [row[1:] for row in of(scene.good, NAME)]
    assert mine == [row[1:] for row in of(scene.good, HEALTHY)]
    assert {row[0] for row in of(scene.good, HEALTHY)} == set(names)


LISTING = {
    "wrong": "credential-expired",
    "expired": "credential-expired",
    "no-list": "access-denied",
    "clock-skew": "clock-skew",
    "throttled": "destination-unreachable",
    "failing": "destination-unreachable",
    "error-with-200": "destination-unreachable",
}
BLIND = ("wrong", "expired", "no-list")


@pytest.mark.parametrize("scene, case", told(AUDITED, LISTING, lacking=NO_ANSWER), indirect=["scene"])
def test_a_destination_that_refuses_is_told_once(scene: Scene, case: str):
    script(scene, always(lambda _: True, scene.place.answer(case)))
    result = scene.audit()
    is_blind(scene, result, LISTING[case])


@pytest.mark.parametrize("scene, identity", told(AUDITED, BLIND, lacking=NO_IDENTITY), indirect=["scene"])
def test_credentials_that_do_not_do_are_told_once(scene: Scene, identity: str):
    options = scene.place.options_as(identity)
    is_blind(scene, scene.audit(opener(NAME, scene.place.type, options)), LISTING[identity])


@pytest.mark.parametrize("scene, identity", told(AUDITED, ["no-read"], lacking=NO_IDENTITY), indirect=["scene"])
def test_credentials_that_may_list_and_not_read_are_told_once(scene: Scene, identity: str):
    options = scene.place.options_as(identity)
    has_read_nothing(scene, scene.audit(opener(NAME, scene.place.type, options)), "access-denied")


def test_a_server_that_hangs_up_is_told_once(scene: Scene):
    scene.wire.hang_up()
    is_blind(scene, scene.audit(), "destination-unreachable")


def test_a_container_that_is_not_there_is_never_without_exports(scene: Scene):
    is_blind(scene, scene.audit(scene.place.open_missing), "destination-unreachable")


@pytest.mark.parametrize("host", ["nobody-lives-here.invalid", "127.0.0.1"])
def test_a_host_that_is_not_there_is_told_once(scene: Scene, host: str):
    assert scene.place.address is not None
    address = f"{scene.place.address.partition(':')[0]}://{host}:{free_ports(1)[0]}"
    options = scene.place.options_through(address)
    is_blind(scene, scene.audit(opener(NAME, scene.place.type, options)), "destination-unreachable")


@pytest.mark.parametrize("scene", ON_HTTP_AUDITED, indirect=True)
def test_a_listing_that_breaks_half_way_is_no_listing(scene: Scene):
    """The other pages are there, and show nothing missing nor whole of what was to come."""
    failing = scene.place.answer("failing")
    seen = iter(range(1000))
    script(scene, lambda r: failing if scene.place.is_listing(r) and next(seen) >= 3 else None)
    result = scene.audit()
    is_as_good_as_ever(scene, result)
    assert [finding.code for finding in result.findings] == ["destination-unreachable"]
    runs = [v for v in result.runs if v.destination == NAME]
    assert Arrival.MISSING not in {v.arrival for v in runs}
    assert {v.content for v in runs} <= {Content.UNVERIFIABLE, Content.SOUND}
    assert (Arrival.UNKNOWN, Content.UNVERIFIABLE) in {(v.arrival, v.content) for v in runs}
    assert result.status is Status.INCOMPLETE


READING: dict[str, tuple[Callable[[Place], object], str]] = {
    "no-read": (lambda place: place.answer("no-read"), "access-denied"),
    "expired": (lambda place: place.answer("expired"), "credential-expired"),
    "clock-skew": (lambda place: place.answer("clock-skew"), "clock-skew"),
    "failing": (lambda place: place.answer("failing"), "destination-unreachable"),
    "throttled": (lambda place: place.answer("throttled"), "destination-unreachable"),
    "error-with-200": (lambda place: place.answer("error-with-200"), "destination-unreachable"),
    "bodies cut after ten bytes": (lambda _: Tampered(cut_at=10), "destination-unreachable"),
    "bodies a byte short": (lambda _: Tampered(short_by=1), "destination-unreachable"),
    "bodies without a byte": (lambda _: Tampered(short_by=10**9), "destination-unreachable"),
    "no answer": (lambda _: Tampered(drop=True), "destination-unreachable"),
}


@pytest.mark.parametrize("scene, how", told(ON_HTTP_AUDITED, READING, lacking=NO_ANSWER), indirect=["scene"])
def test_what_cannot_be_read_is_neither_sound_nor_damaged(scene: Scene, how: str):
    make, code = READING[how]
    script(scene, always(scene.place.is_download, make(scene.place)))
    has_read_nothing(scene, scene.audit(), code)


def has_read_nothing(scene: Scene, result: AuditResult, code: str) -> None:
    """The broken destination was listed: what lies there is unverifiable, for one reason, told once."""
    is_as_good_as_ever(scene, result)
    assert [finding.code for finding in result.findings] == [code], [f.message for f in result.findings]
    assert scene.good is not None
    runs = {v.due: v for v in result.runs if v.destination == NAME}
    for before in [v for v in scene.good.runs if v.destination == NAME and v.content is Content.SOUND]:
        assert runs[before.due].content is Content.UNVERIFIABLE, (before.due, runs[before.due].content)
    assert result.status is Status.INCOMPLETE


@pytest.mark.parametrize("scene", ON_HTTP_AUDITED, indirect=True)
def test_fewer_bytes_than_listed_are_never_sound(scene: Scene):
    """The server promises what it gives, and that is less than its listing says."""
    script(scene, always(scene.place.is_download, Tampered(lose=3)))
    result = scene.audit()
    is_as_good_as_ever(scene, result)
    assert [finding.code for finding in result.findings] == ["destination-unreachable"]
    assert {v.content for v in result.runs if v.destination == NAME and v.folder} == {Content.UNVERIFIABLE}
    assert result.status is Status.INCOMPLETE


@pytest.mark.parametrize("scene, case", told(ON_HTTP_AUDITED, ["archived"], lacking=NO_ANSWER), indirect=["scene"])
def test_an_archived_object_is_told_after_one_refused_read(scene: Scene, case: str):
    assert isinstance(scene.wire, HttpWire)
    key = next(o.key for o in list_objects(WORLD) if "part-" in o.key or o.key.endswith(".parquet"))
    name = key.rpartition("/")[2]

    def is_it(request: Any) -> bool:
        return scene.place.is_download(request) and name in request.path

    scene.wire.proxy.requests.clear()
    script(scene, always(is_it, scene.place.answer(case)))
    result = scene.audit()
    is_as_good_as_ever(scene, result)
    (finding,) = result.findings
    assert (finding.code, finding.key) == ("file-archived", key)
    assert sum(map(is_it, scene.wire.proxy.requests)) == 1
    assert result.status is Status.INCOMPLETE
    assert [v.content for v in result.runs if v.destination == NAME].count(Content.UNVERIFIABLE) == 1


def test_no_failure_is_among_the_findings_that_alarm():
    codes = {*LISTING.values(), *(code for _, code in READING.values()), "file-archived"}
    assert codes <= NEVER_FINDINGS
