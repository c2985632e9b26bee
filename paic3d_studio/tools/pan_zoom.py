"""Which part of a picture is shown, and how large: a frozen view moved by pure functions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from paic3d_studio.project.state import Point

MIN_SCALE: Final = 0.1
MAX_SCALE: Final = 32.0
"""Screen pixels per picture pixel, least and most."""

WHEEL_STEP: Final = 1.2
"""One notch of a mouse wheel zooms by this factor."""

FIT_MARGIN: Final = 0.94
"""A fitted picture fills this share of the panel, so that its border is seen."""

_STILL_SEEN: Final = 48.0  # screen pixels of the picture that stay in sight however far it is dragged


Box = tuple[float, float, float, float]
"""A part of a picture: left, top, right, bottom in its pixels."""


@dataclass(frozen=True)
class PanZoom:
    """A picture of `content` (width, height) seen through a panel of `panel` logical pixels.

    `scale` is screen pixels per picture pixel, `centre` the picture place in the middle of the panel. While `fitted`,
    the picture follows the panel's size; the first zoom or pan by hand ends that.
    """

    content: tuple[float, float]
    panel: tuple[float, float]
    scale: float = 1.0
    centre: Point = (0.0, 0.0)
    fitted: bool = True
    share: float = FIT_MARGIN
    """How much of the panel a fitted picture fills."""
    subject: Box | None = None
    """What of the picture a fitted view is about; all of it where None."""
    whole: bool = False
    """Whether all of it is to be seen nevertheless."""

    def fit(self) -> PanZoom:
        """Show the picture's subject, and keep doing so when the panel changes its size."""
        left, top, right, bottom = self.subject if self.subject and not self.whole else (0.0, 0.0, *self.content)
        scale = self.share * min(self.panel[0] / (right - left), self.panel[1] / (bottom - top))
        scale = min(scale, _bounded(scale))  # a huge picture is seen whole, however small that is
        centre = ((left + right) / 2, (top + bottom) / 2)
        return dataclasses.replace(self, scale=scale, centre=centre, fitted=True)

    def fitted_to(self, share: float, *, whole: bool = False) -> PanZoom:
        """Let a fitted picture fill this share of the panel from now on; one that is not fitted stays as it is."""
        changed = dataclasses.replace(self, share=share, whole=whole)
        return changed.fit() if self.fitted else changed

    def about(self, subject: Box | None) -> PanZoom:
        """Let a fitted view be about this part of the picture from now on."""
        changed = dataclasses.replace(self, subject=subject)
        return changed.fit() if self.fitted else changed

    def resized(self, panel: tuple[float, float]) -> PanZoom:
        """Follow the panel to a new size: refit if fitted, else keep scale and centre."""
        moved = dataclasses.replace(self, panel=(max(panel[0], 1.0), max(panel[1], 1.0)))
        return moved.fit() if self.fitted else moved

    def showing(self, content: tuple[float, float]) -> PanZoom:
        """Show a picture of another size, fitted; the same size changes nothing."""
        return self if content == self.content else dataclasses.replace(self, content=content, subject=None).fit()

    def to_picture(self, screen: Point) -> Point:
        """Return the picture place under a place of the panel."""
        return (
            self.centre[0] + (screen[0] - self.panel[0] / 2) / self.scale,
            self.centre[1] + (screen[1] - self.panel[1] / 2) / self.scale,
        )

    def to_screen(self, place: Point) -> Point:
        """Return where the panel shows a picture place."""
        return (
            self.panel[0] / 2 + (place[0] - self.centre[0]) * self.scale,
            self.panel[1] / 2 + (place[1] - self.centre[1]) * self.scale,
        )

    def zoomed(self, factor: float, *, about: Point) -> PanZoom:
        """Zoom by `factor` so that the picture place under `about` (panel pixels) stays where it is."""
        held = self.to_picture(about)
        scale = _bounded(self.scale * factor, low=min(MIN_SCALE, self.scale))
        centre = (
            held[0] - (about[0] - self.panel[0] / 2) / scale,
            held[1] - (about[1] - self.panel[1] / 2) / scale,
        )
        return dataclasses.replace(self, scale=scale, centre=centre, fitted=False)._in_sight()

    def at_scale(self, scale: float) -> PanZoom:
        """Show at `scale` about the middle of the panel: 1 is one screen pixel for each picture pixel."""
        return self.zoomed(scale / self.scale, about=(self.panel[0] / 2, self.panel[1] / 2))

    def panned(self, dx: float, dy: float) -> PanZoom:
        """Move the picture by screen pixels; a part of it always stays in sight."""
        centre = (self.centre[0] - dx / self.scale, self.centre[1] - dy / self.scale)
        return dataclasses.replace(self, centre=centre, fitted=False)._in_sight()

    @property
    def visible(self) -> tuple[float, float, float, float]:
        """The picture rectangle that fills the panel: left, top, width, height."""
        width, height = self.panel[0] / self.scale, self.panel[1] / self.scale
        return (self.centre[0] - width / 2, self.centre[1] - height / 2, width, height)

    def _in_sight(self) -> PanZoom:
        def held(centre: float, content: float, panel: float) -> float:
            slack = max(panel / 2 - _STILL_SEEN, 0.0) / self.scale
            return min(max(centre, -slack), content + slack)

        centre = (
            held(self.centre[0], self.content[0], self.panel[0]),
            held(self.centre[1], self.content[1], self.panel[1]),
        )
        return dataclasses.replace(self, centre=centre)


def _bounded(scale: float, *, low: float = MIN_SCALE) -> float:
    return min(max(scale, low), MAX_SCALE)
