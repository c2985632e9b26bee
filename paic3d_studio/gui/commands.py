# ruff: noqa: PLW0108  (parts of the window are looked up when an action is triggered)
"""What each line of the table of actions does in a window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from paic3d_studio.gui.picture_layers import LAYERS
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project
from paic3d_studio.tools import TOOLS
from paic3d_studio.tools.pan_zoom import WHEEL_STEP
from paic3d_studio.tools.pointer import Edit

if TYPE_CHECKING:
    from paic3d_studio.gui.main_window import MainWindow

_RESETS: dict[str, Edit] = {
    "reset-hulls": edits.reset_hulls,
    "reset-landmarks": edits.reset_landmarks,
    "reset-alignment": edits.reset_alignment,
    "clear-strokes": edits.clear_strokes,
    "clear-matte": edits.clear_matte_strokes,
}
_LARGER_RESETS: dict[str, Edit] = {"revert": edits.reset_everything, "reset-face": edits.reset_face}
"""Those after which a gesture under way would have nothing to go on with."""


def resets_of(project: Project) -> frozenset[str]:
    """Return the actions that would take back an edit of this project."""
    return frozenset(name for name, edit in (_RESETS | _LARGER_RESETS).items() if edit(project) != project)


def handlers(window: MainWindow) -> dict[str, Callable[..., None]]:
    """Return action -> what it does; a checkable action's handler takes whether it is checked.

    Parts of the window are looked up when an action is triggered: they are made after its actions.
    """
    image, document = window.image, window.document
    found: dict[str, Callable[..., None]] = {
        "open": lambda: window.opening.choose(),
        "paste": lambda: window.opening.paste(),
        "example": lambda: window.opening.open_example(),
        "save": window.keeping.save,
        "save-elsewhere": window.keeping.save_elsewhere,
        "left-behind": lambda: window.rescue_offer.ask(),
        "export": window.exporting.ask,
        "turntable": window.exporting.ask_for_turntable,
        "blender": partial(window.blending.start, "unlit"),
        "blender-toon": partial(window.blending.start, "toon"),
        "import-weights": window.weights_chooser.ask,
        "new-window": lambda: window.window_wanted.emit(None, ""),
        "queue": lambda: window.queue_wanted.emit(),
        "close-window": lambda: _close(window),
        "quit": lambda: window.quit_wanted.emit(),
        "undo": lambda: _undo(window),
        "redo": lambda: document.redo(),
        "brush-smaller": partial(image.tools.size.resize, -1),
        "brush-larger": partial(image.tools.size.resize, 1),
        "brush-softer": partial(image.tools.size.harden, -1),
        "brush-harder": partial(image.tools.size.harden, 1),
        "delete-vertex": image.delete_vertex,
        "refresh": document.refresh,
        "cancel": lambda: _escape(window),
        "zoom-fit": image.shown.fit,
        "zoom-actual": partial(image.view.zoom_to, 1.0),
        "zoom-in": partial(image.view.zoom_by, WHEEL_STEP**2),
        "zoom-out": partial(image.view.zoom_by, WHEEL_STEP**-2),
        "swipe": image.shown.set_swipe,
        "side-panel": window.show_side_panel,
        "full-screen": window.show_full_screen,
        "tour": lambda: window.welcome.begin_tour(),
        "keys": lambda: window.welcome.show_keys(),
        "log": lambda: window.welcome.show_log(),
        "about": lambda: window.welcome.show_about(),
    }
    for name, edit in _RESETS.items():
        found[name] = partial(_edit, window, edit)
    for name, edit in _LARGER_RESETS.items():
        found[name] = partial(_start_over, window, edit)
    for tool in (*TOOLS, "hand"):
        found[f"tool-{tool}"] = partial(image.choose_tool, tool)
    for layer in LAYERS:
        found[f"layer-{layer}"] = partial(image.shown.toggle, layer)
    return found


def _edit(window: MainWindow, edit: Edit) -> None:
    window.document.edit(edit)


def _start_over(window: MainWindow, edit: Edit) -> None:
    window.image.cancel_gesture()
    window.document.edit(edit)


def _undo(window: MainWindow) -> None:
    if not window.image.step_back() and not window.image.cancel_gesture():
        window.document.undo()


def _close(window: MainWindow) -> None:
    window.close()


def _escape(window: MainWindow) -> None:
    """Leave the innermost thing: a gesture, a message, the placing of a face, a job; an export is asked about."""
    image, messages = window.image, window.workspace.messages
    if image.cancel_gesture():
        return
    if messages.isVisible():
        messages.dismiss()
    elif (image.placing and image.has_face) or image.aligning:
        image.choose_tool("hull")
    elif not window.document.interrupt() and window.document.runs("export"):
        window.outcomes.ask_about_export()
