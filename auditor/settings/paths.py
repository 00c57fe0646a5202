"""Files and folders as a configuration names them -> absolute ones."""

from pathlib import Path as FilePath

from auditor.settings.problems import Path, quoted
from auditor.settings.yaml_tree import Tree


def absolute(text: str, folder: FilePath, path: Path, tree: Tree) -> FilePath:
    """`text` from `folder`; `~` is the home folder. What names nothing is noted in `tree` at `path`."""
    kind = "file" if str(path[-1]).endswith("_file") else "folder"
    if not text.strip():
        tree.add(path, f"is empty; write the {kind}")
    try:
        return (folder / FilePath(text).expanduser()).absolute()
    except RuntimeError:  # "~name" of nobody
        tree.add(path, f"{quoted(text)} names the home folder of nobody here; write the {kind} in full")
        return folder
