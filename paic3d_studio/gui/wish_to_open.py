"""What the artist asked to open: where it comes from, and the job that reads it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.files import FileStamp, file_stamp
from paic3d_studio.gui.runner import Deliver, Work
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session

Source = str | os.PathLike[str] | bytes | Callable[[], bytes]
"""What can be opened: a file, the bytes of one, or what returns them; it is called on the worker's thread."""


@dataclass
class WishToOpen:
    """A picture or a project that is to be read, and the project that was open when it was asked for."""

    source: Source = ""
    name: str = ""
    """What a picture that comes from no file is called."""
    rescued: bool = False
    """Whether it was left by a crash."""
    over: Project | None = None
    stamp: FileStamp | None = None
    """Stamp of the file, from before it was read; None before, and for what comes from no file."""

    @property
    def file(self) -> Path | None:
        """The file that is to be opened; None for what comes from none."""
        return None if isinstance(self.source, bytes) or callable(self.source) else Path(self.source)

    @property
    def title(self) -> str:
        """What is said while it is read."""
        shown = self.name or ("the picture" if self.file is None else self.file.name)
        return f"Opening {shown}"

    def reading(self, session: Session) -> Work:
        """Return the job that reads it, and returns its project; nothing is shown yet."""

        def work(monitor: Monitor, deliver: Deliver) -> Project:  # noqa: ARG001 nothing comes before the end
            self.stamp = None if self.file is None else file_stamp(self.file)
            found = self.source() if callable(self.source) else self.source
            return session.read(found, name=self.name, monitor=monitor)

        return work
