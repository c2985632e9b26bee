"""Find every sentence that the window shows, and say which bypass `text()` and which no catalogue translates.

PYTHONPATH=. python tests/gui/visible_strings.py          what is left to do, file by file
PYTHONPATH=. python tests/gui/visible_strings.py ja       the missing lines of one catalogue, to be filled in
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from paic3d_studio.gui.language import LANGUAGES, catalogue

PACKAGE = Path(__file__).resolve().parents[2] / "paic3d_studio"
SHOWN_FROM = ("gui", "viewport/shading.py", "viewport/canvas.py", "pipeline/stages.py", "tools", "export")
"""Files and folders whose sentences the window shows."""

TRANSLATED: dict[str, tuple[int | str, ...]] = {
    "text": (0,), "in_language": (0,), "said_in": (1,), "label": (0, "text"), "Section": (0,), "add": (0, "tip"),
    "icon_button": ("tip",),
    "show_message": (0, "message", "cure", "action", "other", "more"), "ActionEntry": (1, 2, 3, "label", "tip", "menu"),
    "show_hint": (0,), "show_idle": (0,), "show_progress": (1,), "submit": ("title",), "Step": (1, 2, "coming"),
    "invite": (0, 1),
    "Option": (0, 2, 3, "at_least"), "say": (0, 1), "say_halted": (0,), "ShadingMode": (0, "label"),
    "Stage": ("title",), "Exporter": ("label", "title"), "TurntableFormat": (0, "label"),
}  # fmt: skip
"""Calls that show what they are given in the artist's language -> positions and names of those arguments."""

RAW: dict[str, tuple[int | str, ...]] = {
    "QPushButton": (0,), "QLabel": (0,), "QAction": (0, 1), "QCheckBox": (0,), "QRadioButton": (0,), "QGroupBox": (0,),
    "QMenu": (0,), "ElidedLabel": (0,), "setText": (0,), "setToolTip": (0,), "setWindowTitle": (0,), "setTitle": (0,),
    "setAccessibleName": (0,), "setAccessibleDescription": (0,), "addAction": (0, 1), "addMenu": (0,), "addTab": (1,),
    "addItem": (0, 1), "setPlaceholderText": (0,), "setStatusTip": (0,), "setIconText": (0,), "QFileDialog": (1,),
    "__init__": (0,), "setHeaderLabels": (0,), "setLabelText": (0,), "tr": (0,),
}  # fmt: skip
"""Calls of Qt that show what they are given as it is, or translate it by catalogues of Qt's own, which are not here."""

NO_WORDS = re.compile(r"^(\W|\d|\{.*?\}|[A-Z]|px|ms|MB|GB|kB|PAiC-3D Studio|Ctrl|Shift|Alt|x|s|°)*$")
"""What needs no translation: numbers, units, names."""


@dataclass(frozen=True)
class Found:
    """A sentence, where it stands, and whether it goes through `text()`."""

    sentence: str
    file: str
    line: int
    translated: bool


def sources(shown_from: Iterable[str] = SHOWN_FROM) -> Iterator[Path]:
    for name in shown_from:
        place = PACKAGE / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]


def sentences_of(value: ast.expr) -> list[str]:
    """The texts that an expression may become; the values of an f-string are names in braces."""
    match value:
        case ast.Constant(value=str() as sentence):
            return [sentence]
        case ast.JoinedStr(values=parts):
            return ["".join(_part(part) for part in parts)]
        case ast.IfExp(body=one, orelse=other):
            return sentences_of(one) + sentences_of(other)
        case ast.BoolOp(values=values):
            return [sentence for each in values for sentence in sentences_of(each)]
        case ast.Tuple(elts=[_, shown]):
            return sentences_of(shown)
    return []


def _part(part: ast.expr) -> str:
    match part:
        case ast.Constant(value=str() as literal):
            return literal
        case ast.FormattedValue(value=ast.Name(id=name) | ast.Attribute(attr=name)):
            return "{" + name + "}"
    return "{value}"


