"""Whatever file an artist opens becomes the same upright sRGB picture, or one clear sentence."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile

from paic3d_studio.core.image import (
    MIN_SIDE,
    decode_portrait,
    encode_png,
    over_white,
    read_picture,
    separates,
)
from paic3d_studio.errors import UserError

SIDE = 80


def gradient() -> np.ndarray:
    """A picture whose every corner differs, RGB."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return np.stack([x * 3, y * 3, (x + y) * 1.5], axis=-1).astype(np.uint8)


def cut_out() -> np.ndarray:
    """The gradient with the left third transparent, RGBA."""
    alpha = np.full((SIDE, SIDE), 255, np.uint8)
    alpha[:, : SIDE // 3] = 0
    return np.dstack([gradient(), alpha])


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return decode_portrait(data, name="hana.png").rgba


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_a_lossless_format_gives_back_its_pixels(kind: str) -> None:
    picture = np.repeat(gradient()[:, :, :1] // 32 * 32, 3, axis=2)  # few colours, for the palette
    rgba = decoded(encoded(Image.fromarray(picture), kind))
    assert np.array_equal(rgba[..., :3], picture)
    assert (rgba[..., 3] == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_lossy_format_comes_close(kind: str) -> None:
    rgba = decoded(encoded(Image.fromarray(gradient()), kind, quality=95))
    assert np.abs(rgba[..., :3].astype(int) - gradient()).mean() < 3


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})])
def test_alpha_survives_and_stays_straight(kind: str, options: dict[str, object]) -> None:
    picture = cut_out()
    picture[..., 3] = np.maximum(picture[..., 3] // 2, 0)  # half transparent: premultiplied colours would be darker
    portrait = decode_portrait(encoded(Image.fromarray(picture), kind, **options), name="hana.png")
    assert np.array_equal(portrait.rgba[..., 3], picture[..., 3])
    visible = picture[..., 3] > 0
    assert np.array_equal(portrait.rgba[visible], picture[visible])


def test_an_alpha_that_cuts_the_character_out_is_noticed() -> None:
    assert decode_portrait(encoded(Image.fromarray(cut_out()), "PNG"), name="a").has_alpha


@pytest.mark.parametrize("share", [0.0, 0.005])
def test_an_alpha_that_only_trims_a_few_pixels_does_not_count(share: float) -> None:
    picture = cut_out()
    picture[..., 3] = 255
    picture[: round(share * SIDE), :, 3] = 0
    picture[0, :20, 3] = 0
    assert not decode_portrait(encoded(Image.fromarray(picture), "PNG"), name="a").has_alpha


def test_an_evenly_half_transparent_picture_separates_nothing() -> None:
    assert not separates(np.full((SIDE, SIDE), 200, np.uint8))
    assert not separates(np.full((SIDE, SIDE), 60, np.uint8))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_camera_rotation_is_undone(orientation: int, kind: str) -> None:
    upright = Image.fromarray(gradient()).resize((SIDE, SIDE + 40))
    turned = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"TIFF": {"tiffinfo": {0x0112: orientation}}, "WEBP": {"exif": exif, "lossless": True}}
    data = encoded(turned, kind, **options.get(kind, {"exif": exif}))
    rgba = decoded(data)
    assert rgba.shape == (SIDE + 40, SIDE, 4)
    assert np.abs(rgba[..., :3].astype(int) - np.asarray(upright)).max() < 40
    assert np.abs(rgba[..., :3].astype(int) - np.asarray(upright)).mean() < 3


