"""A stand-in for Adobe Experience Platform: a small real HTTP server with the documented endpoints and error bodies."""

from auditor.worlds.platform.describe import Target, describe_world
from auditor.worlds.platform.flow_service import FlowService
from auditor.worlds.platform.gate import Gate
from auditor.worlds.platform.landing_zone import AmazonZone, AzureZone, serve_landing_zone
from auditor.worlds.platform.replies import Call, Reply
from auditor.worlds.platform.server import Fault, PlatformServer, login_of
from auditor.worlds.platform.stock import Stock

__all__ = [
    "AmazonZone",
    "AzureZone",
    "Call",
    "Fault",
    "FlowService",
    "Gate",
    "PlatformServer",
    "Reply",
    "Stock",
    "Target",
    "describe_world",
    "login_of",
    "serve_landing_zone",
]
