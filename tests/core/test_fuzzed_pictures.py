"""Two thousand damaged pictures of every format: each becomes a portrait of sound size, or a sentence."""

import io

import numpy as np
import pytest
from PIL import Image

from paic3d_studio.core.image import decode_portrait
from paic3d_studio.errors import UserError
from tests.mutations import hanging_fails, mutants, with_right_checksums

COUNT = 2000


def originals() -> list[bytes]:
    """A small picture in every format that the program reads, some of them in two ways."""
    y, x = np.mgrid[0:72, 0:80]
    rgba = np.dstack([x * 3, y * 3, (x + y) * 1, 255 - (x > 60) * 200]).astype(np.uint8)
    made = []
    for kind, mode, options in (
        ("PNG", "RGBA", {}), ("PNG", "P", {}), ("PNG", "I;16", {}), ("JPEG", "RGB", {}), ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True}), ("WEBP", "RGBA", {"lossless": True}), ("WEBP", "RGB", {}),
        ("BMP", "RGB", {}), ("GIF", "P", {}), ("TIFF", "RGBA", {}), ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ):  # fmt: skip
        image = Image.fromarray(rgba)
        image = Image.fromarray(rgba[..., 0].astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
        target = io.BytesIO()
        image.save(target, kind, **options)
        made.append(target.getvalue())
    return made


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # decoders may complain; they must not fail otherwise
def test_a_damaged_picture_becomes_a_portrait_or_a_sentence() -> None:
    read = refused = 0
    for damaged in mutants(originals(), count=COUNT, seed=11):
        content = with_right_checksums(damaged) if damaged.startswith(b"\x89PNG") else damaged
        with hanging_fails():
            try:
                portrait = decode_portrait(content, name="odd.png")
            except UserError as error:
                assert error.message and "\n" not in error.message
                refused += 1
            else:
                assert portrait.rgba.dtype == np.uint8 and portrait.rgba.shape[2] == 4
                assert min(portrait.rgba.shape[:2]) >= 64
                read += 1
    print(f"\n{read} read, {refused} refused")
    assert read > COUNT // 20 and refused > COUNT // 20
