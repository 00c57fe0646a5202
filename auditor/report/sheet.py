"""Lines for a terminal: wrapped, never wider than asked, with names that can do nothing but be read."""

import re
from collections.abc import Iterable
from io import StringIO

from rich.console import Console, RenderableType
from rich.text import Text

from adapters.base import inert
from auditor.model import Severity
from auditor.report.standing import Standing

TRAILING = re.compile(r"[ ]+((?:\x1b\[[0-9;]*m)*)$")
NARROWEST = 40  # below this even a date and a word do not fit beside each other
# What carries meaning is a symbol and a word; colour only repeats it.
SYMBOLS: dict[str, tuple[str, str, str]] = {  # Unicode, ASCII, style
    Standing.GOOD: ("✓", "+", "green"),
    Standing.ATTENTION: ("✗", "x", "bold red"),
    Standing.UNKNOWN: ("?", "?", "yellow"),
    Standing.WAIVED: ("w", "w", "magenta"),
    Standing.WAITING: ("…", ".", "dim"),
    Severity.CRITICAL: ("✗✗", "xx", "bold red"),
    Severity.ERROR: ("✗", "x", "red"),
    Severity.WARNING: ("!", "!", "yellow"),
    Severity.INFO: ("i", "i", "cyan"),
}
PLAIN = str.maketrans({"–": "-", "—": "-", "−": "-", "…": "...", "→": "->", "×": "x", "’": "'", "“": '"', "”": '"'})


class Sheet:
    """Collects lines. What is handed in as `str` is data: no markup is read in it, no control acted on."""

    def __init__(self, *, width: int, colour: bool, unicode: bool) -> None:
        self.width = max(width, NARROWEST)
        self._unicode = unicode
        self._file = StringIO()
        self._console = Console(
            file=self._file,
            width=self.width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            _environ={},  # the same result gives the same bytes, whatever NO_COLOR, COLUMNS or TERM say
        )

    def data(self, text: str) -> str:
        """`text` on one line, harmless, in the characters the terminal has."""
        safe = inert(text)
        return safe if self._unicode else safe.translate(PLAIN).encode("ascii", "backslashreplace").decode()

    def symbol(self, kind: Standing | Severity) -> tuple[str, str]:
        """The symbol of `kind` and its style."""
        unicode, plain, style = SYMBOLS[kind]
        return (unicode if self._unicode else plain), style

    def text(self, *parts: str | tuple[str, str]) -> Text:
        """Parts, each a text or (text, style), as one rich text."""
        text = Text(overflow="fold")
        for part in parts:
            content, style = (part, "") if isinstance(part, str) else part
            text.append(self.data(content), style)
        return text

    def join(self, lines: Iterable[Text]) -> Text:
        """Texts below each other."""
        return Text("\n").join(lines)

    def say(self, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """One paragraph, wrapped; `hang` further cells of indent for all lines but the first."""
        lines = self.text(*parts).wrap(self._console, self.width - indent - hang, overflow="fold")
        for number, line in enumerate(lines):
            line.rstrip()
            self._console.print(Text(" " * (indent + (hang if number else 0))) + line, soft_wrap=True)

    def show(self, table: RenderableType) -> None:
        self._console.print(table)

    def gap(self) -> None:
        self._console.print()

    def heading(self, text: str) -> None:
        self.gap()
        self.say((text, "bold"))

    def render(self) -> str:
        """Everything said so far, without spaces at line ends."""
        return "".join(TRAILING.sub(r"\1", line) + "\n" for line in self._file.getvalue().splitlines())
