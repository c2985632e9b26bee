"""Pictures from files, and as PNG: the one place in `core` that touches the disk."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from paic3d_studio.core.artefacts import Portrait
from paic3d_studio.errors import UserError

MAX_PIXELS: Final = 100_000_000
"""More pixels than this are refused before anything is decoded."""

MIN_SIDE: Final = 64
"""A shorter side below this many pixels holds no face worth reconstructing."""

MAX_FILE_BYTES: Final = 1 << 30
"""A larger file than this is no portrait."""

MIN_TRANSPARENT_SHARE: Final = 0.02
"""With less of the picture transparent, its alpha separates nothing (rounded corners, stray edge pixels)."""

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
"""Formats a portrait is read from, by Pillow's names."""

_FORMAT_CURE: Final = "Use a PNG, JPEG, WebP, BMP, TIFF or GIF picture."
_DAMAGE_CURE: Final = "Save or download it again and open the new copy."
_ORIENTATION_TAG: Final = 0x0112
# What Pillow's decoders and metadata readers raise on damaged files, beside OSError.
_DAMAGED: Final = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)
_DAMAGED_METADATA: Final = (*_DAMAGED, struct.error, zlib.error)
PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
"""Endings of the files that can be decoded; what a file really is shows in its bytes."""

_warning_filters = threading.Lock()


def read_picture(path: str | os.PathLike[str]) -> bytes:
    """Read a picture file as it is, for `decode_portrait`.

    Raises:
        UserError: the file is missing, a folder, unreadable, empty or far too large.
    """
    file = Path(path)
    try:
        if file.is_dir():
            raise UserError(f"“{file.name}” is a folder, not a picture.", "Choose one picture file inside it.")
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UserError(f"“{file.name}” is too large ({size / (1 << 30):.1f} GB).", "Use a smaller picture.")
        encoded = file.read_bytes()
    except FileNotFoundError:
        raise UserError(f"There is no file “{file}”.", "Check the name and the folder.") from None
    except PermissionError:
        raise UserError(f"“{file}” may not be read.", "Ask for the right to read it, or copy it elsewhere.") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"“{file.name}” cannot be read ({reason}).", "Copy it to another place and try again."
        ) from None
    _refuse_empty(encoded, name=file.name)
    return encoded


def decode_portrait(encoded: bytes, *, name: str) -> Portrait:
    """Decode a picture file into an upright sRGB portrait with straight alpha.

    The first frame of an animation is taken; the orientation tag is applied and embedded colour profiles are
    converted to sRGB; 16-bit samples are scaled to 8.

    Args:
        encoded: the file's bytes: PNG, JPEG, WebP, BMP, TIFF or GIF.
        name: the file's name, for messages.

    Raises:
        UserError: the bytes are no picture, damaged, too large (refused from the header), too small or empty of
            content.
    """
    _refuse_empty(encoded, name=name)
    with _quiet_decoder():
        rgba = _decoded(encoded, name=name)
    opaque = rgba[..., 3] > 0
    if not opaque.any():
        raise UserError(f"“{name}” is completely transparent.", "Choose a picture that shows a character.")
    rgba.flags.writeable = False  # nobody else holds it, so the artefact need not copy it
    return Portrait(rgba=rgba, has_alpha=separates(rgba[..., 3]))


def separates(alpha: NDArray[np.uint8]) -> bool:
    """Return whether an alpha channel tells a character from a background, rather than trimming a few pixels."""
    transparent = float(np.mean(alpha < 128))
    return MIN_TRANSPARENT_SHARE <= transparent <= 1 - MIN_TRANSPARENT_SHARE / 4


