"""The Dockerfile as its instructions, read strictly."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
PREPARE = {"ARG", "FROM", "ENV", "RUN", "WORKDIR", "COPY", "LABEL", "USER", "VOLUME"}
START = {"EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD"}


@dataclass(frozen=True)
class Instruction:
    """One instruction, its lines joined. `stage` counts the FROM lines above it and itself."""

    word: str
    text: str
    stage: int

    @property
    def listed(self) -> list[str]:
        """The words of the JSON form, which no shell reads. Raises ValueError for another form."""
        found = json.loads(self.text)
        if not isinstance(found, list):
            raise ValueError(self.text)
        return found


def parse_dockerfile(text: str) -> list[Instruction]:
    """Raises ValueError for a word that is none of those used here."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found: list[Instruction] = []
    stage = 0
    for line in re.sub(r"\\\n", "", "\n".join(lines)).splitlines():
        word, _, rest = line.partition(" ")
        if word not in PREPARE | START:
            raise ValueError(line)
        stage += word == "FROM"
        found.append(Instruction(word, re.sub(r"\s+", " ", rest).strip(), stage))
    return found


def read_dockerfile() -> list[Instruction]:
    return parse_dockerfile((TOP / "Dockerfile").read_text("utf-8"))
