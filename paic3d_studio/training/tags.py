"""Train the small tagger on characters made by rules: `python -m paic3d_studio.training.tags --out FILE`.

Each character's front render is its picture, the attributes in its file are its tags. Characters are made on the way,
or come from folders (`--characters FOLDER --judged FOLDER`). The same arguments and seed draw the same samples in the
same order.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.camera import FRONT
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.characters import character_files
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_bytes, character_name
from paic3d_studio.datasets.generated.labels import VERSION, attributes, read_labels
from paic3d_studio.datasets.vrm import decode_character, read_bounded
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.attributes import PICTURE, AttributeTagger
from paic3d_studio.paths import user_folder
from paic3d_studio.training.degraded import degraded
from paic3d_studio.training.precision import processor_precision

HELD_OUT: Final = 300
"""Characters at the end of the seeds that judge and do not teach."""

FEWEST: Final = 12
"""A tag that fewer training characters have is left out."""

ONE_WORD_GROUPS: Final = (
    "hair_colour",
    "hair_cut",
    "hair_length",
    "bangs",
    "side_locks",
    "eye_colour",
    "ears",
    "clothes",
)
"""Groups of which every character has one word."""

LEFT_OUT: Final = ("age", "gender", "mark", "beard", "mouth")
"""Groups that say nothing about shape."""


@dataclasses.dataclass(frozen=True, eq=False)
class TaggedPictures:
    """`rgba` uint8 (n, s, s, 4) straight alpha, and for each the tags that hold."""

    rgba: NDArray[np.uint8]
    tags: list[set[str]]


def tags_of_attributes(found: Mapping[str, Any]) -> set[str]:
    """Return attributes as tags "group:word"; what is not there, and what says nothing about shape, is left out."""
    tags = set()
    for group, words in found.items():
        if group in LEFT_OUT:
            continue
        for word in words if isinstance(words, list) else [words]:
            if word not in ("none", False):
                tags.add(f"{group}:{word}")
    return tags


def tagged_pictures(seeds: Sequence[int], *, cache: Path, monitor: Monitor = SILENT) -> TaggedPictures:
    """Return front pictures and tags of characters; finished pictures are kept in the folder `cache`."""
    pictures, tags = [], []
    with CharacterRenderer() as renderer:
        for done, seed in enumerate(seeds):
            name, recipe = character_name(seed), drawn_recipe(seed)
            monitor.report(done / len(seeds), name)
            kept = cache / _file_name(name, content=f"{VERSION} {recipe}".encode())
            pictures.append(_front_picture(kept, partial(character_bytes, recipe), renderer=renderer))
            tags.append(tags_of_attributes(attributes(recipe)))
    return TaggedPictures(np.stack(pictures), tags)


def tagged_files(files: Sequence[Path], *, cache: Path, monitor: Monitor = SILENT) -> TaggedPictures:
    """Return front pictures and tags of files that `dataset characters` wrote; pictures are kept in `cache`.

    Raises:
        UserError: a file cannot be read, or is no generated character.
    """
    pictures, tags = [], []
    with CharacterRenderer() as renderer:
        for done, path in enumerate(files):
            monitor.report(done / len(files), path.stem)
            encoded = read_bounded(path)
            tags.append(tags_of_attributes(read_labels(encoded, name=path.name).attributes))
            kept = cache / _file_name(path.stem, content=encoded)
            pictures.append(_front_picture(kept, partial(bytes, encoded), renderer=renderer))
    return TaggedPictures(np.stack(pictures), tags)


def _file_name(name: str, *, content: bytes) -> str:
    """Return what a picture is kept under: another one for a character of the same name that was changed."""
    return f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.png"


def _front_picture(kept: Path, encoded: Callable[[], bytes], *, renderer: CharacterRenderer) -> NDArray[np.uint8]:
    """Return the front of a character, uint8 (PICTURE, PICTURE, 4), drawn once and then kept in the file `kept`."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        character = decode_character(encoded(), name=kept.stem)
        view = renderer.render(character, [FRONT], size=PICTURE, supersample=2).rgba[0]
        write_files({kept: cv2.imencode(".png", cv2.cvtColor(view, cv2.COLOR_RGBA2BGRA))[1].tobytes()})
    shown = cv2.imdecode(np.frombuffer(kept.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown is not None
    return cv2.cvtColor(shown, cv2.COLOR_BGRA2RGBA).astype(np.uint8)


def known_tags(tags: Iterable[set[str]]) -> tuple[str, ...]:
    """Return the tags that at least FEWEST of the characters have, sorted."""
    counts: dict[str, int] = {}
    for some in tags:
        for tag in some:
            counts[tag] = counts.get(tag, 0) + 1
    return tuple(sorted(tag for tag, count in counts.items() if count >= FEWEST))


def targets(tags: Sequence[set[str]], known: Sequence[str]) -> NDArray[np.float32]:
    """Return (n, known) with 1 where a tag holds."""
    return np.array([[float(tag in some) for tag in known] for some in tags], np.float32)


def sample(rgba: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a picture (s, s, 3) on white and its alpha (s, s, 1), mirrored, moved and made worse at random."""
    side = len(rgba)
    alpha = rgba[..., 3:].astype(np.float32) / 255
    premultiplied = np.concatenate([rgba[..., :3].astype(np.float32) / 255 * alpha, alpha], 2)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0, 4), np.exp(rng.normal(0, 0.08)))
    turn = turn + np.outer(rng.normal(0, 0.012 * side, 2), (0, 0, 1))
    moved = np.asarray(cv2.warpAffine(premultiplied, turn, (side, side), flags=cv2.INTER_LINEAR), np.float32)
    if rng.random() < 0.5:
        moved = moved[:, ::-1]
    picture, matte = moved[..., :3] + 1 - moved[..., 3:], moved[..., 3:]
    return degraded(picture, matte, rng) if rng.random() < 0.6 else (picture, matte)


def batch_of(data: TaggedPictures, chosen: NDArray[np.intp], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return pictures (n, 3, s, s) and alphas (n, 1, s, s) of the chosen characters."""
    drawn = [sample(data.rgba[index], rng) for index in chosen]
    pictures, alphas = (np.stack([pair[part] for pair in drawn]).transpose(0, 3, 1, 2).clip(0, 1) for part in (0, 1))
    return torch.from_numpy(np.ascontiguousarray(pictures)), torch.from_numpy(np.ascontiguousarray(alphas))


def train(
    data: TaggedPictures,
    *,
    steps: int,
    batch: int = 32,
    rate: float = 2e-3,
    seed: int = 0,
    half: bool = False,
    monitor: Monitor = SILENT,
) -> AttributeTagger:
    """Return a tagger trained with binary cross-entropy on `data`."""
    known = known_tags(data.tags)
    truth = torch.from_numpy(targets(data.tags, known))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AttributeTagger(known)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for step in range(steps):
        rng = np.random.default_rng((seed, step))
        chosen = rng.integers(0, len(data.tags), batch)
        picture, alpha = batch_of(data, chosen, rng)
        with processor_precision(half=half):
            said = network(picture, alpha)
        loss = F.binary_cross_entropy_with_logits(said.float(), truth[chosen])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        monitor.report((step + 1) / steps, f"loss {loss.item():.4f}")
    return network.eval().requires_grad_(False)


def logits(network: AttributeTagger, data: TaggedPictures) -> NDArray[np.float32]:
    """Return what a network says of pictures, (n, tags); above 0 it says yes."""
    pictures = data.rgba.astype(np.float32) / 255
    alpha = pictures[..., 3:]
    shown = torch.from_numpy((pictures[..., :3] * alpha + 1 - alpha).transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        said: NDArray[np.float32] = network(shown, torch.from_numpy(alpha.transpose(0, 3, 1, 2).copy())).numpy()
    return said


def figures(network: AttributeTagger, data: TaggedPictures) -> dict[str, Any]:
    """Return the mean average precision over tags, and for each group of single words how often the best one is right.

    `chance` beside each is what one gets by always saying the commonest word (for the precision: the tag's frequency).
    `tags` holds `TagFigures` of every tag that somebody has, as tables.
    """
    said = logits(network, data)
    truth = targets(data.tags, network.tags)
    present = [k for k in range(len(network.tags)) if truth[:, k].any()]
    rows = {network.tags[k]: tag_figures(said[:, k], truth[:, k]) for k in present}
    often = [row for row in rows.values() if row.has >= 5]
    found: dict[str, Any] = {
        "precision": round(float(np.mean([row.precision for row in often])), 3),
        "chance": round(float(np.mean([row.share for row in often])), 3),
        "f1": round(float(np.mean([row.f1 for row in often])), 3),
        "f1_of_always_yes": round(float(np.mean([row.f1_of_always_yes for row in often])), 3),
    }
    for group in ONE_WORD_GROUPS:
        columns = [k for k, tag in enumerate(network.tags) if tag.startswith(group + ":")]
        known = truth[:, columns].sum(1) == 1
        if not known.any():
            continue
        right = truth[known][:, columns].argmax(1)
        best = said[known][:, columns].argmax(1)
        found[group] = {
            "right": round(float((best == right).mean()), 3),
            "chance": round(float(np.bincount(right).max() / len(right)), 3),
        }
    return found | {"tags": {tag: dataclasses.asdict(row) for tag, row in rows.items()}}


@dataclasses.dataclass(frozen=True)
class TagFigures:
    """How well one tag is told: `has` characters have it, `share` of all; `right` of all are told rightly, beside
    `right_of_commonest`, the better of always yes and always no; F-1 beside that of always saying yes; and the average
    `precision`."""

    has: int
    share: float
    right: float
    right_of_commonest: float
    f1: float
    f1_of_always_yes: float
    precision: float


def tag_figures(said: NDArray[np.floating], truth: NDArray[np.floating]) -> TagFigures:
    """Return the figures of one tag from logits and from truth, 0 or 1, (n,) each; somebody must have it."""
    yes, has = said > 0, truth > 0
    share = float(has.mean())
    hits = int((yes & has).sum())
    return TagFigures(
        has=int(has.sum()),
        share=round(share, 3),
        right=round(float((yes == has).mean()), 3),
        right_of_commonest=round(max(share, 1 - share), 3),
        f1=round(2 * hits / float(yes.sum() + has.sum()), 3),
        f1_of_always_yes=round(2 * share / (1 + share), 3),
        precision=round(average_precision(said, truth), 3),
    )


def average_precision(scores: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the mean of the precision at the rank of each true entry."""
    ordered = truth[np.argsort(-scores, kind="stable")] > 0
    ranks = np.flatnonzero(ordered) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else float("nan")


def main(argv: Sequence[str] | None = None) -> int:
    """Train from the command line, and print figures on characters that were held out."""
    parser = argparse.ArgumentParser(prog="python -m paic3d_studio.training.tags", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--characters", type=Path, nargs="+", help="folders that “dataset characters” wrote, in place "
                        "of characters made now")  # fmt: skip
    parser.add_argument("--judged", type=Path, nargs="+", help="with --characters: folders that judge and do not teach")
    parser.add_argument("--count", type=int, default=2000, help="how many characters, those held out among them")
    parser.add_argument("--first", type=int, default=10_000, help="number of the first")
    parser.add_argument(
        "--cache", type=Path, default=user_folder() / "cache" / "tagged", help="where pictures are kept"
    )
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves the choice to torch")
    parser.add_argument("--half", action="store_true", help="bfloat16, where the processor has it")
    arguments = parser.parse_args(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if (arguments.characters is None) != (arguments.judged is None):
        parser.error("--characters and --judged go together")
    monitor = Monitor(lambda share, text: print(f"\r{share:4.0%} {text:40.40}", end="", file=sys.stderr))
    try:
        learnt, judged = _data(arguments, monitor)
    except UserError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    network = train(learnt, steps=arguments.steps, seed=arguments.seed, half=arguments.half, monitor=monitor)
    tensors = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    size = write_files({arguments.out: safetensors.torch.save(tensors, metadata={"tags": json.dumps(network.tags)})})
    print(f"\r{arguments.out}: {size / 1e6:.2f} MB, {len(network.tags)} tags")
    print(json.dumps(figures(network, judged), indent=1))
    return 0


def _data(chosen: argparse.Namespace, monitor: Monitor) -> tuple[TaggedPictures, TaggedPictures]:
    """Return what teaches and what judges."""
    if chosen.characters is None:
        seeds = range(chosen.first, chosen.first + chosen.count)
        parts = (seeds[:-HELD_OUT], seeds[-HELD_OUT:])
        learnt, judged = (tagged_pictures(part, cache=chosen.cache, monitor=monitor) for part in parts)
        return learnt, judged
    learnt, judged = (
        tagged_files([p for folder in folders for p in character_files(folder)], cache=chosen.cache, monitor=monitor)
        for folders in (chosen.characters, chosen.judged)
    )
    return learnt, judged


if __name__ == "__main__":
    sys.exit(main())
