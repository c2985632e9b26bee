"""The table of what the artist can do: menus, tool bar, shortcuts and tool tips all come from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from paic3d_studio.gui.icons import icon
from paic3d_studio.gui.language import text


@dataclass(frozen=True)
class Situation:
    """What decides whether an action makes sense now."""

    has_picture: bool = False
    has_face: bool = False
    resets: frozenset[str] = frozenset()
    """Those of the actions that take edits back which would change something."""
    can_undo: bool = False
    can_redo: bool = False
    busy: bool = False
    exporting: bool = False
    importing: bool = False


def _always(_: Situation) -> bool:
    return True


def _with_picture(now: Situation) -> bool:
    return now.has_picture


def _with_face(now: Situation) -> bool:
    return now.has_face


def _resets(name: str) -> Callable[[Situation], bool]:
    return lambda now: now.has_picture and name in now.resets


@dataclass(frozen=True)
class ActionEntry:
    """One action: what it is called, how it is reached, when it can be used.

    `place` is "window" for keys that work everywhere, "image" or "view" for keys of the pane under the pointer.
    `choice` names the group of which exactly one is checked; `checkable` alone makes a switch.
    """

    name: str
    menu: str
    label: str
    tip: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    enabled: Callable[[Situation], bool] = _always
    place: str = "window"
    checkable: bool = False
    choice: str = ""
    separator: bool = False


ACTIONS: Final[tuple[ActionEntry, ...]] = (
    ActionEntry("open", "File", "Open…", "Open a portrait or a project", ("Ctrl+O",), "open"),
    ActionEntry("new-window", "File", "New window", "Work on another portrait beside this one", ("Ctrl+N",)),
    ActionEntry("paste", "File", "Paste picture", "Paste a picture or a picture file", ("Ctrl+V",), "paste"),
    ActionEntry("example", "File", "Open the example", "Open the bundled example portrait", (), "picture"),
    ActionEntry(
        "save", "File", "Save", "Save the project", ("Ctrl+S",), "save", lambda now: now.has_picture, separator=True
    ),
    ActionEntry(
        "save-elsewhere",
        "File",
        "Save as…",
        "Save the project under another name",
        ("Ctrl+Shift+S",),
        "",
        _with_picture,
    ),
    ActionEntry(
        "left-behind",
        "File",
        "Edits left by a crash…",
        "Bring back or discard what studios left that ended unexpectedly",
    ),
    ActionEntry(
        "export",
        "File",
        "Export head…",
        "Export the textured head",
        ("Ctrl+E",),
        "export",
        lambda now: now.has_face and not now.exporting,
        separator=True,
    ),
    ActionEntry(
        "turntable",
        "File",
        "Export turntable…",
        "Export the head turning, as a film, a moving picture or a sheet of pictures",
        ("Ctrl+Shift+E",),
        "",
        lambda now: now.has_face and not now.exporting,
    ),
    ActionEntry(
        "blender",
        "File",
        "Open in Blender",
        "Open the head in Blender, as it was painted",
        ("Ctrl+Shift+B",),
        "",
        lambda now: now.has_face and not now.exporting,
    ),
    ActionEntry(
        "blender-toon",
        "File",
        "Open in Blender, with a shade",
        "Open the head in Blender, where a lamp puts one soft-edged shade on it",
        (),
        "",
        lambda now: now.has_face and not now.exporting,
    ),
    ActionEntry("queue", "File", "Queue…", "Make heads of many pictures, one after another", ("Ctrl+Shift+Q",)),
    ActionEntry("close-window", "File", "Close window", "Close this window", ("Ctrl+W",), "", separator=True),
    ActionEntry("quit", "File", "Quit", "Close every window of the studio", ("Ctrl+Q",)),
    ActionEntry("undo", "Edit", "Undo", "Take the last edit back", ("Ctrl+Z",), "undo", lambda now: now.can_undo),
    ActionEntry(
        "redo", "Edit", "Redo", "Make the edit again", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", lambda now: now.can_redo
    ),
    ActionEntry(
        "tool-hull",
        "Edit",
        "Edit hulls",
        "Move, add and remove corners of the hulls inside which lines stay",
        ("H",),
        "hull",
        _with_face,
        choice="tool",
        place="image",
        separator=True,
    ),
    ActionEntry(
        "tool-landmarks",
        "Edit",
        "Edit landmarks",
        "Move the landmarks of the face; hulls follow them",
        ("K",),
        "landmarks",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-align",
        "Edit",
        "Move the picture in the square",
        "Move, scale and turn the picture until its face lies on the usual one, where the reconstruction looks for it",
        ("A",),
        "align",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-brush",
        "Edit",
        "Mark lines",
        "Paint lines that the line-free picture should lose",
        ("B",),
        "brush",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-eraser",
        "Edit",
        "Keep lines",
        "Erase from the line mask what should stay",
        ("E",),
        "eraser",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-polyline",
        "Edit",
        "Mark lines from corner to corner",
        "Click the corners of a line that the line-free picture should lose",
        ("Y",),
        "polyline",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-lasso",
        "Edit",
        "Mark or keep an area",
        "Draw round an area to mark all of it; with Shift, its lines stay",
        ("L",),
        "lasso",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-matte",
        "Edit",
        "Paint the cut-out",
        "Paint what belongs to the character; with Shift, what does not",
        ("C",),
        "cutout",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-hand",
        "Edit",
        "Move the picture",
        "Drag the picture about",
        ("M",),
        "hand",
        _with_picture,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-place-face",
        "Edit",
        "Place the face by hand",
        "Show where the eyes and the mouth are",
        ("P",),
        "face",
        _with_picture,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "tool-region",
        "Edit",
        "Region of interest",
        "Draw the rectangle in which the benchmark judges this picture",
        (),
        "",
        _with_face,
        choice="tool",
        place="image",
    ),
    ActionEntry(
        "brush-smaller", "Edit", "Smaller brush", "Make the brush smaller", ("[",), "", _with_face, separator=True
    ),
    ActionEntry("brush-larger", "Edit", "Larger brush", "Make the brush larger", ("]",), "", _with_face),
    ActionEntry(
        "brush-softer",
        "Edit",
        "Softer brush",
        "Let the brush fade to its rim",
        ("Shift+[", "{", "Shift+{"),
        "",
        _with_face,
    ),
    ActionEntry(
        "brush-harder",
        "Edit",
        "Harder brush",
        "Let the brush paint in full to its rim",
        ("Shift+]", "}", "Shift+}"),
        "",
        _with_face,
    ),
    ActionEntry(
        "delete-vertex",
        "Edit",
        "Remove corner",
        "Remove the hull corner under the pointer",
        ("Del", "Backspace"),
        "",
        _with_face,
        place="image",
    ),
    ActionEntry(
        "reset-hulls",
        "Edit",
        "Hulls as detected",
        "Give every hull its detected shape again",
        (),
        "reset",
        _resets("reset-hulls"),
    ),
    ActionEntry(
        "reset-landmarks",
        "Edit",
        "Landmarks as detected",
        "Put every landmark back where it was found",
        (),
        "",
        _resets("reset-landmarks"),
    ),
    ActionEntry(
        "reset-alignment",
        "Edit",
        "Alignment as detected",
        "Leave the place of the picture in the square to the face again",
        (),
        "",
        _resets("reset-alignment"),
    ),
    ActionEntry(
        "reset-face",
        "Edit",
        "Face as detected",
        "Look for the face again instead of taking the one placed by hand",
        (),
        "",
        _resets("reset-face"),
    ),
    ActionEntry(
        "clear-strokes",
        "Edit",
        "Remove all line strokes",
        "Take every stroke off the line mask",
        (),
        "",
        _resets("clear-strokes"),
    ),
    ActionEntry(
        "clear-matte",
        "Edit",
        "Remove all cut-out strokes",
        "Take every stroke off the cut-out",
        (),
        "",
        _resets("clear-matte"),
    ),
    ActionEntry(
        "revert",
        "Edit",
        "Everything as detected",
        "Take back every hull, stroke and placed face; the settings stay",
        (),
        "",
        _resets("revert"),
    ),
    ActionEntry(
        "refresh",
        "Edit",
        "Bring up to date",
        "Run what is not up to date",
        ("F5",),
        "reset",
        lambda now: now.has_picture and not now.busy,
        separator=True,
    ),
    ActionEntry("cancel", "Edit", "Stop", "Stop what runs", ("Esc",), "cancel"),
    ActionEntry(
        "layer-picture", "View", "Picture", "Show the picture", ("1",), "picture", place="image", checkable=True
    ),
    ActionEntry("layer-hulls", "View", "Hulls", "Show the hulls", ("2",), "hull", place="image", checkable=True),
    ActionEntry(
        "layer-lines", "View", "Line mask", "Show the line mask", ("3",), "lines", place="image", checkable=True
    ),
    ActionEntry(
        "layer-clean",
        "View",
        "Line-free picture",
        "Show the line-free picture",
        ("4",),
        "clean",
        place="image",
        checkable=True,
    ),
    ActionEntry(
        "swipe",
        "View",
        "Before and after",
        "Put a divider between the picture and the line-free one, and drag it",
        ("W",),
        "swipe",
        _with_face,
        place="image",
        checkable=True,
    ),
    ActionEntry(
        "zoom-fit",
        "View",
        "Whole character",
        "Fit the character",
        ("0",),
        "fit",
        _with_picture,
        place="image",
        separator=True,
    ),
    ActionEntry("zoom-actual", "View", "Actual size", "Show at 100 %", ("Ctrl+1",), "actual", _with_picture),
    ActionEntry("zoom-in", "View", "Zoom in", "Show the picture larger", ("Ctrl++", "Ctrl+="), "", _with_picture),
    ActionEntry("zoom-out", "View", "Zoom out", "Show the picture smaller", ("Ctrl+-",), "", _with_picture),
    ActionEntry("side-panel", "View", "Layers and settings", "Show the side panel", ("F9",), "sliders", checkable=True),
    ActionEntry("full-screen", "View", "Full screen", "Let the window fill the whole screen", ("F11",), checkable=True),
    ActionEntry(
        "import-weights",
        "Models",
        "Import weights…",
        "Import the weights that the authors of PAniC-3D released",
        enabled=lambda now: not now.importing,
    ),
    ActionEntry("tour", "Help", "Show me around", "Five steps through the window", enabled=_with_picture),
    ActionEntry("keys", "Help", "Keys and mouse…", "Show every key and what the mouse does", ("F1",), "info"),
    ActionEntry("log", "Help", "Show the log", "Show what the studio noted about warnings and errors", separator=True),
    ActionEntry("about", "Help", "About PAiC-3D Studio", "Version, licences and credits", ()),
)

_MENUS: Final = ("File", "Edit", "View", "Models", "Help")


def build_actions(
    owner: QWidget, *, handlers: Mapping[str, Callable[..., None]], panes: Mapping[str, QWidget]
) -> dict[str, QAction]:
    """Make a QAction of every entry, connected to its handler.

    Args:
        owner: the window; keys of the place "window" work everywhere in it.
        handlers: action name -> what it does; a checkable action's handler takes whether it is checked.
        panes: place -> the widget whose children hear the keys of that place.
    """
    groups: dict[str, QActionGroup] = {}
    made: dict[str, QAction] = {}
    for entry in ACTIONS:
        action = QAction(text(entry.label), owner)
        action.setObjectName(entry.name)
        action.setShortcuts([QKeySequence(keys) for keys in entry.shortcuts])
        action.setToolTip(tip_with_keys(entry))
        action.setStatusTip(text(entry.tip))
        if entry.icon:
            action.setIcon(icon(entry.icon))
        action.setCheckable(entry.checkable or bool(entry.choice))
        if entry.choice:
            group = groups.setdefault(entry.choice, QActionGroup(owner))
            group.addAction(action)
        if entry.place == "window":
            owner.addAction(action)
        else:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            panes[entry.place].addAction(action)
        (action.toggled if entry.checkable else action.triggered).connect(handlers[entry.name])
        made[entry.name] = action
    return made


def tip_with_keys(entry: ActionEntry) -> str:
    """Return the tool tip: what it does, and the key, with where the pointer must be for it."""
    tip = text(entry.tip)
    if not entry.shortcuts:
        return tip
    key = keys_text(entry.shortcuts[0])
    return f"{tip}  ({text('{key}, over the picture', key=key) if entry.place == 'image' else key})"


def keys_text(keys: str) -> str:
    """Return a key sequence as this desktop writes it."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def fill_menus(bar: QMenuBar, *, actions: Mapping[str, QAction]) -> dict[str, QMenu]:
    """Put every action into its menu, in the order of the table."""
    menus = {name: bar.addMenu(text(name)) for name in _MENUS}
    for entry in ACTIONS:
        if entry.separator:
            menus[entry.menu].addSeparator()
        menus[entry.menu].addAction(actions[entry.name])
    return menus


def enable_actions(actions: Mapping[str, QAction], *, now: Situation) -> None:
    """Enable exactly what makes sense now."""
    for entry in ACTIONS:
        actions[entry.name].setEnabled(entry.enabled(now))
