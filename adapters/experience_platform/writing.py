"""The one module that sends Experience Platform anything but reading requests and the one for a token.

Only `auditor.exports` may import it (an import contract), and only where the configuration allows writing.
"""

from collections.abc import Iterable
from typing import Any

from adapters.base import CredentialExpired, Unsupported
from adapters.experience_platform.client import Answer, ExperiencePlatform

__all__ = ["WritingExperiencePlatform"]


class WritingExperiencePlatform(ExperiencePlatform):
    """The client, able to have objects made. Opens nothing yet.

    Raises: ValueError without `allow_write`, and as the client.
    """

    def __init__(self, name: str, *, allow_write: bool, **options: Any) -> None:
        if not allow_write:
            raise ValueError(f"experience_platform {name!r}: allow_write is false")
        super().__init__(name, **options)

    def create(self, path: str, document: bytes, *, secrets: Iterable[str] = ()) -> str:
        """Have the object that `document` (JSON) describes made at `path`; its id.

        Sent once, never tried again: an answer that is lost does not tell whether the object was made. Only where
        the gateway refuses the token, so that nothing was made, it is sent once more with a new one.
        `secrets` of the document are kept out of errors. Raises: DestinationError.
        """
        self._secrets = (*self._secrets, *secrets)  # an answer may quote what was sent
        self.check_token()
        token = self._token.current()
        try:
            answer = self._post(path, document, token)
        except CredentialExpired:
            answer = self._post(path, document, self._token.renew(token))
        made = answer.body.get("id") if isinstance(answer.body, dict) else None
        if not isinstance(made, str) or not made:
            raise Unsupported(
                "the answer has no id",
                destination=self.destination,
                operation="POST",
                key=path,
                request_id=answer.request_id,
            )
        return made

    def _post(self, path: str, document: bytes, token: str) -> Answer:
        sent = {**self._headers, "Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return self._exchange(self._http, "POST", f"{self.base_url}{path}", path, headers=sent, content=document)
