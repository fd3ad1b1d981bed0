"""A data directory on a small disk of its own, which something else fills up and makes room on again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """A mounted file system of a few megabytes."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "files of somebody else"

    def fill(self) -> int:
        """Takes every byte that is left; how many."""
        taken = 0
        chunk = b"\0" * CHUNK
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            while chunk:
                try:
                    taken += os.write(descriptor, chunk)
                except OSError:
                    chunk = chunk[: len(chunk) // 2]
        finally:
            os.close(descriptor)
        return taken

    def make_room(self) -> None:
        self._ballast.unlink()


@contextmanager
def on_a_small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """What is in the folder moves to a small disk, which is gone when the block ends. Skips the test where nothing can be mounted."""
    before = folder.rename(folder.with_name(f"{folder.name} before"))
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"No small disk can be mounted here ({done.stderr.strip()}): run as root, a container with --cap-add=SYS_ADMIN.")
    try:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        yield SmallDisk(folder=folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
