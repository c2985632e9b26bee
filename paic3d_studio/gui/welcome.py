"""The first minutes: the start page while nothing is open, the tour, and the windows of the help menu."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QWidget

from paic3d_studio.gui.about import AboutDialog
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.help_texts import KeysDialog
from paic3d_studio.gui.log_dialog import LogDialog
from paic3d_studio.gui.panels.start_page import StartPage
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.tour import Tour

_TOUR_SEEN = "tour/seen"


class Welcome(QObject):
    """Owns start page and tour.

    The start page is there from the beginning until a picture is open; the tour waits for the first picture that is
    opened when it was asked for (`want_tour`), and begins at once from the menu.
    """

    def __init__(
        self,
        window: QMainWindow,
        *,
        document: Document,
        preferences: Preferences,
        actions: Mapping[str, QAction],
        inside: QWidget,
        over: QWidget,
    ) -> None:
        """The tour leads through `inside`, everything within the window's frame; the start page covers `over`."""
        super().__init__(window)
        self._window = window
        self._inside = inside
        self._document = document
        self._preferences = preferences
        self._tour_wanted = False
        self.tour: Tour | None = None
        """The tour, from its first beginning on."""
        self.start_page = StartPage(over, actions=actions)
        self.start_page.show_recent(preferences.recent_files)
        self.start_page.show()
        document.opened.connect(self._on_opened)

    @property
    def is_first_start(self) -> bool:
        """Whether the tour was never shown to the end, nor skipped."""
        return not self._preferences.flag(_TOUR_SEEN, default=False)

    def want_tour(self) -> None:
        """Begin the tour as soon as a picture is open."""
        self._tour_wanted = True

    def begin_tour(self) -> None:
        """Show the first step."""
        if self.tour is None:
            self.tour = Tour(self._inside, is_there=self._is_there)
            self.tour.ended.connect(self._on_tour_ended)
            self._document.artefact.connect(self.tour.look_again)
        self.tour.begin()

    def show_keys(self) -> None:
        """Show every key and what the mouse does."""
        KeysDialog(self._window).open()

    def show_about(self) -> None:
        """Show version, licences and credits."""
        AboutDialog(self._window).open()

    def show_log(self) -> None:
        """Show the end of the log."""
        LogDialog(self._window).open()

    def _is_there(self, artefact: str) -> bool:
        return self._document.project is not None and self._document.session.peek(artefact) is not None

    def _on_opened(self) -> None:
        self.start_page.hide()
        if self._tour_wanted:
            self._tour_wanted = False
            self.begin_tour()

    def _on_tour_ended(self) -> None:
        self._preferences.remember(_TOUR_SEEN, True)
        self._preferences.save()
