"""Training items: characters with generated variants, as pictures from both sides and labelled points.

An item holds everything that training needs of one character, so that no model file is opened while a network
trains. Recolouring, mirroring, scaling and warping happen later, on the item (`training/compact_samples.py`).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import BACK, FRONT, Camera, rotation
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.drawn_fronts import drawn_front, reduced
from paic3d_studio.datasets.faces_between import with_face_towards
from paic3d_studio.datasets.generated.compose import with_generated_hair
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_name
from paic3d_studio.datasets.hairstyles import hair_stretched, with_extras, with_fins
from paic3d_studio.datasets.shoulders import has_body, with_bare_shoulders
from paic3d_studio.datasets.vrm import PARTS, Character, load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer, Views
from paic3d_studio.errors import UserError
from paic3d_studio.nets.infill import INFILL_WEIGHTS
from paic3d_studio.nets.manifest import manifest_entry

HELD_OUT: Final = "vita"
"""Files with this in their name, face or hair, are never trained on."""

ITEM_VERSION: Final = 3
TURNED_FROM: Final = 3
"""Variants from this number on may look away from the camera."""

NEW_HAIR_FROM: Final = 5
"""Variants from this number on wear hair made by rules."""

NEW_FACES_FROM: Final = 16
"""Variants from this number on have a face on the way to another's, and bare shoulders where there is a body."""

NEW_HAIR_SEEDS: Final = (2_000, 80_000)
"""Recipes whose hair they wear; others stay unseen, for tests."""

PICTURE_SIDE: Final = 256
NEAR_POINTS: Final = 60_000
UNIFORM_POINTS: Final = 24_000
COLOUR_REACH: Final = 0.006
HULL_TOLERANCE: Final = 0.0015
LABEL_VIEWS: Final = (
    *(Camera(azimuth, 0, 1.0, None) for azimuth in range(0, 360, 30)),
    *(Camera(azimuth, 35, 1.0, None) for azimuth in range(0, 360, 60)),
    Camera(0, 89, 1.0, None),
    *(Camera(azimuth, -25, 1.0, None) for azimuth in range(30, 390, 60)),
)
LOWEST_SEEN_FROM_BELOW: Final = -0.2
"""Views from below look into the open bust, so they say nothing about points under this height in metres."""


@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """One character, ready for training.

    `rgba` uint8 (2, s, s, 4) straight alpha, seen orthographically from the front and from the back; the back one is
    mirrored so that both have x to the right. `drawn` uint8 (s, s, 4) is the same front as a drawing without its lines
    (`drawn_fronts`). `part` uint8 (2, s, s) ids of `vrm.PARTS`. `depth` float32 (2, s, s) z in metres of these
    surfaces, nan where empty. `xyz` float16 (p, 3) points in metres, the first `near` of them near the surface;
    `inside` bool (p,). `colour` uint8 (near, 3), `point_part` uint8 (near,) and `coloured` bool (near,): what the
    nearest surface looks like, and whether the point is near enough to be of that colour.
    """

    name: str
    rgba: NDArray[np.uint8]
    drawn: NDArray[np.uint8]
    part: NDArray[np.uint8]
    depth: NDArray[np.float32]
    xyz: NDArray[np.float16]
    inside: NDArray[np.bool_]
    colour: NDArray[np.uint8]
    point_part: NDArray[np.uint8]
    coloured: NDArray[np.bool_]

    @property
    def near(self) -> int:
        """How many points, from the first, lie near the surface."""
        return len(self.colour)


def character_files(folder: Path, *, held_out: bool = False) -> list[Path]:
    """Return the GLB and VRM files of whole characters and composites under a folder, sorted by name.

    Args:
        folder: searched with its subfolders; lone hairs (a folder named `hairs`) are left out.
        held_out: True for the files that validation keeps, False for those that training may use.

    Raises:
        UserError: there are none.
    """
    chosen = [path for path in character_paths(folder) if (HELD_OUT in path.stem) == held_out]
    if not chosen:
        raise UserError(f"No {'held-out ' if held_out else ''}characters lie under {folder}.", "Name their folder.")
    return chosen


def character_paths(folder: Path) -> list[Path]:
    """Return every GLB and VRM file under a folder but lone hairs, sorted by name.

    Raises:
        UserError: there are none.
    """
    found = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in (".glb", ".vrm") and p.parent.name != "hairs"]
    if not found:
        raise UserError(f"No characters lie under {folder}.", "Name their folder.")
    return found