def png16(samples: np.ndarray, colour_type: int) -> bytes:
    """A 16-bit PNG, by the specification: Pillow cannot write the colour kinds."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + samples[row].astype(">u2").tobytes() for row in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_are_scaled_to_eight(colour_type: int, channels: int) -> None:
    samples = np.linspace(0, 65535, SIDE * SIDE).reshape(SIDE, SIDE, 1).repeat(channels, 2).astype(np.uint16)
    rgba = decoded(png16(samples, colour_type))
    assert np.abs(rgba[..., 0] - samples[..., 0] / 257).max() <= 1
    if channels in (2, 4):
        assert np.abs(rgba[..., 3] - samples[..., -1] / 257).max() <= 1
    else:
        assert (rgba[..., 3] == 255).all()


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_a_deep_grey_tiff_is_scaled_to_eight_bits(mode: str) -> None:
    samples = np.linspace(0, 65535, SIDE * SIDE).reshape(SIDE, SIDE)
    deep = {"I;16": samples.astype(np.uint16), "I": samples.astype(np.int32), "F": (samples / 65535).astype(np.float32)}
    rgba = decoded(encoded(Image.fromarray(deep[mode]), "TIFF"))
    assert np.abs(rgba[..., 0] - samples / 257).max() <= 1


def test_a_transparent_palette_entry_becomes_alpha() -> None:
    indices = np.zeros((SIDE, SIDE), np.uint8)
    indices[20:60, 20:60] = 1
    image = Image.fromarray(indices).convert("P")
    image.putpalette([255, 0, 255, 10, 200, 30])
    for kind in ("PNG", "GIF"):
        rgba = decoded(encoded(image, kind, transparency=0))
        assert np.array_equal(rgba[..., 3] > 0, indices == 1)
        assert np.array_equal(rgba[30, 30], [10, 200, 30, 255])


def test_a_palette_with_graded_alpha_keeps_it() -> None:
    indices = np.tile(np.arange(SIDE, dtype=np.uint8), (SIDE, 1))
    image = Image.fromarray(indices).convert("P")
    image.putpalette([value for index in range(SIDE) for value in (index, 2 * index, 255 - index)])
    rgba = decoded(encoded(image, "PNG", transparency=bytes(range(0, 3 * SIDE, 3))))
    assert np.array_equal(rgba[0, :, 3], np.arange(0, 3 * SIDE, 3))
    assert np.array_equal(rgba[0, 1:, 0], np.arange(1, SIDE))


def test_a_colour_key_becomes_alpha() -> None:
    picture = gradient()
    picture[:20] = (255, 0, 255)
    rgba = decoded(encoded(Image.fromarray(picture), "PNG", transparency=(255, 0, 255)))
    assert (rgba[:20, :, 3] == 0).all()
    assert (rgba[20:, :, 3] == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16"])
def test_every_mode_a_file_can_have_gives_a_grey_ramp(mode: str) -> None:
    ramp = np.tile(np.arange(0, 240, 3, dtype=np.uint8), (SIDE, 1))
    if mode == "I;16":
        image = Image.fromarray(ramp.astype(np.uint16) * 257)
    elif mode == "LAB":
        image = ImageCms.profileToProfile(
            Image.fromarray(ramp).convert("RGB"),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )
    else:
        image = Image.fromarray(ramp).convert(mode)
    rgba = decoded(encoded(image, "TIFF" if mode in ("CMYK", "YCbCr", "LAB") else "PNG"))
    tolerance = 255 if mode == "1" else 3
    assert np.abs(rgba[..., :3].astype(int) - ramp[..., None]).max() <= tolerance


def test_a_cmyk_jpeg_without_a_profile_has_sensible_colours() -> None:
    rgba = decoded(encoded(Image.new("RGB", (SIDE, SIDE), (200, 40, 90)).convert("CMYK"), "JPEG", quality=98))
    assert np.abs(rgba[SIDE // 2, SIDE // 2, :3].astype(int) - (200, 40, 90)).max() <= 4


def swapped_profile() -> bytes:
    """An RGB profile whose red primary is sRGB's green and the other way round: unmistakable when applied."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(struct.unpack(">I", profile[128:132])[0]):
        entry = 132 + 12 * index
        names = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}
        tag = bytes(profile[entry : entry + 4])
        profile[entry : entry + 4] = names.get(tag, tag)
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_an_embedded_profile_is_converted_to_srgb(kind: str) -> None:
    image = Image.new("RGB", (SIDE, SIDE), (250, 10, 10))
    options: dict[str, object] = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    red, green, blue, _ = decoded(encoded(image, kind, icc_profile=swapped_profile(), **options))[40, 40]
    assert red < 40
    assert green > 215
    assert blue < 40


def test_a_profile_leaves_alpha_alone() -> None:
    rgba = decoded(encoded(Image.fromarray(cut_out()), "PNG", icc_profile=swapped_profile()))
    assert np.array_equal(rgba[..., 3], cut_out()[..., 3])


def test_the_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(
        decoded(encoded(Image.fromarray(gradient()), "PNG", icc_profile=profile))[..., :3], gradient()
    )


@pytest.mark.parametrize("profile", [b"nonsense", swapped_profile()[:200], b"\0" * 4000])
def test_a_damaged_profile_is_ignored(profile: bytes) -> None:
    data = encoded(Image.fromarray(gradient()), "PNG", icc_profile=profile)
    assert np.array_equal(decoded(data)[..., :3], gradient())