def over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Composite straight-alpha sRGB (H, W, 4) on white: uint8 (H, W, 3)."""
    alpha = rgba[..., 3:]
    if alpha.size and alpha.min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    result = np.empty((*rgba.shape[:2], 3), np.uint8)
    for top in range(0, len(rgba), 256):  # in bands, so that a large picture is not widened at once
        rows = slice(top, top + 256)
        opacity = alpha[rows].astype(np.uint32)
        result[rows] = (rgba[rows, :, :3] * opacity + 255 * (255 - opacity) + 127) // 255
    return result


def spread_colours(rgb: NDArray[np.uint8], *, clear: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return colours (H, W, 3) in which every `clear` pixel (H, W) has that of the nearest one that is not.

    What a file holds where nothing is seen may be anything; black most often. Where all is clear nothing changes.
    """
    if not clear.any() or clear.all():
        return np.ascontiguousarray(rgb)
    _, label = cv2.distanceTransformWithLabels(clear.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colour_of = np.zeros((int(label.max()) + 1, 3), np.uint8)
    colour_of[label[~clear]] = rgb[~clear]
    return np.asarray(np.where(clear[..., None], colour_of[label], rgb), np.uint8)


def reduced(rgba: NDArray[np.uint8], *, side: int) -> NDArray[np.uint8]:
    """Return a picture (H, W, 4), straight alpha, its longer side at most `side` pixels; quick, not exact."""
    step = max(1, max(rgba.shape[:2]) // (4 * side))
    coarse = np.ascontiguousarray(rgba[::step, ::step])
    scale = min(1.0, side / max(coarse.shape[:2]))
    size = (max(1, round(coarse.shape[1] * scale)), max(1, round(coarse.shape[0] * scale)))
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), np.uint8)


def encode_png(array: NDArray[Any]) -> bytes:
    """Encode grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4) as PNG; uint8, or bool as black and white."""
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    if array.dtype != np.uint8:
        raise TypeError(f"PNG takes uint8 or bool, not {array.dtype}")
    if array.ndim == 3:
        code = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[array.shape[2]]
        array = cv2.cvtColor(np.ascontiguousarray(array), code)
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(array))
    if not done:
        raise RuntimeError("the PNG encoder failed")
    return encoded.tobytes()


def _refuse_empty(encoded: bytes, *, name: str) -> None:
    if not encoded:
        raise UserError(f"“{name}” is empty (0 bytes).", _DAMAGE_CURE)


@contextlib.contextmanager
def _quiet_decoder() -> Iterator[None]:
    """Silence Pillow's warnings while decoding: size is judged here, and odd metadata does not concern the artist."""
    with _warning_filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _decoded(encoded: bytes, *, name: str) -> NDArray[np.uint8]:
    """Open, judge by the header, decode, and bring to upright sRGB: uint8 (H, W, 4)."""
    try:
        image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except UnidentifiedImageError:
        raise UserError(f"“{name}” is not a picture this program can read.", _FORMAT_CURE) from None
    except _DAMAGED_METADATA:
        raise UserError(f"“{name}” is damaged.", _DAMAGE_CURE) from None
    with image:
        _judge_size(*image.size, name=name)
        try:
            image.load()
            return _upright(_srgb(image), orientation=_orientation(image))
        except Image.DecompressionBombError:
            raise _too_large(name) from None
        except MemoryError:
            raise UserError(
                f"“{name}” does not fit into memory.", "Scale the picture down, or close programs."
            ) from None
        except _DAMAGED_METADATA:
            raise UserError(f"“{name}” is cut short or damaged.", _DAMAGE_CURE) from None


def _too_large(name: str) -> UserError:
    limit = MAX_PIXELS // 1_000_000
    return UserError(f"“{name}” has more than {limit} megapixels.", "Scale it down to 4000 pixels or less.")


