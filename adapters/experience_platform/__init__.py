"""The Adobe Experience Platform client: tokens, headers, pages, errors, typed answers.

It sends nothing but reading requests, and the one that fetches a token.
"""

from adapters.experience_platform.client import ExperiencePlatform

__all__ = ["ExperiencePlatform"]
