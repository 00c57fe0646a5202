"""Notices for receivers with a limit: cut at lines, with how much was left out (elastic/kibana#73061). Pure."""

__all__ = ["shorten", "shorten_line"]


def shorten(text: str, limit: int) -> str:
    """`text` within `limit` characters: whole lines from the top, and how many lines were left out.

    A code block of Markdown that is cut is closed. Where not even the first line has room, it is cut as
    `shorten_line` does. Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError("a message of no characters says nothing")
    if len(text) <= limit:
        return text
    lines = text.rstrip("\n").split("\n")
    for kept in range(len(lines) - 1, 0, -1):
        if len(cut := _cut(lines, kept)) <= limit:
            return cut
    return shorten_line(lines[0], limit)


def shorten_line(line: str, limit: int) -> str:
    """`line` within `limit` characters, at a space if one is near, ending in `…`."""
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:(") + "…"


def _cut(lines: list[str], kept: int) -> str:
    head = lines[:kept]
    while len(head) > 1 and (not head[-1].strip() or _is_heading(lines, len(head) - 1)):
        head.pop()
    left = sum(1 for line in lines[len(head) :] if line.strip() and not line.lstrip().startswith("```"))
    fences = [line.strip() for line in head if line.lstrip().startswith("```")]
    if len(fences) % 2:
        head.append("```" if set(fences[-1]) != {"`"} else fences[-1])
    return "\n".join([*head, f"… {left:,} more {'line' if left == 1 else 'lines'} left out" if left else "…"])


def _is_heading(lines: list[str], place: int) -> bool:
    """Whether the line only announces what follows: bold in Markdown, in plain text before indented lines."""
    line = lines[place]
    if line.startswith("**"):
        return line.endswith("**")
    return not line.startswith(" ") and lines[place + 1 : place + 2] != [] and lines[place + 1].startswith("  ")