def variant(character: Character, *, number: int, others: Sequence[Character] = ()) -> Character:
    """Return the `number`-th variant of a character: 0 is itself, others have other hair and things in it.

    Variants from TURNED_FROM on also turn a little away from the camera, as drawn heads do; of those from NEW_HAIR_FROM
    on only the odd ones. From NEW_FACES_FROM on face and shoulders are others too. Characters made by rules are varied
    enough: their other variants only turn.

    Args:
        character: in the field frame.
        number: which variant.
        others: whose faces those from NEW_FACES_FROM on may lean to.
    """
    if number == 0:
        return character
    digest = hashlib.sha256(f"{character.name}:{number}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    if is_generated(character.name):
        dressed = character
    elif number < NEW_HAIR_FROM:
        dressed = _dressed(character, rng, count=int(rng.integers(0, 3)) if number % 2 else int(rng.integers(1, 4)))
    elif number < NEW_FACES_FROM:
        dressed = with_generated_hair(character, drawn_recipe(int(rng.integers(*NEW_HAIR_SEEDS))))
    else:
        dressed = _remade(character, rng, others=others)
    named = dataclasses.replace(dressed, name=f"{character.name}+{number}")
    straight = number < TURNED_FROM or (number >= NEW_HAIR_FROM and number % 2 == 0)
    if straight and not is_generated(character.name):
        return named
    return turned(named, yaw=float(rng.normal(0, 11)), pitch=float(rng.normal(0, 5)))


def is_generated(name: str) -> bool:
    """Whether a character of this name was made by rules."""
    return name.startswith(character_name(0)[:-8])


def _dressed(character: Character, rng: np.random.Generator, *, count: int) -> Character:
    """Return a character with stretched hair and `count` things in it."""
    volume = rng.uniform((0.98, 0.98, 0.98), (1.18, 1.12, 1.2))
    longer = float(rng.choice([1.0, rng.uniform(0.8, 1.3), rng.uniform(1.3, 2.4)]))
    stretched = hair_stretched(character, volume=(volume[0], volume[1], volume[2]), length=longer)
    return with_extras(stretched, rng, count=count)


def _remade(character: Character, rng: np.random.Generator, *, others: Sequence[Character]) -> Character:
    """Return a character with another face, bare shoulders where it has a body, and other hair in half of all cases."""
    if others:
        other = others[int(rng.integers(len(others)))]
        character = with_face_towards(character, other, float(rng.uniform(-0.6, 1.2)))
    if has_body(character):
        character = with_bare_shoulders(character, rng)
    if rng.random() < 0.5:
        return with_generated_hair(character, drawn_recipe(int(rng.integers(*NEW_HAIR_SEEDS))))
    dressed = _dressed(character, rng, count=int(rng.integers(0, 3)))
    return with_fins(dressed, rng) if rng.random() < 0.5 else dressed


def turned(character: Character, *, yaw: float, pitch: float) -> Character:
    """Return a character turned about the origin by `yaw` and tilted by `pitch`, in degrees."""
    turn = rotation(Camera(yaw, pitch)).astype(np.float32)
    primitives = [
        dataclasses.replace(p, positions=p.positions @ turn.T, normals=p.normals @ turn.T) for p in character.primitives
    ]
    bones = {name: turn.astype(np.float64) @ place for name, place in character.bones.items()}
    return dataclasses.replace(character, primitives=tuple(primitives), bones=bones)


def make_item(character: Character, renderer: CharacterRenderer) -> Item:
    """Render, draw and label one character.

    Raises:
        UserError: the weights of line removal, which the drawing goes through, are missing or damaged.
    """
    pictures = renderer.render(character, (FRONT, BACK), size=PICTURE_SIDE, supersample=2)
    views = renderer.render(character, LABEL_VIEWS, size=PICTURE_SIDE, supersample=1)
    digest = hashlib.sha256(character.name.encode()).digest()
    rng, style = np.random.default_rng(int.from_bytes(digest[:8], "little")), int.from_bytes(digest[8:12], "little")
    places, colours, parts = _surfels(views, rng)
    reach = np.where(rng.random(NEAR_POINTS) < 0.6, 0.004, 0.016)[:, None]
    offset = (rng.standard_normal((NEAR_POINTS, 3)) * reach).astype(np.float32)
    half = BOX_SIDE / 2
    low, high = places.min(0) - 0.03, places.max(0) + 0.03
    boxed = rng.uniform(low.clip(-half, half), high.clip(-half, half), (UNIFORM_POINTS * 2 // 3, 3))
    anywhere = rng.uniform(-half, half, (UNIFORM_POINTS - len(boxed), 3))
    uniform = rng.permutation(np.concatenate([boxed, anywhere]))
    xyz = np.concatenate([(places + offset).clip(-half, half), uniform]).astype(np.float32)
    skull = _bare_skull(places, parts)
    return Item(
        name=character.name,
        rgba=_both_to_the_right(pictures.rgba),
        drawn=reduced(drawn_front(character, renderer, seed=style).without_lines(), side=PICTURE_SIDE),
        part=_both_to_the_right(pictures.part),
        depth=_both_to_the_right(pictures.xyz[..., 2]),
        xyz=xyz.astype(np.float16),
        inside=inside_depth_hull(xyz, views),
        colour=colours,
        point_part=parts,
        coloured=(np.linalg.norm(offset, axis=1) < COLOUR_REACH) & ~skull,
    )


def _both_to_the_right(pair: NDArray[Any]) -> NDArray[Any]:
    """Mirror the second picture of (front, back)."""
    return np.stack([pair[0], pair[1][:, ::-1]])


def _surfels(
    views: Views, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw NEAR_POINTS visible surface points with colour and part, rarer where many views see the same place."""
    known = np.isfinite(views.xyz).all(axis=-1)  # a face without area may be drawn at no place
    seen = (views.part > 0) & (views.rgba[..., 3] > 127) & known
    places, colours, parts = views.xyz[seen], views.rgba[seen][:, :3], views.part[seen]
    cells = np.floor(places / 0.02).astype(np.int64) @ np.array([1, 1000, 1000_000])
    _, index, counts = np.unique(cells, return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(counts[index])
    small = np.isin(parts, [PARTS.index(name) for name in ("iris", "eye", "brow", "mouth")])
    weight[small] *= 3.0
    chosen = rng.choice(len(places), NEAR_POINTS, p=weight / weight.sum())
    return places[chosen], colours[chosen], parts[chosen]


def _bare_skull(places: NDArray[np.float32], parts: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which surface points are skin that shows through gaps in the hair at the back of the head."""
    skin = np.isin(parts, [PARTS.index("face"), PARTS.index("skin")])
    return np.asarray(skin & (places[:, 2] < -0.02) & (places[:, 1] > -0.08))


def inside_depth_hull(xyz: NDArray[np.float32], views: Views) -> NDArray[np.bool_]:
    """Return which points lie behind the first surface in every view that can judge them."""
    inside = np.ones(len(xyz), bool)
    side = views.part.shape[1]
    for camera, place, part in zip(LABEL_VIEWS, views.xyz, views.part, strict=True):
        axes = rotation(camera).astype(np.float32)
        local = xyz @ axes  # right, up, towards the camera
        column = np.floor((local[:, 0] / BOX_SIDE + 0.5) * side).astype(int)
        row = np.floor((0.5 - local[:, 1] / BOX_SIDE) * side).astype(int)
        judged = (column >= 0) & (column < side) & (row >= 0) & (row < side)
        if camera.elevation < 0:
            judged &= xyz[:, 1] > LOWEST_SEEN_FROM_BELOW
        column, row = column.clip(0, side - 1), row.clip(0, side - 1)
        surface = np.where(part > 0, np.nan_to_num(place) @ axes[:, 2], -np.inf)[row, column]
        inside &= ~judged | (local[:, 2] <= surface + HULL_TOLERANCE)
    return inside


def items(files: Sequence[Path], *, variants: int, cache: Path, monitor: Monitor = SILENT) -> Iterator[Item]:
    """Yield every file in `variants` variants, from the cache where it holds them, else rendered and kept there.

    Args:
        files: characters to read.
        variants: how many of each, the first being the character itself; those made by rules come once, and some of
            them turned.
        cache: folder for finished items; it is made when absent.
        monitor: progress and cancel.

    Raises:
        UserError: a file cannot be read, or as `make_item`.
    """
    cache.mkdir(parents=True, exist_ok=True)
    wanted = [(path, number) for path in files for number in _numbers(path, variants)]
    lending = [path for path in files if _lends_its_face(path.stem)]
    lenders = hashlib.sha256("/".join(path.stem for path in lending).encode()).hexdigest()[:8]
    repainted = manifest_entry(INFILL_WEIGHTS).sha256[:8]
    renderer: CharacterRenderer | None = None
    character: tuple[Path, Character] | None = None
    others: list[Character] = []
    try:
        for done, (path, number) in enumerate(wanted):
            monitor.report(done / len(wanted), f"{path.stem}, variant {number}")
            lent = f"-{lenders}" if number >= NEW_FACES_FROM else ""
            kept = cache / f"{path.stem}-{path.stat().st_size}-{number}{lent}-{repainted}-v{ITEM_VERSION}.npz"
            if not kept.exists():
                renderer = renderer or CharacterRenderer()
                if character is None or character[0] != path:
                    character = path, load_character(path)
                if number >= NEW_FACES_FROM and not others:
                    others = [load_character(path) for path in lending]
                _keep(make_item(variant(character[1], number=number, others=others), renderer), kept)
            yield _kept(kept)
    finally:
        if renderer is not None:
            renderer.release()


def _numbers(path: Path, variants: int) -> Sequence[int]:
    """Return which variants of a file are trained on."""
    if not is_generated(path.stem):
        return range(variants)
    return (1,) if path.stem.endswith(("0", "3", "6", "9")) else (0,)


def _lends_its_face(name: str) -> bool:
    """Whether others may lean to this face: no composite, none made by rules, and never the held-out one."""
    return not is_generated(name) and "__" not in name and HELD_OUT not in name


def _keep(item: Item, path: Path) -> None:
    """Write an item beside its place, then move it there."""
    arrays = {f.name: getattr(item, f.name) for f in dataclasses.fields(item) if f.name != "name"}
    beside = path.with_suffix(".part.npz")
    np.savez(beside, name=np.array(item.name), **arrays)
    beside.replace(path)


def _kept(path: Path) -> Item:
    """Read an item back."""
    with np.load(path) as kept:
        arrays = {f.name: kept[f.name] for f in dataclasses.fields(Item) if f.name != "name"}
        return Item(name=str(kept["name"]), **arrays)
