"""How the studio looks and which language it speaks: chosen in the View menu, remembered, else as the system has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, QTranslator, Signal
from PySide6.QtGui import QAction, QActionGroup, QFontDatabase
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from paic3d_studio.gui import language, theme
from paic3d_studio.gui.icons import draw_anew
from paic3d_studio.gui.language import LANGUAGES, text
from paic3d_studio.gui.preferences import Preferences

SYSTEM: Final = "system"
_THEMES: Final[Mapping[str, str]] = {SYSTEM: "As the system", "dark": "Dark", "light": "Light"}
_SCRIPTS: Final = {
    "ja": QFontDatabase.WritingSystem.Japanese,
    "zh_CN": QFontDatabase.WritingSystem.SimplifiedChinese,
}
"""Languages that not every system has letters for -> what a font must offer."""


def dress(app: QApplication, preferences: Preferences) -> None:
    """Give the application its language and its theme, before any window is made."""
    language.use(language.wanted_language(preferences.text("language", SYSTEM), QLocale.system().name()))
    own = QTranslator(app)  # for what Qt says itself: file dialogs, OK and Cancel
    if own.load(f"qtbase_{language.in_use()}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(own)
    theme.use(theme.wanted_theme(preferences.text("theme", SYSTEM), app))
    theme.apply_theme(app)


class Appearance(QObject):
    """Owns the two menus; a theme shows at once, a language at the next start."""

    language_chosen = Signal(str)
    """The chosen language, a key of `LANGUAGES`."""

    def __init__(self, window: QWidget, *, preferences: Preferences) -> None:
        super().__init__(window)
        self._preferences = preferences
        self._app = QApplication.instance()
        assert isinstance(self._app, QApplication)
        self.theme_menu = QMenu(text("Theme"), window)
        self._themes = self._fill(self.theme_menu, {name: text(label) for name, label in _THEMES.items()}, "theme")
        self._themes.triggered.connect(self._on_theme)
        self.language_menu = QMenu(text("Language"), window)
        labels = {SYSTEM: text("As the system"), **LANGUAGES}
        self._languages = self._fill(self.language_menu, labels, "language")
        in_latin = {"ja": text("Japanese"), "zh_CN": text("Chinese")}
        for action in self._languages.actions():
            name = action.data()
            if name in _SCRIPTS and not QFontDatabase.families(_SCRIPTS[name]):
                action.setText(text("{language}: no font for it is installed", language=in_latin[name]))
                action.setEnabled(False)
        self._languages.triggered.connect(self._on_language)
        self._app.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    def show_theme(self, choice: str) -> None:
        """Show everything in a theme, or as the system has it."""
        assert isinstance(self._app, QApplication)
        before, wanted = theme.in_use(), theme.wanted_theme(choice, self._app)
        if wanted == before:
            return
        theme.use(wanted)
        theme.apply_theme(self._app)
        draw_anew(self._app.allWidgets(), in_theme=before)
        for widget in self._app.allWidgets():
            widget.update()

    def _fill(self, menu: QMenu, labels: Mapping[str, str], setting: str) -> QActionGroup:
        group = QActionGroup(self)
        chosen = self._preferences.text(setting, SYSTEM)
        for name, label in labels.items():
            action = menu.addAction(label)
            action.setObjectName(f"{setting}-{name}")
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name == chosen)
            group.addAction(action)
        return group

    def _on_theme(self, action: QAction) -> None:
        self._preferences.remember("theme", str(action.data()))
        self.show_theme(str(action.data()))

    def _on_system_changed(self) -> None:
        self.show_theme(self._preferences.text("theme", SYSTEM))

    def _on_language(self, action: QAction) -> None:
        self._preferences.remember("language", str(action.data()))
        self.language_chosen.emit(language.wanted_language(str(action.data()), QLocale.system().name()))
