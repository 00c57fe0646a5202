"""The benchmark's claim at a small size: a repeat audit asks for about one page per dataset."""

from contextlib import ExitStack

from benchmarks.listing_requests import measure


def test_a_repeat_audit_asks_for_one_page_per_dataset_and_little_more(tmp_path):
    with ExitStack() as stack:
        first, again, with_more = measure("memory", 8, 20, tmp_path, stack)
    assert first > 8 * 4
    assert again <= 9
    assert with_more <= 9
