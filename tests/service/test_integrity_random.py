"""Random changes to random worlds, look after look: exactly those are told, and none that nobody made."""

from random import Random

import pytest

from adapters.base import Unreachable
from auditor.reconcile.integrity import is_mass
from tests.faults.random_worlds import whole_world
from tests.service.auditing import verifier
from tests.service.changing import DAY, INTEGRITY, Changing

__all__ = ["verifier"]

SEEDS = range(12)
BREAK = Unreachable("no answer", destination="lake-backup", operation="list")


def expected(place, gone, other):
    """(code, key of the folder) of all that somebody did."""
    folder_of = {key: d.prefix for d in place.world.deliveries for key in place.at_rest if key.startswith(d.prefix)}
    told = {("export-deleted", folder_of[key]) for key in gone} | {("export-changed", folder_of[key]) for key in other}
    return told | ({("mass-loss", "")} if is_mass(len(gone) + len(other), len(place.at_rest)) else set())


def told(result):
    return {(f.code, f.key) for f in result.findings if f.code in INTEGRITY}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_somebody_did_is_told_and_nothing_else(seed, tmp_path, verifier):
    random = Random(seed)
    world = whole_world(random, seed)
    place = Changing.of(world, tmp_path, verifier)
    place.now += DAY  # past all deadlines
    assert told(place.look()) == set()
    place.at_rest = [key for d in world.deliveries for key in place.held.objects if key.startswith(d.prefix + "part-")]
    place.at_rest += [k for d in world.deliveries for k in place.held.objects if k.startswith(d.prefix + "manifest-")]
    before, gone, other = dict(place.held.objects), set(), set()
    for _ in range(6):
        act(random, place, before, gone, other)
        if random.random() < 0.3:  # a look that sees nothing, or little, in between
            place.held._fail_listing_at = (random.randrange(20), BREAK)
            place.look()
            place.held._fail_listing_at = None
        place.look()
        assert told(place.look(reverify=random.random() < 0.2)) == expected(place, gone, other)
    for key in gone | other:
        place.held.put(key, *before[key])
    for _ in range(2):
        result = place.look()
    assert told(result) == set()
    assert {str(v.content) for v in result.runs if v.folder} == {"sound"}


def act(random, place, before, gone, other):
    """Delete, overwrite, restore or merely rewrite some files; a folder, or a handful here and there."""
    keys = [key for key in place.at_rest if key not in gone]
    some = random.sample(keys, min(len(keys), random.choice((0, 1, 1, 3, 12))))
    if random.random() < 0.3 and some:
        some = [key for key in keys if key.rpartition("/")[0] == some[0].rpartition("/")[0]]
    what = random.choice(("delete", "delete", "overwrite", "rewrite", "restore", "add"))
    if what == "restore":
        for key in random.sample(sorted(gone | other), len(gone | other) // 2):
            place.held.put(key, before[key][0], place.now)
            gone.discard(key)
            other.discard(key)
    for key in some:
        if what == "delete":
            del place.held.objects[key]
            gone.add(key)
            other.discard(key)
        elif what == "overwrite":
            place.held.put(key, b"not what it was", place.now)
            other.add(key)
        elif what == "rewrite" and key not in other:
            place.held.put(key, before[key][0], place.now)
        elif what == "add":
            place.held.put(key.rpartition("/")[0] + "/_more", b"", place.now)
