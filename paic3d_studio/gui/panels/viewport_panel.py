"""The 3D view with its head line: shading modes, named views, and what it costs to draw."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolButton, QVBoxLayout, QWidget

from paic3d_studio.core.artefacts import FieldVolume, TexturedMesh
from paic3d_studio.core.inspection import MeshInspection
from paic3d_studio.gui.icons import icon
from paic3d_studio.gui.keys import let_keys_follow_pointer
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.look_menu import VIEWS, LookMenu
from paic3d_studio.gui.split_handle import SplitHandle
from paic3d_studio.gui.viewport_widget import ViewportWidget
from paic3d_studio.gui.widgets import PaneHeader
from paic3d_studio.viewport.bake import BakedVolume
from paic3d_studio.viewport.front import NO_PICTURE, StitchPicture
from paic3d_studio.viewport.shading import SHADING_MODES


class ViewportPanel(QWidget):
    """Shows the head; asks for the textured mesh when a mode needs it."""

    mesh_wanted = Signal(bool)
    look_changed = Signal()
    """The artist chose another background, ground or field of view."""

    def __init__(self) -> None:
        super().__init__()
        self.viewport = ViewportWidget()
        let_keys_follow_pointer(self.viewport, pane=self)
        self._volumes: dict[int, FieldVolume | BakedVolume] = {}  # voxels along a side -> the newest
        self._picture: StitchPicture | None = None
        self._mesh: TexturedMesh | None = None
        self._inspection: MeshInspection | None = None
        self._mode_actions: dict[str, QAction] = {}
        self._mode_button = QToolButton()
        self.divider = SplitHandle(self.viewport)
        self.divider.moved.connect(self.viewport.set_split)
        self.split_action = self._new_split_action()
        self.mode_menu = self._new_mode_menu()
        self.look_menu = LookMenu(self.viewport, self)
        self.look_menu.changed.connect(self.look_changed)
        self._lay_out()
        self.set_mode("colour")

    def take(self, value: object) -> None:
        """Show a volume, a mesh or a picture that the worker delivered."""
        if isinstance(value, (FieldVolume, BakedVolume)):
            self._take_volume(value)
        elif isinstance(value, StitchPicture):
            if value is not self._picture:
                self._picture = value
                self.viewport.set_picture(value)
        elif isinstance(value, MeshInspection):
            if value is not self._inspection:
                self._inspection = value
                self.viewport.set_error(value.error)
        elif value is self._mesh:
            return  # nothing new to upload
        elif isinstance(value, TexturedMesh):
            self._mesh, self._inspection = value, None
            self.viewport.set_mesh(value)

    def _take_volume(self, volume: FieldVolume | BakedVolume) -> None:
        """Show `volume` if it is new: the quick one of another field, or the fine one of the same."""
        side = (volume.voxels if isinstance(volume, BakedVolume) else volume.rgba).shape[0]
        if volume is self._volumes.get(side):
            return
        is_first = not self._volumes
        coarser = {
            known: one for known, one in self._volumes.items() if known < side
        }  # a finer one is of another field
        self._volumes = {**coarser, side: volume}
        self.viewport.set_volume(volume)
        if is_first:  # and only then: what comes later of this picture does not move it
            self.viewport.look_from_start()
            # nothing to look at till then: a coarse picture at once, like after a movement
            self.viewport.set_mode(self.viewport.mode)

    def clear(self) -> None:
        """Show nothing but that another head is on its way."""
        self._mesh = self._picture = self._inspection = None
        self._volumes.clear()
        self.viewport.set_picture(NO_PICTURE)
        self.viewport.set_volume(None)
        self.viewport.set_mesh(None)
        self.say_coming()

    def say_coming(self) -> None:
        """Say what will appear here, as long as there is no head."""
        self.viewport.invite(
            "The head appears here in a moment",
            "Hulls and lines of the picture can be edited as soon as they are there.",
        )

    def say_halted(self, why: str) -> None:
        """Say why there is no head, as long as there is none."""
        self.viewport.invite("No head yet", why)

    def set_mode(self, name: str) -> None:
        """Shade in a key of SHADING_MODES; an unknown one becomes the first."""
        name = name if name in SHADING_MODES else next(iter(SHADING_MODES))
        self._mode_actions[name].setChecked(True)
        self._mode_button.setText(text(SHADING_MODES[name].label))
        self.viewport.set_mode(name)
        self._want_mesh()

    def set_split(self, split: bool) -> None:
        """Show field and mesh side by side, or one of them alone."""
        self.split_action.setChecked(split)
        if split:
            self.divider.show_at(self.divider.share)
        else:
            self.divider.hide()
            self.viewport.set_split(None)
        self._want_mesh()

    def _want_mesh(self) -> None:
        is_shown = SHADING_MODES[self.viewport.mode].draws == "mesh"
        self.mesh_wanted.emit(is_shown or self.split_action.isChecked())

    def _new_split_action(self) -> QAction:
        action = QAction(text("Split"), self)
        action.setCheckable(True)
        action.setShortcut(QKeySequence("V"))  # everywhere in the window; a field that is typed in keeps its letters
        action.setToolTip(text("Field and mesh side by side; drag the divider") + "  (V)")
        action.toggled.connect(self.set_split)
        self.addAction(action)
        return action

    def _new_mode_menu(self) -> QMenu:
        menu = QMenu(text("Shading"), self)
        group = QActionGroup(self)
        draws = next(iter(SHADING_MODES.values())).draws
        for name, mode in SHADING_MODES.items():
            if mode.draws != draws:  # those of the field, a line, those of the mesh
                draws = mode.draws
                menu.addSeparator()
            action = QAction(text(mode.label), self)
            action.setObjectName(name)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(mode.shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            group.addAction(action)
            menu.addAction(action)
            self.addAction(action)
            self._mode_actions[name] = action
        group.triggered.connect(self._on_mode)
        return menu

    def _on_mode(self, action: QAction) -> None:
        self.set_mode(action.objectName())

    def _lay_out(self) -> None:
        head = PaneHeader()
        for title, key, tip, method in VIEWS:
            button = QToolButton()
            button.setText(text(title))
            button.setProperty("role", "switch")
            button.setToolTip(f"{text(tip)}  ({text('{key}, over the head', key=key)})")
            button.setAccessibleName(text("{title} view", title=text(title)))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(getattr(self.viewport, method))
            head.add(button, spared=True)
        reset = QToolButton()
        reset.setIcon(icon("reset"))
        reset.setToolTip(text("Look from the start again") + "  (R)")
        reset.setAccessibleName(text("Reset the view"))
        reset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        reset.clicked.connect(self.viewport.reset_view)
        head.add(reset)
        head.add_stretch()
        split = QToolButton()
        split.setProperty("role", "switch")
        split.setDefaultAction(self.split_action)
        split.setAccessibleName(text("Field and mesh side by side"))
        split.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head.add(split)
        look = QToolButton()
        look.setIcon(icon("orbit"))
        look.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        look.setMenu(self.look_menu)
        look.setToolTip(text("Views, background, ground and field of view"))
        look.setAccessibleName(text("Look of the 3D view"))
        look.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head.add(look)
        self._mode_button.setIcon(icon("shading"))
        self._mode_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._mode_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._mode_button.setMenu(self.mode_menu)
        self._mode_button.setToolTip(text("How the head is shaded"))
        self._mode_button.setAccessibleName(text("Shading"))
        self._mode_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head.add(self._mode_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.viewport, 1)