def test_a_profile_for_another_kind_of_picture_is_survived() -> None:
    rgb_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = encoded(Image.fromarray(gradient()[..., 0]), "PNG", icc_profile=rgb_profile)
    assert np.array_equal(decoded(grey)[..., 0], gradient()[..., 0])
    cmyk = encoded(Image.fromarray(gradient()).convert("CMYK"), "JPEG", icc_profile=rgb_profile, quality=95)
    assert np.abs(decoded(cmyk)[..., :3].astype(int) - gradient()).mean() < 4


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ((200, 10, 10), (10, 200, 10), (10, 10, 200))]
    rgba = decoded(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert np.abs(rgba[40, 40].astype(int) - (200, 10, 10, 255)).max() < 6


def sentence(data: bytes) -> str:
    with pytest.raises(UserError) as caught:
        decode_portrait(data, name="hana.png")
    error = caught.value
    assert "hana.png" in error.message
    assert error.message.endswith(".")
    assert "\n" not in str(error)
    assert error.cure.endswith(".")
    return str(error)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"hello, this is no picture" * 40, b"%PDF-1.7\n" + b"0" * 900, b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_called_so(data: bytes) -> None:
    sentence(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_a_truncated_file_is_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    sentence(data[: int(len(data) * share)])


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"]), seed=st.integers(0, 2**32 - 1))
def test_a_file_with_flipped_bytes_is_a_picture_or_one_sentence(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, object] = {"exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {}
    data = bytearray(encoded(Image.fromarray(gradient()), kind, **options))
    reach = min(len(data), 600) if rng.random() < 0.7 else len(data)  # mostly headers
    for place in rng.integers(0, reach, rng.integers(1, 8)):
        data[place] = rng.integers(0, 256)
    try:
        portrait = decode_portrait(bytes(data), name="hana.png")
    except UserError as error:
        assert "hana.png" in error.message
    else:
        assert portrait.rgba.dtype == np.uint8
        assert portrait.rgba.shape[2] == 4


def huge_png(width: int, height: int) -> bytes:
    """A well-formed PNG header of that size, with hardly any data behind it."""
    data = bytearray(encoded(Image.new("L", (64, 64)), "PNG"))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


@pytest.mark.parametrize("size", [(10_001, 10_000), (30_000, 30_000), (100_000, 2_000), (2**31 - 1, 2**31 - 1)])
def test_more_than_a_hundred_megapixels_are_refused_from_the_header(size: tuple[int, int]) -> None:
    assert "megapixels" in sentence(huge_png(*size))


def test_just_under_a_hundred_megapixels_are_not_refused_for_their_size() -> None:
    assert "megapixels" not in sentence(huge_png(10_000, 9_990))  # it is cut short, and that is what is said


@pytest.mark.parametrize("size", [(1, 1), (30_000, 1), (1, 300), (MIN_SIDE - 1, 500)])
def test_a_picture_too_small_for_a_face_is_refused(size: tuple[int, int]) -> None:
    assert f"{size[0]} × {size[1]}" in sentence(encoded(Image.new("RGB", size), "PNG"))


def test_an_entirely_transparent_picture_is_refused() -> None:
    assert "transparent" in sentence(encoded(Image.new("RGBA", (SIDE, SIDE), (9, 9, 9, 0)), "PNG"))


def test_decoding_leaves_pillow_and_the_warning_filters_as_they_were() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    decoded(encoded(Image.fromarray(gradient()), "PNG"))
    sentence(huge_png(20_000, 20_000))
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)) == before
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_the_same_bytes_give_the_same_pixels() -> None:
    data = encoded(Image.fromarray(cut_out()), "WEBP")
    assert np.array_equal(decoded(data), decoded(data))


def test_compositing_on_white_follows_the_formula() -> None:
    rng = np.random.default_rng(3)
    rgba = rng.integers(0, 256, (300, 41, 4), np.uint8)
    alpha = rgba[..., 3:] / 255
    expected = rgba[..., :3] * alpha + 255 * (1 - alpha)
    assert np.abs(over_white(rgba) - expected).max() <= 0.5 + 1e-6
    opaque = rgba.copy()
    opaque[..., 3] = 255
    assert np.array_equal(over_white(opaque), opaque[..., :3])


@pytest.mark.parametrize("shape", [(70, 64), (70, 64, 3), (70, 64, 4)])
def test_an_encoded_png_reads_back_the_same(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(4).integers(0, 256, shape, np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(array)))), array)


def test_a_mask_is_encoded_black_and_white() -> None:
    mask = np.eye(64, dtype=bool)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(mask)))) == 255, mask)


def test_reading_says_what_is_wrong_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    for name, word in (("none.png", "no file"), ("empty.png", "empty"), ("folder.png", "folder"), ("a\0b", "cannot")):
        with pytest.raises(UserError, match=word):
            read_picture(tmp_path / name)
    (tmp_path / "good.png").write_bytes(b"bytes")
    assert read_picture(tmp_path / "good.png") == b"bytes"
