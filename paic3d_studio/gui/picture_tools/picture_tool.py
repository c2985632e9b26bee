"""What every tool of the picture's panel is: a state machine of `paic3d_studio.tools`, and what it shows of itself.

To add a tool:

1. write its state machine in `paic3d_studio/tools/` and give it a line in `TOOLS` there, with the sentence that tells
   what it does; whatever it changes is an edit in `project/edits.py`;
2. if it has a cursor, handles, a bar or a menu of its own, write a class here beside the others that says so, by
   overriding what `MachineTool` does; a plain one needs none;
3. give it a line in `new_tools` (`picture_tools/__init__.py`), and an action `tool-NAME` in `gui/actions.py`, which
   brings its button, menu entry and shortcut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from paic3d_studio.gui.document import Document
from paic3d_studio.gui.hull_menu import HullMenu
from paic3d_studio.gui.landmark_menu import LandmarkMenu
from paic3d_studio.gui.picture_layers import PictureLayers, Subject
from paic3d_studio.gui.picture_view import PictureView
from paic3d_studio.gui.pointer_marks import PointerMarks
from paic3d_studio.gui.widgets import FloatingBar
from paic3d_studio.project.state import Point, Project
from paic3d_studio.tools import TOOLS
from paic3d_studio.tools.pointer import Edit, Scene, Tool, Touch

EditMenu = HullMenu | LandmarkMenu
"""A menu made for one right click; tells of the edit that was chosen by `edit_wanted`."""


@dataclass(frozen=True)
class Canvas:
    """What a tool works on: it asks the document, draws on layers and marks, and wants edits or another tool."""

    panel: QWidget
    """Parent of bars and menus."""
    view: PictureView
    document: Document
    layers: PictureLayers
    marks: PointerMarks
    apply: Callable[[Edit | None], bool]
    """Makes an edit of one moment and shows it; False without one."""
    choose: Callable[[str], None]
    """Chooses another tool by its name."""


class PictureTool(QObject):
    """A tool that does nothing: the base of all, and what each of them may say or do.

    While a tool is chosen the panel asks it for each event of the pointer. `press`, `move` and `release` answer with
    the edit that the gesture has made so far, as the state machines do; the panel's `Gesture` shows and keeps it.
    """

    subject: Subject = "square"
    """What is shown while the tool is chosen."""
    cursor = Qt.CursorShape.ArrowCursor
    """Shape of the pointer where `hover` has no other."""
    bar: FloatingBar | None = None
    """Floats over the top of the picture while the tool is chosen."""
    pans = False
    """Whether the left button drags the picture instead of asking the tool."""
    makes_edits = True
    """Whether its gestures change the project."""
    changes_mask = True
    """Whether its gestures change the line mask, which is then shown as they go."""
    spans_clicks = False
    """Whether a gesture may go on while the button is up; `holds` says when it does."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas.panel)
        self.canvas = canvas

    # Being chosen ----------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Show what only makes sense while the tool is chosen."""

    def leave(self) -> None:
        """Take it away again."""

    def fit(self) -> None:
        """Suit the panel, which has another size, while the tool is chosen."""

    def take(self, value: object) -> None:
        """Hear of an artefact that is shown from now on, whether the tool is chosen or not."""

    def take_project(self, project: Project) -> None:
        """Hear that the project changed, whether the tool is chosen or not."""

    @property
    def hint(self) -> str:
        """What the tool does, in one sentence."""
        return ""

    @property
    def ready(self) -> bool:
        """Whether the tool takes the pointer now."""
        return self.canvas.layers.has_face

    # A gesture -------------------------------------------------------------------------------------------------------

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 this tool does nothing
        """Start a gesture, or go on with one that spans clicks; None where nothing was grabbed."""
        return None

    def move(self, touch: Touch) -> Edit | None:  # noqa: ARG002 this tool does nothing
        """Go on with the gesture."""
        return None

    def release(self, touch: Touch) -> Edit | None:  # noqa: ARG002 this tool does nothing
        """End the gesture; the answer is its last edit."""
        return None

    def cancel(self) -> None:
        """Forget the gesture."""

    def show(self, project: Project) -> None:
        """Show what the gesture has made so far, beside the line mask."""

    def rest(self, *, kept: bool) -> None:
        """Take away what `show` showed: the gesture was kept, or taken back."""

    @property
    def holds(self) -> bool:
        """Whether a gesture that spans clicks waits for the next one."""
        return False

    def finish(self) -> Edit | None:
        """End a gesture that spans clicks; the answer is its last edit."""
        return None

    def step_back(self) -> Edit | None:
        """Take the last click back; None when nothing is left of the gesture."""
        return None

    # Between gestures ------------------------------------------------------------------------------------------------

    def follow(self, touch: Touch | None) -> None:
        """Draw what follows the pointer, such as the ring of a brush; None when it left."""

    def hover(self, touch: Touch | None, *, scene: Scene) -> Qt.CursorShape | None:  # noqa: ARG002 nothing to grab
        """Light up what the pointer has grabbed or would grab; returns the pointer's shape, None to leave it."""
        return None

    def nudge(self, touch: Touch, by: Point, *, scene: Scene) -> Edit | None:  # noqa: ARG002 nothing to move
        """Return the edit that moves what is under the pointer by (x, y) aligned pixels; None when nothing is."""
        return None

    def double_click(self, touch: Touch, *, scene: Scene) -> bool:  # noqa: ARG002 nothing to do
        """Do what a double click does; False where it is one more press."""
        return False

    def deletion(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 nothing to delete
        """Return the edit that deletes what is under the pointer; None when nothing is."""
        return None

    def right_click(self, touch: Touch, *, scene: Scene) -> EditMenu | None:  # noqa: ARG002 nothing to do
        """Do what a right click does, or return the menu it opens."""
        return None


class MachineTool(PictureTool):
    """A tool that leaves the pointer to its state machine, and shows nothing of its own."""

    def __init__(self, canvas: Canvas, name: str) -> None:
        """Make the tool of a line of `TOOLS`."""
        super().__init__(canvas)
        self.machine: Tool = TOOLS[name].make()
        self._entry = TOOLS[name]

    @property
    def hint(self) -> str:
        """What the table says of it."""
        return self._entry.hint

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Start a gesture."""
        return self.machine.press(touch, scene=scene)

    def move(self, touch: Touch) -> Edit | None:
        """Go on with the gesture."""
        return self.machine.move(touch)

    def release(self, touch: Touch) -> Edit | None:
        """End the gesture."""
        return self.machine.release(touch)

    def cancel(self) -> None:
        """Forget the gesture."""
        self.machine.cancel()
