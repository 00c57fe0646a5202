"""Experience Platform does not answer for a while: one notice, and exports are judged by storage meanwhile."""

from adapters.base import Unreachable
from auditor.service.platforms import open_configured_platform
from auditor.worlds import faults
from auditor.worlds.platform import login_of
from tests.service.serve.played import play  # noqa: F401
from tests.service.serve.played_worlds import BEGUN, due_often, often
from tests.worlds.crossed import serving
from tests.worlds.small import at

BESIDE = frozenset({"heartbeat", "reports", "upkeep"})


def test_an_outage_of_experience_platform_is_one_notice(play):  # noqa: F811
    world = faults.lose_export(often(), due_often(12))  # its run says that it wrote, and no folder is there
    with serving(world) as (platform, _):

        def open_platform(facts):
            if at(4, 6) <= played.clock() < at(4, 11):
                raise Unreachable("no answer within 30 seconds", destination=facts.name, operation="GET")
            return open_configured_platform(facts)

        played = play(world, BEGUN, platform=login_of(platform), open_platform=open_platform, without=BESIDE)
        played.play_until(at(5))
        assert played.told() == [
            ("04 08:30", "opened", "flow-service-unreachable", "mail"),  # when it was seen three times
            ("04 11:30", "recovered", "flow-service-unreachable", "mail"),
            ("04 15:30", "gap", "export-late", "mail"),
            ("04 18:30", "gap", "run-without-export", "mail"),
        ]
