"""The studio's window: its parts are made and wired here; what each does is told in its own file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow

from paic3d_studio.gui.actions import Situation, build_actions, enable_actions, fill_menus
from paic3d_studio.gui.appearance import Appearance
from paic3d_studio.gui.blending import Blending
from paic3d_studio.gui.clipboard import picture_in
from paic3d_studio.gui.commands import handlers, resets_of
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.exporting import Exporting
from paic3d_studio.gui.following import Following
from paic3d_studio.gui.getting_ready import GettingReady
from paic3d_studio.gui.image_panel import ImagePanel
from paic3d_studio.gui.keeping import Keeping
from paic3d_studio.gui.language import LANGUAGES, in_use, said_in
from paic3d_studio.gui.meshing import Meshing
from paic3d_studio.gui.opening import Opening
from paic3d_studio.gui.outcomes import Outcomes
from paic3d_studio.gui.panels.drop_hint import DropHint
from paic3d_studio.gui.panels.viewport_panel import ViewportPanel
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.recent_menu import RecentMenu
from paic3d_studio.gui.rescue_offer import RescueOffer
from paic3d_studio.gui.runner import Runner, close_all
from paic3d_studio.gui.saving import Saving
from paic3d_studio.gui.sharpening import Sharpening
from paic3d_studio.gui.weights_chooser import WeightsChooser
from paic3d_studio.gui.welcome import Welcome
from paic3d_studio.gui.wish_to_open import Source
from paic3d_studio.gui.workspace import Workspace
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session

_ROOM_FOR_SIDE: Final = 1200
"""Width of a screen, in pixels, from which on the side panel is shown at the first start."""


class MainWindow(QMainWindow):
    """Picture on the left, head on the right, what happens in between below."""

    closed = Signal()
    thread_ended = Signal()
    """One of the threads that outlived the window has come to its end."""
    queue_wanted = Signal()
    """The queue of many pictures is to be shown."""
    quit_wanted = Signal()
    """Every window of the studio is to be closed."""
    window_wanted = Signal(object, str)
    """Another window is wanted: what `Document.open` takes with a name for it, or None for an empty one."""

    def __init__(self, session: Session, *, preferences: Preferences | None = None) -> None:
        super().__init__()
        self.setWindowTitle("PAiC-3D Studio")
        self.setAcceptDrops(True)
        self.preferences = preferences or Preferences()
        self.document = document = Document(session, self)
        self.getting_ready = GettingReady(self)
        self.keeping = keeping = Keeping(self, document=document, preferences=self.preferences)
        self.exporting = Exporting(self, document=document, keeping=keeping, preferences=self.preferences)
        self.blending = Blending(self, document=document, preferences=self.preferences)
        self.weights_chooser = WeightsChooser(self, document=document, preferences=self.preferences)
        self.image = ImagePanel(document)
        self.head = ViewportPanel()
        panes = {"image": self.image, "view": self.head}
        self.actions_by_name = build_actions(self, handlers=handlers(self), panes=panes)
        stages = [(stage.name, stage.title) for stage in session.stages]
        seconds = {stage.name: stage.seconds for stage in session.stages}
        self.workspace = Workspace(
            actions=self.actions_by_name, image=self.image, head=self.head, stages=stages, seconds=seconds
        )
        self.setCentralWidget(self.workspace)
        self._drop_hint = DropHint(self.workspace)
        self._recent_menu = RecentMenu(self, preferences=self.preferences)
        self.appearance = Appearance(self, preferences=self.preferences)
        self.is_closed = False
        self._fill_menus()
        self._make_parts()
        self._connect()
        self._restore()
        self._update_situation()

    def open_picture(self, source: Source, *, name: str = "") -> None:
        """Open a picture; offers a window of its own, without blocking, when edits of the open one would be lost."""
        self.opening.open(source, name=name)

    def offer_what_a_crash_left(self) -> None:
        """Ask, without blocking, whether unsaved edits of a studio that ended without a word are to be brought back."""
        self.rescue_offer.offer()

    # Keeping everything in step --------------------------------------------------------------------------------------

    def _update_situation(self) -> None:
        session = self.document.session
        busy = any(self.document.runs(lane) for lane in ("open", "refresh", "export", "import"))
        now = Situation(
            has_picture=session.project is not None,
            has_face=session.project is not None and self.image.has_face,
            resets=resets_of(session.project) if session.project is not None else frozenset(),
            can_undo=session.can_undo,
            can_redo=session.can_redo,
            busy=busy,
            exporting=self.document.runs("export"),
            importing=self.document.runner.runs("import"),
        )
        enable_actions(self.actions_by_name, now=now)
        self.workspace.strip.set_busy(busy)
        if not busy:
            self.workspace.status.end_progress()
        self.following.show_hint()

    def _on_message_action(self, name: str) -> None:
        way_on = self._ways_on.get(name)
        if way_on is not None:
            way_on()

    def _on_opened(self, project: Project) -> None:
        del project
        if self.document.origin is not None:
            self.preferences.remember_recent(self.document.origin)

    def _on_kept_changed(self) -> None:
        """Show what the project is called, and whether it has unsaved edits."""
        self.workspace.title.setText(self.keeping.name)
        self.setWindowTitle(f"{self.keeping.name}[*] – PAiC-3D Studio" if self.keeping.name else "PAiC-3D Studio")
        self.setWindowModified(self.document.session.dirty)

    def _on_language_chosen(self, chosen: str) -> None:
        """Say in both languages when the chosen one comes: whoever chose it may not read the other."""
        now, then = (
            said_in(each, "The studio speaks {language} from its next start.", language=LANGUAGES[chosen])
            for each in (in_use(), chosen)
        )
        self.workspace.messages.show_message(now, cure=then if then != now else "", kind="info")

    # What is shown, and remembered -----------------------------------------------------------------------------------

    def show_side_panel(self, shown: bool) -> None:
        """Show or hide layers and settings."""
        self.workspace.side.setVisible(shown)
        self.preferences.remember("window/side-panel", shown)

    def show_full_screen(self, full: bool) -> None:
        """Fill the screen, or be a window again."""
        if full != self.isFullScreen():
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _on_tool_changed(self, name: str) -> None:
        self.actions_by_name[f"tool-{name}"].setChecked(True)
        self.following.show_hint()

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

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt's name
        """Get ready for the first picture."""
        super().showEvent(event)
        self.getting_ready.begin_soon()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 Qt's name
        """Forget the offer."""
        super().dragLeaveEvent(event)
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 Qt's name
        """Open what was dropped."""
        self._drop_hint.hide()
        if self.opening.take_from(event.mimeData()):
            event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt's name
        """Remember the window and ask what runs to stop; unless there is work to lose, then ask first.

        Nobody waits here: other windows go on, and `thread_ended` tells when a thread has come to its end.
        """
        if self.saving.work_to_lose():
            event.ignore()
            return
        self.preferences.remember_window(self, splitter=self.workspace.splitter)
        self.preferences.save()
        self.hide()
        self.join(seconds=0.0)
        event.accept()
        self.is_closed = True
        self.closed.emit()

    def join(self, *, seconds: float) -> bool:
        """Stop what runs and wait for the threads; False when one has not come back after `seconds`."""
        ended = close_all(self._runners, seconds=seconds)
        return self.keeping.close() and ended

    @property
    def _runners(self) -> tuple[Runner, ...]:
        """All that own a thread of this window."""
        return *self.document.runners, self.keeping.writer, self.getting_ready.runner

    # Building --------------------------------------------------------------------------------------------------------

    def _fill_menus(self) -> None:
        menus = fill_menus(self.menuBar(), actions=self.actions_by_name)
        menus["File"].insertMenu(self.actions_by_name["paste"], self._recent_menu)
        menus["View"].insertMenu(self.actions_by_name["side-panel"], self.head.mode_menu)
        menus["View"].addSeparator()
        menus["View"].addMenu(self.appearance.theme_menu)
        menus["View"].addMenu(self.appearance.language_menu)

    def _make_parts(self) -> None:
        """Make what needs the laid out window, and gather what the buttons of messages do."""
        document, workspace, messages = self.document, self.workspace, self.workspace.messages
        self.sharpening = Sharpening(self.document, viewport=self.head.viewport)
        self.meshing = Meshing(self, document=document, panel=workspace.mesh, head=self.head)
        self.following = Following(workspace, document=document, image=self.image, head=self.head)
        self.outcomes = Outcomes(
            workspace, document=document, image=self.image, exporting=self.exporting, following=self.following
        )
        self.opening = Opening(
            self, document=document, keeping=self.keeping, preferences=self.preferences, messages=messages
        )
        self.saving = Saving(
            self,
            document=document,
            keeping=self.keeping,
            preferences=self.preferences,
            workspace=workspace,
            outcomes=self.outcomes,
        )
        self.rescue_offer = RescueOffer(messages, document=document, keeping=self.keeping)
        self.welcome = Welcome(
            self,
            document=document,
            preferences=self.preferences,
            actions=self.actions_by_name,
            inside=workspace,
            over=workspace.middle,
        )
        self._ways_on: dict[str, Callable[[], None]] = {
            **self.outcomes.ways_on,
            **self.opening.ways_on,
            **self.saving.ways_on,
            **self.rescue_offer.ways_on,
            "import-weights": self.weights_chooser.ask,
            "show-log": self.welcome.show_log,
        }

    def _connect(self) -> None:
        document, workspace, image = self.document, self.workspace, self.image
        for changed in (self.following.moved_on, self.outcomes.moved_on, document.busy_changed, image.gesture.began):
            changed.connect(self._update_situation)
        document.opened.connect(self._on_opened)
        document.opened.connect(self.getting_ready.begin)
        self.getting_ready.choices_known.connect(document.method_known)
        for runner in self._runners:
            runner.ended.connect(self.thread_ended)
        self.keeping.state_changed.connect(self._on_kept_changed)
        self.opening.window_wanted.connect(self.window_wanted)
        self._recent_menu.chosen.connect(self.opening.open)
        self.welcome.start_page.chosen.connect(self.opening.open)
        self.appearance.language_chosen.connect(self._on_language_chosen)
        workspace.settings.edit_wanted.connect(document.edit)
        workspace.settings.slid.connect(image.slide)
        workspace.settings.let_go.connect(image.end_slide)
        workspace.layers.changed.connect(image.shown.set_state)
        workspace.strip.cancel_wanted.connect(document.stop)
        workspace.messages.acted.connect(self._on_message_action)
        self.head.look_changed.connect(self._on_look_changed)
        self.head.mesh_wanted.connect(document.want_mesh)
        image.shown.changed.connect(self._on_layers_changed)
        image.tool_changed.connect(self._on_tool_changed)
        image.shown.swipe_changed.connect(self.actions_by_name["swipe"].setChecked)
        workspace.layers.line_colour_chosen.connect(image.shown.set_line_colour)
        workspace.layers.backdrop_chosen.connect(image.shown.set_backdrop)
        image.shown.line_colour_changed.connect(self._on_line_colour_changed)
        image.shown.backdrop_changed.connect(self._on_backdrop_changed)
        image.view.zoomed.connect(self._on_zoomed)
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
