"""Libraries that send log addresses, and addresses hold tokens: nothing of theirs is logged."""

import logging

_TALKERS = ("apprise", "httpcore", "httpcore2", "httpx", "httpx2", "requests", "requests_oauthlib", "urllib3")


def silence_libraries() -> None:
    """For the whole process, from now on. What went wrong stands in the outcome of each try, in our own words."""
    for name in _TALKERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
