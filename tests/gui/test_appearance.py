"""Dark and light: every text can be read in both, and a change reaches what is drawn already."""

import re
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from paic3d_studio.gui import theme
from paic3d_studio.gui.appearance import SYSTEM, Appearance
from paic3d_studio.gui.icons import icon
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences


@pytest.fixture(autouse=True)
def dark_again(qtbot: QtBot) -> Iterator[None]:
    yield
    theme.use("dark")
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setStyleSheet("")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of the web content accessibility guidelines."""

    def luminance(name: str) -> float:
        colour = QColor(name)
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", theme.THEMES)
def test_text_stands_out_from_every_ground_it_is_written_on(name: str) -> None:
    colours = theme.THEMES[name]
    for ground in (colours.base, colours.panel, colours.control):
        assert contrast(colours.text, ground) >= 7
        assert contrast(colours.text_soft, ground) >= 4.5
    for ground in (colours.base, colours.panel):
        assert contrast(colours.text_faint, ground) >= 4.5
        assert contrast(colours.accent, ground) >= 4.5
    for ground in (colours.good_ground, colours.warm_ground, colours.bad_ground, colours.accent_dim):
        assert contrast(colours.text, ground) >= 7
        assert contrast(colours.text_soft, ground) >= 4.5
    assert contrast("#ffffff", colours.accent_fill) >= 4.5
    assert contrast(colours.good, colours.good_ground) >= 3
    assert contrast(colours.warm, colours.warm_ground) >= 3
    assert contrast(colours.bad, colours.bad_ground) >= 3


def test_both_themes_name_every_colour_as_a_colour() -> None:
    for colours in theme.THEMES.values():
        for field, value in asdict(colours).items():
            assert QColor(value).isValid(), field


def test_no_dark_colour_is_left_in_the_light_sheet(qtbot: QtBot) -> None:
    theme.use("light")
    sheet = theme.style_sheet().lower()
    dark, light = asdict(theme.THEMES["dark"]), asdict(theme.THEMES["light"])
    left = {field for field, value in dark.items() if value in sheet and value not in light.values()}
    assert left == set()


@pytest.mark.parametrize("name", theme.THEMES)
def test_chosen_text_in_a_field_stands_out_from_what_marks_it(qtbot: QtBot, name: str) -> None:
    theme.use(name)
    marked = {}
    for rule in re.findall(r"([^{}]*)\{([^}]*)\}", theme.style_sheet()):
        colours = dict(re.findall(r"selection-((?:background-)?color):\s*([^;\s]+)", rule[1]))
        marked |= {field.strip(): colours for field in rule[0].split(",") if colours}
    for field in ("QLineEdit", "QSpinBox", "QDoubleSpinBox", "QComboBox"):
        assert contrast(marked[field]["color"], marked[field]["background-color"]) >= 4.5, field


@pytest.mark.parametrize("name", theme.THEMES)
def test_arrows_and_marks_are_seen_on_the_ground_of_menus(qtbot: QtBot, name: str) -> None:
    theme.use(name)
    pictures = set(re.findall(r":/qss_icons/[a-z]+/rc/[a-z_]+\.png", theme.style_sheet()))
    ground = theme.THEMES[name].control
    for kind in ("arrow_right", "arrow_down", "radio_checked", "radio_unchecked", "checkbox_unchecked"):
        (picture,) = (found for found in pictures if found.endswith(f"/{kind}.png"))
        image = QImage(picture)
        assert not image.isNull()
        pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        assert contrast(max(pixels, key=QColor.alpha).name(), ground) >= 3, kind


def test_a_theme_shows_at_once_is_remembered_and_reaches_icons(
    qtbot: QtBot, window: MainWindow, preferences: Preferences
) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    undo = window.actions_by_name["open"]
    before = undo.icon().pixmap(20).toImage()
    light = next(action for action in window.appearance.theme_menu.actions() if action.data() == "light")
    light.trigger()
    assert theme.in_use() == "light"
    assert app.palette().color(QPalette.ColorRole.Window) == QColor(theme.THEMES["light"].base)
    assert undo.icon().pixmap(20).toImage() != before
    assert undo.icon().pixmap(20).toImage() == icon("open").pixmap(20).toImage()
    assert preferences.text("theme", SYSTEM) == "light"
    window.appearance.show_theme("dark")
    assert undo.icon().pixmap(20).toImage() == before


def test_without_a_wish_the_studio_follows_the_system(qtbot: QtBot, window: MainWindow) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    assert theme.wanted_theme(SYSTEM, app) in theme.THEMES
    assert theme.wanted_theme("light", app) == "light"
    assert isinstance(window.appearance, Appearance)
