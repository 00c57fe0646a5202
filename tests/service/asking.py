"""How tests open Experience Platform: the client itself, without waiting between attempts."""

from dataclasses import replace

from adapters.retry import Policy
from auditor.service.platforms import PlatformSource, open_configured_platform
from auditor.settings.experience_platform import ExperiencePlatformFacts


def impatient(facts: ExperiencePlatformFacts) -> PlatformSource:
    """A platform that is asked each question once."""
    return open_configured_platform(replace(facts, options={**facts.options, "policy": Policy(attempts=1)}))
