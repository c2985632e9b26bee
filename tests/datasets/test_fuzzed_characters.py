"""Two thousand damaged GLB and VRM files: each becomes a character with finite corners, or a sentence."""

import json
import random
import struct
from collections.abc import Callable

import numpy as np
import pytest

from paic3d_studio.datasets.vrm import DamagedTexture, decode_character
from paic3d_studio.errors import UserError
from tests.mutations import hanging_fails, mutants, mutated_json

COUNT = 2000
Figure = Callable[..., bytes]


def description_of(glb: bytes) -> tuple[dict[str, object], bytes]:
    """The JSON of a GLB, and everything behind it."""
    size = struct.unpack_from("<I", glb, 12)[0]
    return json.loads(glb[20 : 20 + size]), glb[20 + size :]


def packed(description: object, rest: bytes) -> bytes:
    text = json.dumps(description).encode()
    text += b" " * (-len(text) % 4)
    size = 20 + len(text) + len(rest)
    return struct.pack("<4sII", b"glTF", 2, size) + struct.pack("<I4s", len(text), b"JSON") + text + rest


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_character_is_read_or_refused(figure: Figure) -> None:
    lot = random.Random(5)
    originals = [figure(kind) for kind in ("vrm0", "vrm1", "glb")]
    damaged = list(mutants(originals, count=COUNT // 2, seed=13))
    for _ in range(COUNT - len(damaged)):
        description, rest = description_of(lot.choice(originals))
        for _ in range(lot.choice((1, 1, 2, 4))):
            changed = mutated_json(description, lot)
            description = changed if isinstance(changed, dict) else description
        damaged.append(packed(description, rest))
    read = refused = 0
    for content in damaged:
        with hanging_fails():
            try:
                character = decode_character(content, name="odd")
            except (UserError, DamagedTexture) as error:
                assert str(error)
                refused += 1
            else:
                assert all(np.isfinite(part.positions).all() for part in character.primitives)
                read += 1
    print(f"\n{read} read, {refused} refused")
    assert read > 0 and refused > COUNT // 10
