"""What came of jobs: good news that leaves by itself, and what went wrong with a way on."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.core.region_file import Rectangle
from paic3d_studio.errors import UserError
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.exporting import Exporting
from paic3d_studio.gui.following import Following
from paic3d_studio.gui.image_panel import ImagePanel
from paic3d_studio.gui.importing import ImportOutcome
from paic3d_studio.gui.language import text
from paic3d_studio.gui.region import keep_region
from paic3d_studio.gui.workspace import Workspace
from paic3d_studio.pipeline.child import ChildEnded

WAYS_ON: Final = {"export": ("export-again", "Export elsewhere…")}
"""Lane of a job that failed -> name and words of the button that leads on."""

TRY_AGAIN: Final = ("try-again", "Try again")
"""The button when a helper program ended: another place for the file would not help."""

_NOT_DONE: Final = {"open": "Not opened", "export": "Not exported", "import": "Not imported"}


class Outcomes(QObject):
    """Tells of exports, imports, and of jobs that failed or were stopped."""

    moved_on = Signal()
    """Something that decides which actions make sense is another one now."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        document: Document,
        image: ImagePanel,
        exporting: Exporting,
        following: Following,
    ) -> None:
        super().__init__(workspace)
        self._document = document
        self._image = image
        self._exporting = exporting
        self._following = following
        self._messages = workspace.messages
        self._status = workspace.status
        self._failed_lane = ""
        self.ways_on: Final[dict[str, Callable[[], None]]] = {
            "place-face": self._place_face,
            "export-again": exporting.ask_again,
            "try-again": self._try_again,
            "show-folder": self._show_folder,
            "stop-export": document.stop_export,
        }
        """Buttons of this one's messages -> what they do."""
        document.exported.connect(self._on_exported)
        document.recorded.connect(self._on_recorded)
        document.imported.connect(self._on_imported)
        document.failed.connect(self._on_failed)
        document.stopped.connect(self._on_stopped)
        image.tools.region.drawn.connect(self._on_region_drawn)
        image.tools.placing.prompt.answered.connect(self._on_face_placed)

    def tell_of_bug(self, what: str, *, details: str) -> None:
        """Say that something went wrong that nobody foresaw; `details` can be copied."""
        self._messages.show_message(
            "Something went wrong inside the studio.",
            cure=text("{what}. The log has the details.", what=what),
            action=("show-log", "Show the log"),
            details=details,
        )

    def tell_of_error(self, error: Exception, *, action: tuple[str, str] | None = None) -> None:
        """Say what went wrong: the artist's to mend, with a button that leads on, or a bug."""
        if isinstance(error, ChildEnded):
            details = "".join(traceback.format_exception(error))
            self._messages.show_message(error.message, cure=error.cure, action=TRY_AGAIN, details=details)
        elif isinstance(error, UserError):
            self._messages.show_message(error.message, cure=error.cure, action=action)
        else:
            self.tell_of_bug(f"{type(error).__name__}: {error}", details="".join(traceback.format_exception(error)))

    def ask_about_export(self) -> None:
        """Ask whether the export that is being written is to stop."""
        self._messages.show_message(
            "An export is still being written.", kind="warning", action=("stop-export", "Stop the export")
        )

    def _on_exported(self, report: ExportReport, target: Path) -> None:
        self._status.show_idle("Exported")
        self._messages.show_message(
            f"Exported {target.name}",
            cure=self._exporting.tell(report, target),
            kind="info",
            action=("show-folder", "Show in folder"),
        )

    def _on_recorded(self, target: Path) -> None:
        self._status.show_idle("Exported")
        self._messages.show_message(
            f"Exported {target.name}",
            cure=self._exporting.tell_of_turntable(target),
            kind="info",
            action=("show-folder", "Show in folder"),
        )

    def _on_imported(self, outcome: ImportOutcome) -> None:
        self._status.show_idle("Imported" if outcome.imported else "Not imported")
        kind = "info" if outcome.imported and not outcome.refused else "warning" if outcome.imported else "error"
        self._messages.show_message(outcome.message, cure=outcome.cure, kind=kind)

    def _on_failed(self, lane: str, error: Exception) -> None:
        self._status.show_idle(_NOT_DONE.get(lane, "Not finished"))
        self._failed_lane = lane
        if lane == "refresh":
            why = error.message if isinstance(error, UserError) else "The reconstruction failed."
            self._following.say_failed(why)
        no_face = lane == "refresh" and isinstance(error, UserError) and self._face_is_missing()
        self.tell_of_error(error, action=("place-face", "Place the face") if no_face else WAYS_ON.get(lane))
        if no_face:
            self._image.lose_face()
            self._image.choose_tool("place-face")
        self.moved_on.emit()

    def _on_stopped(self, lane: str, seconds: float) -> None:
        del seconds
        self._status.show_idle("Stopped")
        if lane == "refresh":
            self._following.say_stopped()
        self.moved_on.emit()

    def _on_region_drawn(self, rectangle: Rectangle) -> None:
        try:
            path = keep_region(self._document, rectangle=rectangle)
        except UserError as error:
            self.tell_of_error(error)
        else:
            self._status.show_idle(text("The region of interest is kept in {name}", name=path.name))

    def _on_face_placed(self) -> None:
        self._messages.withdraw("place-face")

    def _face_is_missing(self) -> bool:
        session = self._document.session
        return session.peek("portrait") is not None and session.peek("landmarks") is None

    def _place_face(self) -> None:
        self._image.choose_tool("place-face")

    def _try_again(self) -> None:
        if self._failed_lane == "export":
            self._document.export_again()
        else:
            self._document.refresh()

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._exporting.folder)))