def found_in(file: Path) -> Iterator[Found]:
    """Every sentence shown by a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = _called(node.func)
        for table, translated in ((TRANSLATED, True), (RAW, False)):
            for place in table.get(called, ()):
                shown = node.args[place] if isinstance(place, int) and place < len(node.args) else None
                shown = shown or next((each.value for each in node.keywords if each.arg == place), None)
                for sentence in sentences_of(shown) if shown is not None else ():
                    if not NO_WORDS.match(sentence):
                        yield Found(sentence, str(file.relative_to(PACKAGE)), node.lineno, translated)


def _called(function: ast.expr) -> str:
    """The name under which a call is listed; `text` of anything but this program's language is another thing."""
    match function:
        case ast.Attribute(value=ast.Name(id="language"), attr="text") | ast.Name(id="text"):
            return "text"
        case ast.Attribute(attr=name) | ast.Name(id=name) if name != "text":
            return name
    return ""


def tables() -> Iterator[Found]:
    """Sentences that stand in tables and reach `text()` by a variable."""
    from paic3d_studio.export import EXPORTERS
    from paic3d_studio.gui import appearance, cut_words, following, help_texts, outcomes, theme
    from paic3d_studio.gui.actions import ACTIONS
    from paic3d_studio.gui.panels import (
        align_bar,
        brush_bar,
        layers_panel,
        look_menu,
        mesh_panel,
        settings_panel,
        stage_strip,
        terms_form,
    )
    from paic3d_studio.pipeline.stages import STAGES
    from paic3d_studio.tools import TOOLS
    from paic3d_studio.tools.place_face_tool import QUESTIONS
    from paic3d_studio.viewport.canvas import BACKGROUND_CHOICES
    from paic3d_studio.viewport.shading import SHADING_MODES

    listed = [
        *appearance._THEMES.values(),
        *(words for row in (*help_texts._POINTER, *help_texts._HEAD_KEYS) for words in row),
        *(label for _, label in (*outcomes.WAYS_ON.values(), outcomes.TRY_AGAIN)),
        following.NO_PICTURE,
        *(entry.menu for entry in ACTIONS),
        *(title for _, title, _ in layers_panel._ROWS),
        *(words for title, _, tip, _ in look_menu.VIEWS for words in (title, tip)),
        *look_menu.OVERLAYS.values(),
        *(title for _, title in mesh_panel._LINES),
        *mesh_panel._TIPS.values(),
        *cut_words._WHERE.values(),
        "Cut by hand",
        *settings_panel._CHOICE_LABELS.values(),
        *(words for _, _, words, *_ in align_bar._FIELDS),
        *(words for pair in brush_bar.MATTE_MODES.values() for words in pair),
        *(words for pair in terms_form._TITLES.values() for words in pair),
        *terms_form._CHOICES.values(),
        *(words for words, _ in layers_panel.BACKDROPS.values()),
        *theme.LINE_COLOURS.values(),
        "By the VRM Public License 1.0. Violent, sexual, political, religious or hateful use stays prohibited.",
        "Choose Blender…",
        *stage_strip.STEPS,
        *(stage.title for stage in STAGES),
        *(tool.hint for tool in TOOLS.values()),
        *QUESTIONS,
        *BACKGROUND_CHOICES.values(),
        *(mode.label for mode in SHADING_MODES.values()),
        *(exporter.label for exporter in EXPORTERS.values() if hasattr(exporter, "label")),
    ]
    for sentence in listed:
        if not NO_WORDS.match(sentence):
            yield Found(sentence, "tables", 0, True)


def visible_strings() -> list[Found]:
    """Every sentence that the window can show, as far as the source tells."""
    return [*(found for file in sources() for found in found_in(file)), *tables()]


def missing(language: str) -> list[str]:
    """The sentences that a catalogue does not translate, each once, in the order of the source."""
    known = catalogue(language)
    wanted = dict.fromkeys(found.sentence for found in visible_strings())
    return [sentence for sentence in wanted if sentence not in known]


def main() -> None:
    if len(sys.argv) > 1:
        for sentence in missing(sys.argv[1]):
            print(f"{_quoted(sentence)} = {_quoted('')}")
        return
    for found in visible_strings():
        if not found.translated:
            print(f"{found.file}:{found.line}: not through text(): {found.sentence}")
    for language in LANGUAGES:
        if language != "en":
            print(f"{language}: {len(missing(language))} sentences are missing")


def _quoted(sentence: str) -> str:
    escaped = sentence.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    main()
