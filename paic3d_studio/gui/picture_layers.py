"""What the picture's panel shows: the picture, the line-free one, the line mask, hulls, landmarks, and the divider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from paic3d_studio.core.alignment import aligned_points
from paic3d_studio.core.artefacts import (
    ALIGNED_SIZE,
    AlignedPortrait,
    Alignment,
    FeatureHulls,
    Landmarks,
    LineMask,
    Portrait,
    RenderLike,
)
from paic3d_studio.gui import theme
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.hull_items import HullLayer
from paic3d_studio.gui.landmark_items import LandmarkLayer
from paic3d_studio.gui.picture_view import BACKDROPS, PictureView, line_pixels
from paic3d_studio.gui.swipe_items import SwipeDivider
from paic3d_studio.pipeline import steps
from paic3d_studio.project.state import AlignmentEdit, Project
from paic3d_studio.tools.pan_zoom import Box
from paic3d_studio.tools.pointer import Scene
from paic3d_studio.tools.swipe import Swipe

LAYERS: Final = ("picture", "clean", "lines", "hulls")
"""From the lowest to the topmost."""

_PIXELS: Final = LAYERS[:3]
_SEEN_FROM: Final = 16  # alpha, of 255
_LEAST_SHOWN: Final = 0.4  # of the square's side
"""Layers of pixels; hulls are drawn."""

_FAINT: Final = 0.25
"""How opaque the hulls are while they stand back."""

Subject = Literal["square", "portrait", "frame"]
"""The aligned square with its layers, the whole portrait alone, or the frame under which the portrait is moved."""


@dataclass(frozen=True)
class LayerState:
    """Whether a layer is shown, and how opaque, 0..1."""

    visible: bool
    opacity: float = 1.0


DEFAULT_LAYERS: Final = {
    "picture": LayerState(True),
    "hulls": LayerState(True),
    "lines": LayerState(True, 0.7),
    "clean": LayerState(False),
}


class PictureLayers(QObject):
    """Keeps what is on the screen in step with artefacts, and with what a gesture makes of them."""

    changed = Signal(object)
    """Layer -> `LayerState`."""
    swipe_changed = Signal(bool)
    backdrop_changed = Signal(str)
    line_colour_changed = Signal(str)
    hulls_shown = Signal()
    """Other hulls than before are drawn."""

    def __init__(self, view: PictureView, *, document: Document) -> None:
        super().__init__(view)
        self._view = view
        self._document = document
        self._portrait: NDArray[np.uint8] | None = None
        self._aligned: NDArray[np.uint8] | None = None
        self._subject: Subject = "square"
        self._was_fitted = False
        self._in_gesture = False
        self._line_colour = theme.MASK
        self._backdrop = "chequered"
        for name in _PIXELS:
            view.set_layer(name, None)
        self.states = dict(DEFAULT_LAYERS)
        """How each layer is shown; `set_state` changes it."""
        self.hulls = FeatureHulls(polygons={})
        """The hulls as they are drawn now, also in the middle of a drag."""
        self.landmarks: NDArray[np.float64] | None = None
        """The landmarks as they are drawn now, (28, 2) aligned pixels; None before they are known."""
        self.hull_layer = HullLayer(view.box)
        self.landmark_layer = LandmarkLayer(view.box)
        self.swipe: Swipe | None = None
        """The divider while there is one, also while it is out of sight."""
        self._divider = SwipeDivider(view.box)
        for layer in (self.hull_layer, self.landmark_layer):
            view.zoomed.connect(layer.set_scale)
            layer.set_scale(view.pan_zoom.scale)
        view.show_ground(False)
        self._show_states()

    # Artefacts -------------------------------------------------------------------------------------------------------

    @property
    def has_face(self) -> bool:
        """Whether there is an aligned picture to work on."""
        return self._aligned is not None

    @property
    def shows_square(self) -> bool:
        """Whether the aligned square is shown, and not the whole portrait."""
        return self.has_face and self._subject != "portrait"

    @property
    def aligned(self) -> AlignedPortrait | None:
        """The aligned picture that is shown."""
        return None if self._aligned is None else AlignedPortrait(self._aligned)

    @property
    def mask_pixels(self) -> NDArray[np.uint8] | None:
        """What the line mask's layer shows, (512, 512, 4), None when it is empty."""
        return self._view.pixels_of("lines")

    def take(self, value: object) -> None:
        """Show an artefact that the worker delivered; the mask and the hulls of a gesture under way come first."""
        if isinstance(value, Portrait):
            self._portrait = value.rgba
            if self._aligned is None or self._subject == "portrait":
                self._show_portrait()
        elif isinstance(value, AlignedPortrait):
            self._aligned = value.rgba
            if self._subject != "portrait":
                self._show_square()
        elif isinstance(value, RenderLike) and not self._in_gesture:
            self._document.live.forget()
            self.show_clean(value)
        elif isinstance(value, FeatureHulls) and not self._in_gesture:
            self.show_hulls(value)
            self._show_known_landmarks()
        elif isinstance(value, LineMask) and not self._in_gesture:
            self.show_mask(value)

    def clear(self) -> None:
        """Show nothing, for another picture."""
        self._aligned = self._portrait = None
        self._was_fitted = False
        self._show_no_face(_PIXELS)
        self._view.show_ground(False)

    def lose_face(self) -> None:
        """Show the whole portrait again: in this project no face is known."""
        self._aligned = None
        self._show_no_face(("clean", "lines"))
        self._show_portrait()

    def show_clean(self, picture: RenderLike) -> None:
        """Show this line-free picture."""
        self._view.set_layer("clean", picture.rgba)

    def show_mask(self, mask: LineMask) -> None:
        """Show this line mask."""
        self._view.set_layer("lines", line_pixels(mask, colour=self._line_colour))

    def show_hulls(self, hulls: FeatureHulls) -> None:
        """Draw these hulls and no others."""
        self.hulls = hulls
        self.hull_layer.show_hulls(hulls, locked=self.scene().locked)
        self.hulls_shown.emit()

    def show_landmarks(self, landmarks: Landmarks | None, alignment: Alignment | None) -> None:
        """Draw these landmarks, or none."""
        self.landmarks = None
        if landmarks is not None and alignment is not None:
            self.landmarks = aligned_points(alignment, points=landmarks.points)
        project = self._document.project
        moved = [one.index for one in project.landmark_moves] if project is not None else []
        self.landmark_layer.show_landmarks(self.landmarks, moved=moved)

    def _show_known_landmarks(self) -> None:
        landmarks, alignment = (self._document.session.peek(stage) for stage in ("landmarks", "alignment"))
        if landmarks is not None and alignment is not None:
            self.show_landmarks(landmarks, alignment)

    def _show_no_face(self, emptied: tuple[str, ...]) -> None:
        self.show_hulls(FeatureHulls(polygons={}))
        self.show_landmarks(None, None)
        for name in emptied:
            self._view.set_layer(name, None)

    # Under the pointer -----------------------------------------------------------------------------------------------

    def scene(self) -> Scene:
        """Return what lies under the pointer now."""
        project = self._document.project
        return Scene(
            hulls=self.hulls,
            alignment=self.alignment_of(project) if project is not None and self.has_face else None,
            locked=project.locked_hulls if project else (),
            landmarks=self.landmarks,
            adjustment=project.alignment_edit if project else AlignmentEdit(),
        )

    def alignment_of(self, project: Project) -> Alignment | None:
        """Return how the square lies in the portrait, also where the worker has not come so far yet."""
        found = self._document.session.peek("found_landmarks", project)
        return None if found is None else steps.alignment(found, project.alignment_edit)

    # Layers ----------------------------------------------------------------------------------------------------------

    def set_state(self, name: str, state: LayerState) -> None:
        """Show, hide or fade a layer."""
        if self.states[name] != state:
            self.states[name] = state
            self._show_states()
            self.changed.emit(dict(self.states))

    def toggle(self, name: str, visible: bool) -> None:
        """Show or hide a layer."""
        self.set_state(name, replace(self.states[name], visible=visible))

    def show_subject(self, subject: Subject) -> None:
        """Show the aligned square, the whole portrait, or the frame under which the portrait is moved."""
        before, self._subject = self._subject, subject
        if subject == "portrait":
            self._show_portrait()
        elif before == "portrait" and self.has_face:
            self._show_square()
        self._show_states()

    def set_in_gesture(self, under_way: bool) -> None:
        """Say whether a gesture is under way: then its mask and hulls are shown, not those of the worker."""
        self._in_gesture = under_way
        self._show_states()

    def _show_states(self) -> None:
        for name in _PIXELS:
            state = self.states[name] if self._subject != "portrait" else LayerState(name == "picture")
            if self.swiping and not (name == "lines" and self._in_gesture):
                state = LayerState(name != "lines")
            visible = state.visible and self._subject != "frame"
            self._view.show_layer(name, visible=visible, opacity=state.opacity)
        self.show_divider()
        hulls = self.states["hulls"]
        opacity = hulls.opacity * (_FAINT if self._stands_back else 1.0)
        self.hull_layer.show_layer(visible=hulls.visible and self._subject == "square", opacity=opacity)

    @property
    def _stands_back(self) -> bool:
        """Whether mask and hulls give way to the two pictures that are compared: not while one of them is edited."""
        return self.swiping and not self._in_gesture

    # The divider -----------------------------------------------------------------------------------------------------

    @property
    def swiping(self) -> bool:
        """Whether a divider stands between the picture and the line-free one."""
        return self.swipe is not None and self._subject != "portrait"

    @property
    def grabbable_swipe(self) -> Swipe | None:
        """The divider where the pointer can grab it."""
        return self.swipe if self._subject == "square" else None

    @property
    def divider(self) -> float | None:
        """Where the divider stands, aligned pixels; None without one."""
        return self.swipe.place if self.swipe is not None and self.swiping else None

    def set_swipe(self, shown: bool) -> None:
        """Put a divider between the picture and the line-free one, or take it away."""
        if shown == (self.swipe is not None):
            return
        self.swipe = Swipe() if shown else None
        self._show_states()
        self.swipe_changed.emit(shown)

    def show_divider(self, *, hot: bool = False) -> None:
        """Draw the divider where it stands, `hot` under the pointer, and cut the layers there."""
        self._divider.show_at(self.divider if self._subject != "frame" else None, hot=hot)
        self._view.clip_layer("clean", left=self.divider)

    @property
    def shows_clean(self) -> bool:
        """Whether the line-free picture is seen, whole or in part."""
        return self.swiping or self.states["clean"].visible

    # Colours ---------------------------------------------------------------------------------------------------------

    @property
    def backdrop(self) -> str:
        """What is seen where the picture is transparent, a key of BACKDROPS."""
        return self._backdrop

    def set_backdrop(self, name: str) -> None:
        """Choose what is seen where the picture is transparent, or the cut-out alone."""
        if name in BACKDROPS and name != self._backdrop:
            self._backdrop = name
            self._view.set_backdrop(name)
            if self.has_face and self._subject != "portrait":
                self._show_cut_out()
            self.backdrop_changed.emit(name)

    @property
    def line_colour(self) -> str:
        """The colour of the line mask's layer, one of LINE_COLOURS."""
        return self._line_colour

    def set_line_colour(self, colour: str) -> None:
        """Show the line mask in another colour."""
        if colour not in theme.LINE_COLOURS or colour == self._line_colour:
            return
        self._line_colour = colour
        pixels = self.mask_pixels
        if pixels is not None:
            shade = QColor(colour)
            marked = pixels.copy()
            marked[marked[..., 3] > 0, :3] = (shade.red(), shade.green(), shade.blue())
            self._view.set_layer("lines", marked)
        self.line_colour_changed.emit(colour)

    # The picture -----------------------------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the character as large as the panel lets her, or the whole portrait where that is shown."""
        self._view.fit(self._character() if self.shows_square else None)

    def _character(self) -> Box | None:
        """Return where in the square the character is, at least _LEAST_SHOWN of it each way; None without her."""
        if self._aligned is None or not (seen := self._aligned[..., 3] > _SEEN_FROM).any():
            return None
        (left, right), (top, bottom) = (_span(np.asarray(seen.any(axis=axis))) for axis in (0, 1))
        return left, top, right, bottom

    def _show_square(self) -> None:
        self._show_cut_out()
        square = (ALIGNED_SIZE, ALIGNED_SIZE)
        comes = not self._was_fitted or self._view.pan_zoom.content != square
        self._view.set_content(square)
        if comes:  # what later edits make of it moves nothing under the artist's hand
            self._was_fitted = True
            self.fit()
        self._view.show_ground(True)

    def _show_cut_out(self) -> None:
        """Show the aligned picture, or its alpha alone in grey."""
        pixels = self._aligned
        if pixels is not None and self._backdrop == "matte":
            pixels = np.dstack([pixels[..., 3]] * 3 + [np.full_like(pixels[..., 3], 255)])
        self._view.set_layer("picture", pixels)

    def _show_portrait(self) -> None:
        if self._portrait is not None:
            self._view.set_layer("picture", self._portrait)
            self._view.set_content((self._portrait.shape[1], self._portrait.shape[0]))
            self._view.show_ground(True)


def _span(shown: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the first and last place that is shown, and round them at least _LEAST_SHOWN of all."""
    inside = np.flatnonzero(shown)
    low, high = float(inside[0]), float(inside[-1] + 1)
    wider = max(0.0, _LEAST_SHOWN * len(shown) - (high - low)) / 2
    return low - wider, high + wider
