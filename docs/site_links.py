"""A hook of MkDocs: what the pages name outside `docs/` becomes part of the site, and their links lead there.

Links are written for readers of the repository: `../config/auditor.example.yaml` in a page, `docs/verdicts.md` in
`ARCHITECTURE.md`. On the site both lie below one root.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TOP = Path(__file__).parents[1]
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
FOLDERS = {"docs/destinations": "destinations/s3.md"}  # a folder has no page of its own: its first one
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the top of the repository, and the example configurations as downloads."""
    outside = [*PAGES, *(path.relative_to(TOP).as_posix() for path in sorted((TOP / "config").glob("*.*")))]
    for name in outside:
        files.append(File.generated(config, name, abs_src_path=str(TOP / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn each relative link from the place in the repository to the place on the site."""
    here = page.file.src_uri
    home = posixpath.dirname(here if here in PAGES else f"docs/{here}")
    away = posixpath.dirname(here)
    return _LINK.sub(lambda link: posixpath.relpath(_on_site(posixpath.join(home, link[1])), away or "."), markdown)


def _on_site(link: str) -> str:
    path = posixpath.normpath(link)
    return FOLDERS.get(path) or (
        f"{path.removeprefix('docs/')}/index.md" if link.endswith("/") else path.removeprefix("docs/")
    )
