"""The window speaks the artist's language, and no sentence of it is forgotten."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from paic3d_studio.errors import UserError
from paic3d_studio.gui import language
from paic3d_studio.gui.getting_ready import GettingReady
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.queue_window import QueueWindow
from paic3d_studio.gui.theme import apply_theme
from paic3d_studio.gui.widgets import ElidedLabel
from paic3d_studio.session.session import Session
from paic3d_studio.tools import TOOLS
from tests.gui import visible_strings

OTHERS = [name for name in language.LANGUAGES if name != "en"]


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    language.use("en")


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    """The application, which may be given its theme: it is taken off afterwards."""
    font, palette, style = qapp.font(), qapp.palette(), qapp.style().name()
    yield qapp
    qapp.setStyleSheet("")
    qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language of which three sentences are known."""
    known = {
        "Open…": "開く…",
        "Exported {name}": "{name} を書き出しました",
        "The project file “{name}” is damaged ({what}).": "「{name}」は壊れています({what})。",
        "the picture has no name": "画像に名前がありません",
        "{a} and {b}": "{a}と{b}",
    }
    monkeypatch.setattr(language, "catalogue", lambda _: known)
    language.use("ja")


def test_english_is_what_stands_in_the_code() -> None:
    language.use("en")
    assert language.text("Open…") == "Open…"
    assert language.text("Exported {name}", name="head.glb") == "Exported head.glb"
    assert language.text("what nobody translated {") == "what nobody translated {"


def test_a_known_sentence_is_translated_with_its_values(spoken: None) -> None:
    assert language.text("Open…") == "開く…"
    assert language.text("Exported {name}", name="{odd}.glb") == "{odd}.glb を書き出しました"
    assert language.text("unknown") == "unknown"


def test_a_sentence_from_below_the_window_is_recognised_with_its_values_filled_in(spoken: None) -> None:
    error = UserError("The project file “a {b}.paic3d” is damaged (the picture has no name).")
    assert language.text(error.message) == "「a {b}.paic3d」は壊れています(画像に名前がありません)。"


@pytest.mark.parametrize("name", ["ja", "zh_CN"])
def test_a_count_with_the_time_that_is_left_is_recognised(name: str) -> None:
    language.use(name)
    for doing in ("Drawing view", "Encoding picture"):
        said = language.text(f"{doing} 12 of 60, about 40 s left")
        assert {"12", "60", "40"} == set(re.findall(r"\d+", said))
        assert not re.search("[A-Za-z]", said)
        assert language.text("about 40 s left") in said


def test_one_word_for_two_things_is_told_apart_and_shown_without_what_tells() -> None:
    assert language.text("Back|view") == "Back"
    language.use("ja")
    assert language.text("Back|view") not in ("Back", language.text("Back"))
    assert language.text("a|b: no context") == "a|b: no context"


def test_a_sentence_that_is_almost_only_values_is_not_guessed(spoken: None) -> None:
    assert language.text("bread and butter") == "bread and butter"


def test_a_chosen_language_says_when_it_comes_in_its_own_words_too(qtbot: QtBot, studio: MainWindow) -> None:
    action = studio.appearance.language_menu.actions()[-1]
    action.setEnabled(True)
    action.trigger()
    messages = studio.workspace.messages
    assert messages._message.text() == "The studio speaks 简体中文 from its next start."
    assert messages._cure.text() == "下次启动时，界面语言将变为简体中文。"


def test_a_language_that_no_font_can_show_says_so_in_letters_that_one_can(
    qtbot: QtBot, session: Session, preferences: Preferences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFontDatabase, "families", lambda *_: [])
    window = MainWindow(session, preferences=preferences)
    qtbot.addWidget(window)
    offered = {action.text(): action.isEnabled() for action in window.appearance.language_menu.actions()}
    assert offered == {
        "As the system": True,
        "English": True,
        "Japanese: no font for it is installed": False,
        "Chinese: no font for it is installed": False,
    }


@pytest.mark.parametrize(
    ("choice", "system", "expected"),
    [("ja", "de_DE", "ja"), ("system", "ja_JP", "ja"), ("system", "zh_CN", "zh_CN"), ("system", "de_DE", "en"),
     ("system", "C", "en"), ("klingon", "en_GB", "en")],
)  # fmt: skip
def test_the_language_is_the_chosen_one_or_the_nearest_to_the_systems(choice: str, system: str, expected: str) -> None:
    assert language.wanted_language(choice, system) == expected


@pytest.mark.parametrize("damaged", [b"\xff\xfe", b"this is no TOML = = =", None])
def test_a_damaged_catalogue_leaves_the_window_english(
    damaged: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "translations").mkdir()
    if damaged is not None:
        (tmp_path / "translations" / "ja.toml").write_bytes(damaged)
    monkeypatch.setattr(language, "resources_folder", lambda: tmp_path)
    language.use("ja")
    assert language.text("Open…") == "Open…"


@pytest.mark.parametrize("name", OTHERS)
def test_every_sentence_of_the_window_is_translated(name: str) -> None:
    assert visible_strings.missing(name) == []


