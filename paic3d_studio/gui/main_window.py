"""The studio's window: it turns what the artist does into edits and requests, and what comes back into pixels."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow

from paic3d_studio.core.artefacts import ExportReport, Landmarks, TagFeatures
from paic3d_studio.core.region_file import Rectangle
from paic3d_studio.errors import UserError
from paic3d_studio.gui.actions import Situation, build_actions, enable_actions, fill_menus
from paic3d_studio.gui.appearance import Appearance
from paic3d_studio.gui.blending import Blending
from paic3d_studio.gui.clipboard import OPEN_FILTER, further_files, picture_in
from paic3d_studio.gui.document import REFINED, SHOWN, Document
from paic3d_studio.gui.exporting import Exporting
from paic3d_studio.gui.image_panel import ImagePanel
from paic3d_studio.gui.importing import ImportOutcome
from paic3d_studio.gui.keeping import Keeping
from paic3d_studio.gui.language import text
from paic3d_studio.gui.meshing import Meshing
from paic3d_studio.gui.panels.drop_hint import DropHint
from paic3d_studio.gui.panels.viewport_panel import ViewportPanel
from paic3d_studio.gui.picture_layers import LAYERS
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.recent_menu import RecentMenu
from paic3d_studio.gui.region import keep_region
from paic3d_studio.gui.rescue import Rescue
from paic3d_studio.gui.runner import YIELDING
from paic3d_studio.gui.weights_chooser import WeightsChooser
from paic3d_studio.gui.welcome import Welcome
from paic3d_studio.gui.workspace import Workspace
from paic3d_studio.paths import example_picture
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session
from paic3d_studio.tools import TOOLS
from paic3d_studio.tools.pan_zoom import WHEEL_STEP

CLOSE_SECONDS: Final = 2.0
_ROOM_FOR_SIDE: Final = 1200
"""Width of a screen, in pixels, from which on the side panel is shown at the first start."""
_WAYS_ON: Final = {"export": ("export-again", "Export elsewhere…")}
"""Lane of a job that failed -> name and words of the button that leads on."""
_NO_PICTURE: Final = "Open a portrait (Ctrl+O), drop one here, or paste one (Ctrl+V)."


class MainWindow(QMainWindow):
    """Picture on the left, head on the right, what happens in between below."""

    closed = Signal()
    queue_wanted = Signal()
    """The queue of many pictures is to be shown."""
    quit_wanted = Signal()
    """Every window of the studio is to be closed."""
    window_wanted = Signal(object, str)
    """Another window is wanted: a path or the bytes of a picture with a name for it, or None for an empty one."""

    def __init__(self, session: Session, *, preferences: Preferences | None = None) -> None:
        super().__init__()
        self.setWindowTitle("PAiC-3D Studio")
        self.setAcceptDrops(True)
        self.preferences = preferences or Preferences()
        self.document = Document(session, self)
        self.exporting = Exporting(self, document=self.document, preferences=self.preferences)
        self.blending = Blending(self, document=self.document, preferences=self.preferences)
        self.weights_chooser = WeightsChooser(self, document=self.document, preferences=self.preferences)
        self.keeping = Keeping(self, document=self.document, preferences=self.preferences)
        self.image = ImagePanel(self.document)
        self.head = ViewportPanel()
        self.actions_by_name = build_actions(
            self, handlers=self._handlers(), panes={"image": self.image, "view": self.head}
        )
        self.workspace = Workspace(
            actions=self.actions_by_name,
            image=self.image,
            head=self.head,
            stages=[(stage.name, stage.title) for stage in session.stages],
        )
        self.setCentralWidget(self.workspace)
        self.meshing = Meshing(self, document=self.document, panel=self.workspace.mesh, head=self.head)
        self._drop_hint = DropHint(self.workspace)
        self._refresh_began = 0.0
        self._halted = ""
        self._warned_of: Landmarks | None = None
        self._warned_of_tags = ""
        self._pending_source: tuple[str | bytes, str] | None = None
        self._recent_menu = RecentMenu(self, preferences=self.preferences)
        self._left_behind: Rescue | None = None
        self._closes_once_saved = False
        self._started_up = False
        self._leave_work_behind = False
        self.is_closed = False
        menus = fill_menus(self.menuBar(), actions=self.actions_by_name)
        menus["File"].insertMenu(self.actions_by_name["paste"], self._recent_menu)
        menus["View"].insertMenu(self.actions_by_name["side-panel"], self.head.mode_menu)
        self.appearance = Appearance(self, preferences=self.preferences)
        menus["View"].addSeparator()
        menus["View"].addMenu(self.appearance.theme_menu)
        menus["View"].addMenu(self.appearance.language_menu)
        self.welcome = Welcome(
            self,
            document=self.document,
            preferences=self.preferences,
            actions=self.actions_by_name,
            inside=self.workspace,
            over=self.workspace.middle,
        )
        self._connect()
        self._restore()
        self._update_situation()

    # Opening ---------------------------------------------------------------------------------------------------------

    def open_picture(self, source: str | bytes, *, name: str = "") -> None:
        """Open a picture; offers a window of its own, without blocking, when edits of the open one would be lost."""
        if self.document.session.dirty:
            self._pending_source = (source, name)
            self.workspace.messages.show_message(
                "Opening another picture leaves the unsaved edits of this one behind.",
                kind="warning",
                action=("open-beside", "Open in a new window"),
                other=("open-anyway", "Open anyway"),
            )
            return
        self._open_now(source, name)

    def _open_now(self, source: str | bytes, name: str) -> None:
        self._pending_source = None
        self.document.open(source, name=name)

    def _open_beside(self, source: str | bytes, name: str) -> None:
        self._pending_source = None
        self.workspace.messages.hide()
        self.window_wanted.emit(source, name)

    def _new_window(self) -> None:
        self.window_wanted.emit(None, "")

    def _choose_picture(self) -> None:
        chooser = QFileDialog(
            self, text("Open a portrait or a project"), str(self.preferences.folder("open")), OPEN_FILTER
        )
        chooser.setFileMode(QFileDialog.FileMode.ExistingFiles)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.filesSelected.connect(self._on_files_chosen)
        chooser.open()

    def _on_files_chosen(self, paths: list[str]) -> None:
        self.preferences.remember_folder("open", Path(paths[0]).parent)
        self.open_picture(paths[0])
        for path in paths[1:]:
            self.window_wanted.emit(path, "")

    def _paste(self) -> None:
        if not self._take_from(QApplication.clipboard().mimeData()):
            self.workspace.messages.show_message(
                "There is no picture to paste.", cure="Copy a picture or a picture file first.", kind="warning"
            )

    def _take_from(self, data: QMimeData | None) -> bool:
        found = picture_in(data)
        if found is not None:
            self.open_picture(found.source, name=found.name)
            for path in further_files(data):
                self.window_wanted.emit(path, "")
        return found is not None

    def _open_example(self) -> None:
        self.open_picture(str(example_picture()))

    # What the document says ------------------------------------------------------------------------------------------

    def _on_opened(self, project: Project) -> None:
        portrait = self.document.session.peek("portrait", project)
        if portrait is not None:
            self.workspace.picture_size.setText(f"{portrait.rgba.shape[1]} × {portrait.rgba.shape[0]} px")
        if self.document.origin is not None:
            self.preferences.remember_recent(self.document.origin)
        self.workspace.messages.hide()
        self._warned_of_tags = ""
        self.workspace.strip.clear()
        self.image.clear()
        self.head.clear()
        self.workspace.settings.show_project(project)
        self._update_situation()

    def _on_changed(self, project: Project) -> None:
        self.workspace.settings.show_project(project)
        for stage in (*SHOWN, REFINED):  # what is known already is shown at once: after undo, all of it
            value = self.document.session.peek(stage, project)
            if value is not None:
                self._on_artefact(stage, value)
        self._update_situation()

    def _on_artefact(self, stage: str, value: object) -> None:
        self.image.take(value)
        self.head.take(value)
        if isinstance(value, Landmarks) and value.warning and value is not self._warned_of:
            self._warned_of = value
            self.workspace.messages.show_message(value.warning, kind="warning", action=("place-face", "Place the face"))
        if isinstance(value, TagFeatures):
            self._tell_of_tags(value.warning)
        if stage == "volume":
            self.head.viewport.set_older(False)
        if stage == REFINED:
            self.workspace.status.show_idle("Up to date")
        if stage in ("aligned", "volume"):
            self._update_situation()

    def _tell_of_tags(self, warning: str) -> None:
        """Say once that the tagger is missing, below what there is to say about the face."""
        if warning and warning != self._warned_of_tags:
            landmarks = self.document.session.peek("landmarks")
            of_face = landmarks.warning if isinstance(landmarks, Landmarks) else ""
            action = ("place-face", "Place the face") if of_face else ("import-weights", "Import weights…")
            self.workspace.messages.show_message(
                of_face or warning, cure=warning if of_face else "", kind="warning", action=action
            )
        self._warned_of_tags = warning

    def _on_refresh_started(self) -> None:
        self._refresh_began = time.perf_counter()
        self._halted = ""
        self.head.say_coming()
        self.head.viewport.set_older(self.document.session.peek("volume") is None)
        self._show_stages_beside()

    def _show_stages_beside(self) -> None:
        """Say of stages that do not run whether what they made last still holds."""
        for stage, report in self.document.reports_beside().items():
            self.workspace.strip.show_stage(stage, report)

    def _on_progress(self, lane: str, fraction: float, words: str) -> None:
        if lane == "refine":
            told = text("Up to date; the view is being refined ({percent})", percent=f"{fraction:.0%}")
            self.workspace.status.show_idle(told)
        elif lane not in YIELDING:
            self.workspace.status.show_progress(fraction, words)

    def _on_refreshed(self) -> None:
        seconds = time.perf_counter() - self._refresh_began
        self.workspace.status.show_idle(f"Up to date  ·  {seconds:.1f} s" if seconds >= 0.3 else "Up to date")
        self._show_stages_beside()
        self._show_hint()

    def _on_exported(self, report: ExportReport, target: Path) -> None:
        self.workspace.status.show_idle("Exported")
        self.workspace.messages.show_message(
            f"Exported {target.name}",
            cure=self.exporting.tell(report, target),
            kind="info",
            action=("show-folder", "Show in folder"),
        )

    def _on_imported(self, outcome: ImportOutcome) -> None:
        self.workspace.status.show_idle("Imported" if outcome.imported else "Not imported")
        kind = "info" if outcome.imported and not outcome.refused else "warning" if outcome.imported else "error"
        self.workspace.messages.show_message(outcome.message, cure=outcome.cure, kind=kind)

    def _on_failed(self, lane: str, error: Exception) -> None:
        self.workspace.status.show_idle(
            {"open": "Not opened", "export": "Not exported", "import": "Not imported"}.get(lane, "Not finished")
        )
        if lane == "warm-up":
            return
        if lane == "refresh":
            self._halted = "Press F5 to try again."
            self._show_stages_beside()
            self.head.say_halted(error.message if isinstance(error, UserError) else "The reconstruction failed.")
        if isinstance(error, UserError):
            no_face = lane == "refresh" and self._face_is_missing()
            action = ("place-face", "Place the face") if no_face else _WAYS_ON.get(lane)
            self.workspace.messages.show_message(error.message, cure=error.cure, action=action)
            if no_face:
                self.image.lose_face()
                self.image.choose_tool("place-face")
        else:
            self._show_bug(error)
        self._update_situation()

    def _show_bug(self, error: Exception) -> None:
        self.tell_of_bug(f"{type(error).__name__}: {error}", details="".join(traceback.format_exception(error)))

    def tell_of_bug(self, what: str, *, details: str) -> None:
        """Say that something went wrong that nobody foresaw; `details` can be copied."""
        self.workspace.messages.show_message(
            "Something went wrong inside the studio.",
            cure=text("{what}. The log has the details.", what=what),
            action=("show-log", "Show the log"),
            details=details,
        )

    def _face_is_missing(self) -> bool:
        session = self.document.session
        return session.peek("portrait") is not None and session.peek("landmarks") is None

    def _on_stopped(self, lane: str, seconds: float) -> None:
        del seconds
        self.workspace.status.show_idle("Stopped")
        if lane == "refresh":
            self.head.say_halted("The reconstruction was stopped. Press F5 to go on.")
        self._halted = self._halted or ("Stopped. Press F5 to go on." if lane == "refresh" else "")
        self._update_situation()

    def _on_method_known(self, choices: object) -> None:
        if isinstance(choices, dict):
            self.workspace.settings.controls.offer(choices)

    # Actions ---------------------------------------------------------------------------------------------------------

    def _on_kept_changed(self) -> None:
        """Show what the project is called, and whether it has unsaved edits."""
        self.workspace.title.setText(self.keeping.name)
        self.setWindowTitle(f"{self.keeping.name}[*] – PAiC-3D Studio" if self.keeping.name else "PAiC-3D Studio")
        self.setWindowModified(self.document.session.dirty)

    def _on_saved(self, path: Path) -> None:
        self.preferences.remember_recent(path)
        self.workspace.messages.hide()
        self.workspace.status.show_idle("Saved")
        if self._closes_once_saved:
            self.close()

    def _stay_open(self) -> None:
        self._closes_once_saved = False

    def _on_not_saved(self, error: Exception) -> None:
        self._closes_once_saved = False
        self.workspace.status.show_idle("Not saved")
        if isinstance(error, UserError):
            other = ("save-elsewhere", "Save elsewhere…")
            self.workspace.messages.show_message(error.message, cure=error.cure, action=other)
        else:
            self._show_bug(error)

    def _on_region_drawn(self, rectangle: Rectangle) -> None:
        try:
            path = keep_region(self.document, rectangle=rectangle)
        except UserError as error:
            self.workspace.messages.show_message(error.message, cure=error.cure)
        else:
            self.workspace.status.show_idle(text("The region of interest is kept in {name}", name=path.name))

    def offer_what_a_crash_left(self) -> None:
        """Ask, without blocking, whether unsaved edits of a studio that ended without a word are to be brought back."""
        self._left_behind = self.keeping.left_behind()
        if self._left_behind is not None:
            self.workspace.messages.show_message(
                f"The studio ended unexpectedly while “{self._left_behind.name}” had unsaved edits.",
                cure="They can be brought back.",
                kind="warning",
                action=("bring-back", "Bring back"),
                other=("discard-left", "Discard"),
            )

    def _undo(self) -> None:
        if not self.image.step_back() and not self.image.cancel_gesture():
            self.document.undo()

    def _redo(self) -> None:
        self.document.redo()

    def _escape(self) -> None:
        """Leave the innermost thing: a gesture, the placing of a face, a job, a message."""
        if self.image.cancel_gesture():
            return
        if (self.image.placing and self.image.has_face) or self.image.aligning:
            self.image.choose_tool("hull")
        elif not self.document.stop():
            self.workspace.messages.hide()

    def _stop(self) -> None:
        self.document.stop()

    def _show_queue(self) -> None:
        self.queue_wanted.emit()

    def _close_window(self) -> None:
        self.close()

    def _quit(self) -> None:
        self.quit_wanted.emit()

    def _show_full_screen(self, full: bool) -> None:
        if full != self.isFullScreen():
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _show_side_panel(self, shown: bool) -> None:
        self.workspace.side.setVisible(shown)
        self.preferences.remember("window/side-panel", shown)

    def _reset_hulls(self) -> None:
        self.document.edit(edits.reset_hulls)

    def _reset_landmarks(self) -> None:
        self.document.edit(edits.reset_landmarks)

    def _reset_alignment(self) -> None:
        self.document.edit(edits.reset_alignment)

    def _revert(self) -> None:
        self.image.cancel_gesture()
        self.document.edit(edits.reset_everything)

    def _reset_face(self) -> None:
        self.image.cancel_gesture()
        self.document.edit(edits.reset_face)

    def _clear_strokes(self) -> None:
        self.document.edit(edits.clear_strokes)

    def _clear_matte(self) -> None:
        self.document.edit(edits.clear_matte_strokes)

    def _on_message_action(self, name: str) -> None:
        match name:
            case "open-anyway" if self._pending_source is not None:
                self._open_now(*self._pending_source)
            case "open-beside" if self._pending_source is not None:
                self._open_beside(*self._pending_source)
            case "save-elsewhere":
                self.keeping.save_elsewhere()
            case "save-and-close":
                self._closes_once_saved = True
                self.keeping.save()
            case "bring-back" if self._left_behind is not None:
                self.keeping.bring_back(self._left_behind)
            case "discard-left" if self._left_behind is not None:
                self.keeping.discard(self._left_behind)
            case "close-anyway":
                self._leave_work_behind = True
                self.close()
            case "export-again":
                self.exporting.ask()
            case "place-face":
                self.image.choose_tool("place-face")
            case "import-weights":
                self.weights_chooser.ask()
            case "show-folder":
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.exporting.folder)))
            case "show-log":
                self.welcome.show_log()

    def _show_tour(self) -> None:
        self.welcome.begin_tour()

    def _show_keys(self) -> None:
        self.welcome.show_keys()

    def _show_log(self) -> None:
        self.welcome.show_log()

    def _show_about(self) -> None:
        self.welcome.show_about()

    def _on_language_chosen(self, name: str) -> None:
        self.workspace.messages.show_message(
            text("The studio speaks {language} from its next start.", language=name), kind="info"
        )

    # Keeping everything in step --------------------------------------------------------------------------------------

    def _update_situation(self) -> None:
        session = self.document.session
        busy = any(self.document.runner.runs(lane) for lane in ("open", "refresh", "export", "import"))
        now = Situation(
            has_picture=session.project is not None,
            has_face=session.project is not None and self.image.has_face,
            has_placed_face=session.project is not None and session.project.landmark_edit is not None,
            can_undo=session.can_undo,
            can_redo=session.can_redo,
            busy=busy,
            exporting=self.document.runner.runs("export"),
            importing=self.document.runner.runs("import"),
        )
        enable_actions(self.actions_by_name, now=now)
        self.workspace.strip.set_busy(busy)
        if not busy:
            self.workspace.status.end_progress()
        self._show_hint()

    def _on_idle(self) -> None:
        """Get ready for the networks once nothing is to be done any more, if no reconstruction has done so already."""
        if not self._started_up:
            self._started_up = True
            self.document.warm_up()

    def _show_hint(self) -> None:
        if self.document.project is None:
            hint = _NO_PICTURE
        elif self.image.placing:
            hint = self.image.hint
        else:
            hint = self._halted or self.image.hint
        self.workspace.status.show_hint(hint)

    def _on_tool_changed(self, name: str) -> None:
        self.actions_by_name[f"tool-{name}"].setChecked(True)
        self._show_hint()

    def _on_look_changed(self) -> None:
        self.preferences.remember("view/background", self.head.look_menu.background)
        self.preferences.remember("view/grid", self.head.look_menu.has_grid)

    def _on_layers_changed(self, states: object) -> None:
        assert isinstance(states, dict)
        for name, state in states.items():
            self.actions_by_name[f"layer-{name}"].setChecked(state.visible)
        self.workspace.layers.show_states(states)
        self.preferences.layers = states

    def _on_zoomed(self) -> None:
        view = self.image.view
        self.workspace.show_zoom(
            view.device_scale, fitted=view.pan_zoom.fitted, of_square=self.image.shown.shows_square
        )

    def _on_line_colour_changed(self, colour: str) -> None:
        self.workspace.layers.show_line_colour(colour)
        self.preferences.remember("picture/line-colour", colour)

    def _on_backdrop_changed(self, name: str) -> None:
        self.workspace.layers.show_backdrop(name)
        self.preferences.remember("picture/backdrop", name)

    def _work_to_lose(self) -> bool:
        """Ask, without blocking, when closing would lose something; the button of the message closes all the same."""
        if self.document.runner.runs("export"):
            message, cure, action = "An export is still being written.", "It stops when the studio closes.", None
        elif self.document.session.dirty:
            message, cure, action = "This project has unsaved edits.", "", ("save-and-close", "Save and close")
        else:
            return False
        other = ("close-anyway", "Close anyway")
        self.workspace.messages.show_message(message, cure=cure, kind="warning", action=action, other=other)
        return True

    # Qt's events -----------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 Qt's name
        """Keep the menu's mark in step when the desktop itself changes the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "actions_by_name"):
            self.actions_by_name["full-screen"].setChecked(self.isFullScreen())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 Qt's name
        """Say that a picture may be dropped."""
        if picture_in(event.mimeData(), only_asking=True) is not None:
            event.acceptProposedAction()
            self._drop_hint.show_over()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 Qt's name
        """Forget the offer."""
        super().dragLeaveEvent(event)
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 Qt's name
        """Open what was dropped."""
        self._drop_hint.hide()
        if self._take_from(event.mimeData()):
            event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt's name
        """Remember the window, stop what runs, and join the worker; unless there is work to lose, then ask first."""
        if not self._leave_work_behind and self._work_to_lose():
            event.ignore()
            return
        self.preferences.remember_window(self, splitter=self.workspace.splitter)
        self.preferences.save()
        self.hide()
        self.join(seconds=CLOSE_SECONDS)
        event.accept()
        self.is_closed = True
        self.closed.emit()

    def join(self, *, seconds: float) -> bool:
        """Stop what runs and wait for the threads; False when one has not come back after `seconds`."""
        ended = self.document.close(seconds=seconds)
        return self.keeping.close(seconds=seconds) and ended

    # Building --------------------------------------------------------------------------------------------------------

    def _handlers(self) -> dict[str, Callable[..., None]]:
        handlers: dict[str, Callable[..., None]] = {
            "open": self._choose_picture,
            "paste": self._paste,
            "example": self._open_example,
            "save": self.keeping.save,
            "save-elsewhere": self.keeping.save_elsewhere,
            "export": self.exporting.ask,
            "blender": self.blending.start,
            "import-weights": self.weights_chooser.ask,
            "new-window": self._new_window,
            "queue": self._show_queue,
            "close-window": self._close_window,
            "quit": self._quit,
            "undo": self._undo,
            "redo": self._redo,
            "brush-smaller": partial(self.image.tools.size.resize, -1),
            "brush-larger": partial(self.image.tools.size.resize, 1),
            "brush-softer": partial(self.image.tools.size.harden, -1),
            "brush-harder": partial(self.image.tools.size.harden, 1),
            "delete-vertex": self.image.delete_vertex,
            "reset-hulls": self._reset_hulls,
            "reset-landmarks": self._reset_landmarks,
            "reset-alignment": self._reset_alignment,
            "revert": self._revert,
            "reset-face": self._reset_face,
            "clear-strokes": self._clear_strokes,
            "clear-matte": self._clear_matte,
            "refresh": self.document.refresh,
            "cancel": self._escape,
            "zoom-fit": self.image.view.fit,
            "zoom-actual": partial(self.image.view.zoom_to, 1.0),
            "zoom-in": partial(self.image.view.zoom_by, WHEEL_STEP**2),
            "zoom-out": partial(self.image.view.zoom_by, WHEEL_STEP**-2),
            "swipe": self.image.shown.set_swipe,
            "side-panel": self._show_side_panel,
            "full-screen": self._show_full_screen,
            "tour": self._show_tour,
            "keys": self._show_keys,
            "log": self._show_log,
            "about": self._show_about,
        }
        for tool in (*TOOLS, "hand"):
            handlers[f"tool-{tool}"] = partial(self.image.choose_tool, tool)
        for layer in LAYERS:
            handlers[f"layer-{layer}"] = partial(self.image.shown.toggle, layer)
        return handlers

    def _connect(self) -> None:
        document, workspace = self.document, self.workspace
        document.opened.connect(self._on_opened)
        document.changed.connect(self._on_changed)
        document.artefact.connect(self._on_artefact)
        document.stage_reported.connect(workspace.strip.take)
        document.refresh_started.connect(self._on_refresh_started)
        document.progressed.connect(self._on_progress)
        document.refreshed.connect(self._on_refreshed)
        document.exported.connect(self._on_exported)
        document.imported.connect(self._on_imported)
        document.failed.connect(self._on_failed)
        document.stopped.connect(self._on_stopped)
        document.busy_changed.connect(self._update_situation)
        document.runner.became_idle.connect(self._on_idle)
        document.method_known.connect(self._on_method_known)
        self.keeping.state_changed.connect(self._on_kept_changed)
        self.keeping.saved.connect(self._on_saved)
        self.keeping.failed.connect(self._on_not_saved)
        self.keeping.given_up.connect(self._stay_open)
        self._recent_menu.chosen.connect(self.open_picture)
        self.welcome.start_page.chosen.connect(self.open_picture)
        self.appearance.language_chosen.connect(self._on_language_chosen)
        workspace.settings.edit_wanted.connect(document.edit)
        workspace.layers.changed.connect(self.image.shown.set_state)
        workspace.strip.cancel_wanted.connect(self._stop)
        workspace.messages.acted.connect(self._on_message_action)
        self.head.look_changed.connect(self._on_look_changed)
        self.image.shown.changed.connect(self._on_layers_changed)
        self.image.tool_changed.connect(self._on_tool_changed)
        self.image.gesture.began.connect(self._update_situation)
        self.image.shown.swipe_changed.connect(self.actions_by_name["swipe"].setChecked)
        workspace.layers.line_colour_chosen.connect(self.image.shown.set_line_colour)
        workspace.layers.backdrop_chosen.connect(self.image.shown.set_backdrop)
        self.image.shown.line_colour_changed.connect(self._on_line_colour_changed)
        self.image.shown.backdrop_changed.connect(self._on_backdrop_changed)
        self.image.hint_changed.connect(self._show_hint)
        self.image.tools.region.drawn.connect(self._on_region_drawn)
        self.image.view.zoomed.connect(self._on_zoomed)
        self.head.mesh_wanted.connect(document.want_mesh)
        self.blending.follow(workspace.messages)

    def _restore(self) -> None:
        """Show the window as it was left; the first time in a size that suits both panes."""
        room = self.screen().availableGeometry().size()
        if not self.preferences.restore_window(self, splitter=self.workspace.splitter):
            self.resize(QSize(1480, 920).boundedTo(room - QSize(20, 60)))  # its frame needs some of it
        for name, state in self.preferences.layers.items():
            self.image.shown.set_state(name, state)
        self._on_layers_changed(self.image.shown.states)
        self.image.shown.set_line_colour(self.preferences.text("picture/line-colour", self.image.shown.line_colour))
        self.image.shown.set_backdrop(self.preferences.text("picture/backdrop", self.image.shown.backdrop))
        self.head.look_menu.show_look(
            self.preferences.text("view/background", ""), has_grid=self.preferences.flag("view/grid", default=True)
        )
        shows_side = self.preferences.flag("window/side-panel", default=room.width() >= _ROOM_FOR_SIDE)
        self.actions_by_name["side-panel"].setChecked(shows_side)
        self.workspace.side.setVisible(shows_side)
        self._on_tool_changed(self.image.tool)
        self._on_zoomed()
        self.image.view.setFocus()
