"""The window speaks the artist's language, and no sentence of it is forgotten."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from paic3d_studio.errors import UserError
from paic3d_studio.gui import language
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.session.session import Session
from tests.gui import visible_strings

OTHERS = [name for name in language.LANGUAGES if name != "en"]


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    language.use("en")


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


def test_one_word_for_two_things_is_told_apart_and_shown_without_what_tells() -> None:
    assert language.text("Back|view") == "Back"
    language.use("ja")
    assert language.text("Back|view") not in ("Back", language.text("Back"))
    assert language.text("a|b: no context") == "a|b: no context"


def test_a_sentence_that_is_almost_only_values_is_not_guessed(spoken: None) -> None:
    assert language.text("bread and butter") == "bread and butter"


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
def test_the_empty_window_shows_no_english(
    qtbot: QtBot, session: Session, preferences: Preferences, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paic3d_studio.gui.document._warm_up", lambda *_: None)
    language.use(name)
    window = MainWindow(session, preferences=preferences)
    qtbot.addWidget(window)
    shown = {label.text() for label in window.findChildren(QLabel)}
    shown |= {action.text() for action in window.actions_by_name.values()}
    left = {
        text for text in shown if re.search(r"[A-Za-z]{4,}", text.replace("PAiC-3D Studio", "")) and text in _known()
    }
    window.close()
    assert window.document.close(seconds=5)
    assert left == set()


def _known() -> set[str]:
    return {found.sentence for found in visible_strings.visible_strings()}