@pytest.mark.parametrize("name", OTHERS)
def test_what_a_stage_says_of_its_progress_is_translated(name: str) -> None:
    said = {
        words[:1].upper() + words[1:]
        for folder in ("core", "nets", "pipeline", "session", "export")
        for file in (visible_strings.PACKAGE / folder).rglob("*.py")
        for words in re.findall(r"""\.(?:report|child)\([^"\n]*, "([^"\n]+)"\)""", file.read_text("utf-8"))
    }
    assert {"Unwrapping", "Asking the field for colours", "Stitching the portrait"} <= said
    assert sorted(said - set(language.catalogue(name))) == []


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_the_values_of_its_sentence_and_says_something(name: str) -> None:
    for english, said in language.catalogue(name).items():
        assert language.names_in(said) == language.names_in(english), english
        assert said.strip(), english
        assert english.endswith("…") == said.endswith("…"), english


def test_no_sentence_of_the_window_bypasses_the_catalogues() -> None:
    raw = [f"{found.file}:{found.line}: {found.sentence}" for found in visible_strings.visible_strings()
           if not found.translated]  # fmt: skip
    assert raw == []


def test_a_sentence_that_only_qt_would_translate_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visible_strings, "PACKAGE", tmp_path)
    (tmp_path / "view.py").write_text('self.setAccessibleName(self.tr("A head"))\nwidget.say(text("A mesh"))\n')
    found = {one.sentence: one.translated for one in visible_strings.found_in(tmp_path / "view.py")}
    assert found == {"A head": False, "A mesh": True}


@pytest.mark.parametrize("name", OTHERS)
def test_window_and_dialogs_show_no_english(
    qtbot: QtBot, session: Session, preferences: Preferences, picture: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GettingReady, "begin", lambda _: None)
    language.use(name)
    window = MainWindow(session, preferences=preferences)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.open_picture(str(picture))
    for show in (window.exporting.ask, window.welcome.show_keys, window.welcome.show_log, window.welcome.want_tour):
        show()
    queue = QueueWindow(preferences=preferences)
    qtbot.addWidget(queue)
    shown = words_of(window) | words_of(queue)
    queue.join(seconds=5)
    window.close()
    assert window.join(seconds=5)
    assert len(shown) > 300
    assert sorted(words for words in shown if is_english(words)) == []


@pytest.mark.parametrize("name", language.LANGUAGES)
def test_no_words_are_cut_off_in_a_small_window(
    qtbot: QtBot,
    dressed: QApplication,
    session: Session,
    preferences: Preferences,
    picture: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(GettingReady, "begin", lambda _: None)
    language.use(name)
    apply_theme(dressed)
    window = MainWindow(session, preferences=preferences)
    qtbot.addWidget(window)
    window.resize(1000, 640)
    window.actions_by_name["side-panel"].setChecked(True)
    window.show()
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.open_picture(str(picture))
    cut = set()
    for tool in TOOLS:
        window.image.choose_tool(tool)
        qtbot.wait(30)
        cut |= {(tool, words) for words in cut_off(window)}
    window.exporting.ask()
    dialog = window.exporting.dialog
    for suffix in (".glb", ".obj", ".vrm"):
        dialog._format.setCurrentIndex(dialog._format.findData(suffix))
        qtbot.wait(30)
        cut |= {(suffix, words) for words in cut_off(dialog)}
    window.close()
    assert window.join(seconds=5)
    assert cut == set()


def cut_off(root: QWidget) -> set[str]:
    """What `root` has less room for than it needs: the words of labels and controls, and insides of scrolled panels."""
    found = set()
    for widget in root.findChildren(QWidget):
        if widget.visibleRegion().isEmpty():
            continue
        room, needed, words = widget.width(), widget.sizeHint().width(), ""
        match widget:
            case ElidedLabel():
                continue
            case QLabel() if widget.wordWrap():
                room, needed, words = widget.height(), widget.heightForWidth(widget.width()), widget.text()
            case QLabel() | QPushButton():
                words = widget.text()
            case QToolButton() if widget.toolButtonStyle() != Qt.ToolButtonStyle.ToolButtonIconOnly:
                words = widget.text()
            case QComboBox():
                words = widget.currentText()
                needed = widget.fontMetrics().horizontalAdvance(words) + 36
            case QScrollArea() if widget.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
                words = widget.objectName() or "a scrolled panel"
                room, needed = widget.viewport().width(), widget.widget().minimumSizeHint().width()
        if words and needed > room + 1:
            found.add(f"{words}: {needed} pixels in {room}")
    return found


def words_of(root: QWidget) -> set[str]:
    """Everything that a window says: on it, in its tips and menus, and to screen readers."""
    said: set[str] = {root.windowTitle()}
    for widget in root.findChildren(QWidget):
        said |= {widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle()}
        match widget:
            case QLabel() | QAbstractButton():
                said.add(widget.text())
            case QComboBox():
                said |= {widget.itemText(place) for place in range(widget.count())}
            case QAbstractSpinBox():
                said.add(widget.specialValueText())
            case QLineEdit() | QPlainTextEdit():
                said.add(widget.placeholderText())
        said |= {words for action in widget.actions() for words in (action.text(), action.toolTip())}
    return said


def is_english(words: str) -> bool:
    """Whether words have no letter of China or Japan, and more than names, keys, units and numbers."""
    names = (
        r"PAiC-3D Studio|portrait(\.png)?|English|Telea|(Ctrl|Shift|Alt|Del|Esc|Backspace)\b|\bmin\b|[\w.]*/[\w/.-]*"
    )
    return not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", words) and bool(
        re.search(r"[A-Za-z]{3,}", re.sub(names, "", words))
    )
