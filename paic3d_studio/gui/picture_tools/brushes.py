"""Tools that paint with a round brush of one common size and hardness."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from paic3d_studio.gui import theme
from paic3d_studio.gui.panels.brush_bar import BrushBar
from paic3d_studio.gui.picture_tools.picture_tool import Canvas, MachineTool
from paic3d_studio.project.state import Project
from paic3d_studio.tools.brush_tool import DEFAULT_RADIUS, MAX_RADIUS, MIN_RADIUS, BrushTool
from paic3d_studio.tools.matte_brush_tool import MatteBrushTool
from paic3d_studio.tools.pointer import Edit, Touch
from paic3d_studio.tools.polyline_tool import PolylineTool


class BrushSize(QObject):
    """Radius and hardness that all brushes share, and the bar that shows them."""

    changed = Signal(float)
    """The brush is another one; carries its radius in aligned pixels."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self.radius = DEFAULT_RADIUS
        self.hardness = 1.0
        self.bar = BrushBar(panel)
        self.bar.hide()
        self.bar.sized.connect(self.set_radius)
        self.bar.hardened.connect(self.set_hardness)
        self._machines: list[BrushTool] = []

    def share_with(self, machine: BrushTool) -> None:
        """Give a brush this size, now and whenever it changes."""
        self._machines.append(machine)
        machine.radius, machine.hardness = self.radius, self.hardness

    def resize(self, steps: int) -> None:
        """Make the brush larger, or smaller for negative steps."""
        self._machines[0].resize(steps)
        self.set_radius(self._machines[0].radius)

    def harden(self, steps: int) -> None:
        """Make the rim of the brush harder, or softer for negative steps, by a tenth each."""
        self._machines[0].harden(steps)
        self.set_hardness(self._machines[0].hardness)

    def set_radius(self, radius: float) -> None:
        """Give all brushes another radius, in aligned pixels."""
        self.radius = min(max(radius, MIN_RADIUS), MAX_RADIUS)
        self._share()

    def set_hardness(self, hardness: float) -> None:
        """Give all brushes another hardness, 0..1."""
        self.hardness = min(max(round(hardness, 3), 0.0), 1.0)
        self._share()

    def _share(self) -> None:
        for machine in self._machines:
            machine.radius, machine.hardness = self.radius, self.hardness
        self.bar.show_brush(radius=self.radius, hardness=self.hardness)
        self.changed.emit(self.radius)


class Brush(MachineTool):
    """Paints lines, or erases them; a ring at the pointer shows how far it reaches."""

    machine: BrushTool
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: Canvas, name: str, *, size: BrushSize) -> None:
        super().__init__(canvas, name)
        self.bar = size.bar
        self._size = size
        size.share_with(self.machine)

    def enter(self) -> None:
        """Show the bar without what only the cut-out brush can do."""
        self._size.bar.show_modes(False)

    def leave(self) -> None:
        """Take the ring away."""
        self.follow(None)

    def follow(self, touch: Touch | None) -> None:
        """Draw the ring."""
        marks = self.canvas.marks
        if touch is None or not self.canvas.layers.has_face:
            marks.hide_ring()
            return
        colour = self.ring_colour
        marks.show_ring(
            touch.point,
            radius=self._size.radius * touch.pressure,
            colour=colour,
            erases=touch.erases is self.machine.adds and colour != theme.UNSURE,
            hardness=self._size.hardness,
        )

    @property
    def ring_colour(self) -> str:
        """The colour of what the brush paints."""
        return self.canvas.layers.line_colour


class Polyline(Brush):
    """Paints a line from corner to corner, a click each."""

    machine: PolylineTool
    spans_clicks = True

    @property
    def holds(self) -> bool:
        """Whether a line is under way."""
        return self.machine.holds

    def finish(self) -> Edit | None:
        """End the line at its last corner."""
        return self.machine.finish()

    def step_back(self) -> Edit | None:
        """Take the last corner away."""
        return self.machine.step_back()


class MatteBrush(Brush):
    """Paints the character into the cut-out, or the background out of it.

    The matte itself follows in the background, as warping takes too long; till then the trail of the stroke is shown.
    """

    machine: MatteBrushTool
    changes_mask = False

    def __init__(self, canvas: Canvas, *, size: BrushSize) -> None:
        super().__init__(canvas, "matte", size=size)
        size.bar.matte_mode_chosen.connect(self.set_mode)

    def set_mode(self, name: str) -> None:
        """Let the brush "keep", "remove", or mark as "unsure" what it covers."""
        self.machine.adds, self.machine.unsure = name != "remove", name == "unsure"
        self._size.bar.show_mode(name)
        self._size.changed.emit(self._size.radius)

    def enter(self) -> None:
        """Show the bar with what the brush can do."""
        self._size.bar.show_modes(True)

    def show(self, project: Project) -> None:  # noqa: ARG002 the machine knows the stroke
        """Draw the stroke as it goes."""
        if self.machine.stroke is not None:
            self.canvas.marks.show_trail(self.machine.stroke)

    def rest(self, *, kept: bool) -> None:
        """Let the stroke fade until the matte has followed, or take it away with the gesture."""
        if kept:
            self.canvas.marks.fade_trail()
        else:
            self.canvas.marks.hide_trail()

    @property
    def ring_colour(self) -> str:
        """The colour of the cut-out, or of what is to be found anew."""
        return theme.UNSURE if self.machine.unsure else theme.KEEP
