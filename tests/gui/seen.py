"""What the window shows, as its tests read it."""

import cv2
import numpy as np

from paic3d_studio.gui.main_window import MainWindow


def mask(studio: MainWindow) -> np.ndarray:
    """Return the line mask as its layer shows it, bool."""
    pixels = studio.image.shown.mask_pixels
    assert pixels is not None
    return np.asarray(pixels[..., 3] > 0)


def corner(studio: MainWindow, feature: str, index: int) -> tuple[float, float]:
    x, y = studio.image.hulls.polygons[feature][index]
    return float(x), float(y)


def inside(polygon: np.ndarray) -> np.ndarray:
    """Return the pixels whose centres lie well inside a polygon, bool (512, 512)."""
    drawn = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(drawn, [np.round(polygon - 0.5).astype(np.int32)], 1)
    return cv2.erode(drawn, np.ones((3, 3), np.uint8)).astype(bool)


def states(studio: MainWindow) -> dict[str, str]:
    return studio.workspace.strip.states()


def chosen(studio: MainWindow, text: str) -> None:
    """Choose an entry of the menu that a right click opened."""
    menu = studio.image._menu
    assert menu is not None and menu.isVisible()
    (action,) = [action for action in menu.actions() if action.text() == text]
    action.trigger()
    menu.close()
