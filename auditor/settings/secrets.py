"""Where a secret comes from: the value itself, `${ENV_NAME}`, or a file named by `<key>_file`.

Each one that is read is left out of every line of the log from then on (`auditor.logs`)."""

import re
from collections.abc import Mapping
from pathlib import Path as FilePath

from pydantic import SecretStr

from auditor.logs import register_secrets

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_MOST_BYTES = 65_536


def read_secret(value: SecretStr, environ: Mapping[str, str]) -> SecretStr:
    """`value`, or the environment variable that it names. Raises ValueError, never quoting the secret."""
    text = value.get_secret_value()
    if not (text.startswith("${") and text.endswith("}")):
        register_secrets([text])
        return value
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise ValueError("is no reference to an environment variable; write ${NAME} with letters, digits and _")
    found = environ.get(match[1])
    if not found:
        state = "is empty" if found == "" else "is not set"
        raise ValueError(f"the environment variable {match[1]} {state}; set it, or name another one")
    register_secrets([found])
    return SecretStr(found)


def read_secret_file(path: FilePath) -> SecretStr:
    """The text of `path` without its last line end. Raises ValueError, never quoting the secret."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        text = data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text; write the secret alone into it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ValueError(f"{path} cannot be read ({reason}); name a file that this user may read") from None
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{path} is larger than {_MOST_BYTES:,} bytes; write the secret alone into it")
    if not text.strip():
        raise ValueError(f"{path} is empty; write the secret into it")
    register_secrets([text])
    return SecretStr(text)
