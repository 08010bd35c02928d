"""What `func azure functionapp publish` sends to Azure: the files that .funcignore does not exclude."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec


def published_files(root: Path) -> list[Path]:
    """The files of the package, as paths below `root`, in order."""
    ignored = GitIgnoreSpec.from_lines((root / ".funcignore").read_text(encoding="utf-8").splitlines())
    return sorted(_files_below(root, ignored))


def build_package(root: Path, archive: Path) -> None:
    """Write the package of the app in `root` to a ZIP file."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for path in published_files(root):
            package.write(root / path, path.as_posix())


def _files_below(root: Path, ignored: GitIgnoreSpec) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        # Like Git, do not look into an ignored folder: .venv alone has thousands of files.
        folders[:] = [name for name in folders if not ignored.match_file(f"{(here / name).as_posix()}/")]
        yield from (here / name for name in files if not ignored.match_file((here / name).as_posix()))