def _judge_size(width: int, height: int, *, name: str) -> None:
    """Refuse pictures too large to decode or too small to show a face.

    Raises:
        UserError: either of them.
    """
    if width * height > MAX_PIXELS:
        raise _too_large(name)
    if min(width, height) < MIN_SIDE:
        raise UserError(
            f"“{name}” has {width} × {height} pixels: too few on a side.",
            f"Use a picture with at least {MIN_SIDE} pixels a side.",
        )


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1..8; 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGED_METADATA:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(rgba: NDArray[np.uint8], *, orientation: int) -> NDArray[np.uint8]:
    """Undo the camera's rotation and mirroring (EXIF 2.32, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        rgba = rgba.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgba = rgba[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgba = rgba[::-1]
    return np.ascontiguousarray(rgba)


def _srgb(image: Image.Image) -> NDArray[np.uint8]:
    """Convert a loaded picture of any mode to sRGB with straight alpha: uint8 (H, W, 4)."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return _from_deep_grey(image)
    alpha = _alpha(image)
    colour = _without_alpha(image)
    rgb = np.asarray(_profile_applied(colour, profile=image.info.get("icc_profile")), np.uint8)
    return np.dstack([rgb, alpha])


def _from_deep_grey(image: Image.Image) -> NDArray[np.uint8]:
    """Scale grey of 16 or more bits, or of fractions, to 8 bits."""
    samples = np.asarray(image)
    key = image.info.get("transparency")
    opaque = np.full(samples.shape, 255, np.uint8)
    if isinstance(key, int):
        opaque[samples == key] = 0
    values = np.nan_to_num(samples.astype(np.float64))
    if image.mode == "F":
        white = 1.0 if values.max() <= 1 else 255.0 if values.max() <= 255 else 65535.0
    else:
        white = 65535.0 if values.max() <= 65535 else float(2**31 - 1)
    level = Image.fromarray(np.clip(np.rint(values * (255 / white)), 0, 255).astype(np.uint8))
    rgb = np.asarray(_profile_applied(level, profile=image.info.get("icc_profile")), np.uint8)
    return np.dstack([rgb, opaque])


def _alpha(image: Image.Image) -> NDArray[np.uint8]:
    """Return the alpha channel, or what the transparent palette entry or colour key says: uint8 (H, W)."""
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        return np.asarray(image.getchannel(len(image.getbands()) - 1), np.uint8)
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        with contextlib.suppress(*_DAMAGED_METADATA):  # a colour key that does not fit the picture
            return np.asarray(image.convert("RGBA").getchannel(3), np.uint8)
    return np.full((image.height, image.width), 255, np.uint8)


def _without_alpha(image: Image.Image) -> Image.Image:
    """Return the colours alone, in a mode that colour management knows: L, RGB, CMYK or LAB."""
    match image.mode:
        case "L" | "RGB" | "CMYK" | "LAB":
            return image
        case "1":
            return image.convert("L")
        case "LA":
            return image.getchannel(0)
        case "La":
            return image.convert("LA").getchannel(0)
        case "P" | "PA" | "RGBa":
            # A transparent palette entry or premultiplied colours: through RGBA, then drop alpha without blending.
            rgba = image.convert("RGBA")
            return Image.merge("RGB", rgba.split()[:3])
        case "RGBA" | "RGBX":
            return Image.merge("RGB", image.split()[:3])
        case _:
            return image.convert("RGB")


def _profile_applied(image: Image.Image, *, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the embedded profile; without a usable one the plain conversion stands in."""
    if image.mode == "LAB":
        source = ImageCms.createProfile("LAB")
    elif not profile:
        return image.convert("RGB")
    else:
        try:
            opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        except (ImageCms.PyCMSError, *_DAMAGED):
            return image.convert("RGB")
        if _is_srgb(opened) and image.mode in ("L", "RGB"):
            return image.convert("RGB")
        source = opened.profile
        if opened.profile.xcolor_space.strip() == "RGB" and image.mode == "L":
            image = image.convert("RGB")
    try:
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, *_DAMAGED):  # made for another kind of picture
        return image.convert("RGB")
    return converted if converted is not None else image.convert("RGB")


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Return whether a profile says it is sRGB: then conversion would only add rounding."""
    description = profile.profile.profile_description or ""
    return profile.profile.xcolor_space.strip() == "RGB" and description.startswith("sRGB")
