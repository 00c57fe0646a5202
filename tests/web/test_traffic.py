"""What was asked of destinations is counted in this process; worker processes get the plain adapter."""

import pickle
from functools import partial

import pytest

from adapters.registry import opener
from auditor.model import DestinationFacts
from auditor.service.traffic import DestinationTraffic, Traffic
from auditor.settings import Destination


@pytest.fixture
def place(tmp_path):
    for n in range(3):
        (tmp_path / f"part-{n}").write_text("x")
    return Destination(DestinationFacts("lake"), "local", {"root": str(tmp_path)})


def open_place(place):
    return opener(place.facts.name, place.type, place.options)


def test_listings_objects_and_questions_are_counted(place):
    traffic = Traffic()
    adapter = traffic.counted(open_place)(place)()
    assert len(list(adapter.list_objects(""))) == 3
    next(iter(adapter.list_folder("")))
    adapter.describe_object("part-0")
    with adapter.read_object("part-0") as stream:
        assert stream.read() == b"x"
    traffic.add("lake", files_read=1, bytes_read=10)
    traffic.add("lake", bytes_read=5)
    assert traffic.totals() == {"lake": DestinationTraffic(2, 4, 1, 1, 15)}
    adapter.close()


def test_a_listing_that_breaks_counts_what_it_gave(place):
    traffic = Traffic()

    class Broken:
        name = "lake"

        def list_objects(self, prefix, *, start_at=""):
            yield 1
            raise ConnectionError

    adapter = traffic.counted(lambda _: Broken)(place)()
    with pytest.raises(ConnectionError):
        list(adapter.list_objects(""))
    assert traffic.totals()["lake"] == DestinationTraffic(listings=1, objects_listed=1)


def test_in_a_worker_process_it_is_the_plain_adapter(place):
    opened = pickle.loads(pickle.dumps(Traffic().counted(open_place)(place)))
    assert type(opened) is type(open_place(place))
    assert len(list(partial(opened)().list_objects(""))) == 3
