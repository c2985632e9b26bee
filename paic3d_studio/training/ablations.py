"""Train the paper's network and its four ablations on equal budgets, to be compared by the benchmark.

    python -m paic3d_studio.training.ablations RENDERS --out DIR

Every training has the configuration `configs/tiny.toml` and the same seed, so the same samples; one switch differs.
Ctrl-C ends after the running step; the same command goes on from there. The last lines say how to measure them.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from paic3d_studio.datasets.renders import RenderSet
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.training.recipe import Ablation, ReconstructorRecipe, read_recipe
from paic3d_studio.training.reconstructor_run import CHECKPOINT, WEIGHTS, Say, train

ABLATIONS: Final[Mapping[str, Ablation]] = {
    "published": Ablation(),
    "no-feature-pooling": Ablation(no_feature_pooling=True),
    "one-triplane-layer": Ablation(one_triplane_layer=True),
    "no-side-back-loss": Ablation(no_side_back_loss=True),
    "no-2.5d-loss": Ablation(no_depth_silhouette_loss=True),
}
"""The benchmark's name of a method -> what is left out of it (the paper's Table 3)."""

CONFIG: Final = Path(__file__).parent / "configs" / "tiny.toml"
KIMG: Final = 1.0
"""Thousand samples that each training sees."""


def ablated_recipe(
    base: ReconstructorRecipe, name: str, *, renders: Path, out: Path, kimg: float
) -> ReconstructorRecipe:
    """Return the recipe of one training: `base` with one switch, its data and its own folder `out/name`."""
    run = dataclasses.replace(base.run, folder=out / name, checkpoint_kimg=kimg, picture_kimg=0.0, shown=0)
    return dataclasses.replace(
        base,
        data=dataclasses.replace(base.data, folder=renders),
        ablation=ABLATIONS[name],
        optimiser=dataclasses.replace(base.optimiser, kimg=kimg),
        run=run,
    )


def train_all(
    renders: Path, *, out: Path, kimg: float = KIMG, names: Sequence[str] = tuple(ABLATIONS), say: Say = print
) -> dict[str, Path]:
    """Train each of `names`, or go on with what an earlier call left, and return the files of weights.

    Raises:
        UserError: the renders, a folder or a checkpoint are not as they must be.
        Cancelled: Ctrl-C; a checkpoint is written.
    """
    base, data = read_recipe(CONFIG), RenderSet.open(renders)
    found = {}
    for name in names:
        say(f"{name}:")
        recipe = ablated_recipe(base, name, renders=renders, out=out, kimg=kimg)
        train(recipe, data, resume=(recipe.run.folder / CHECKPOINT).exists(), say=say)
        found[name] = recipe.run.folder / WEIGHTS
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Train from the command line; 0 done, 2 something to mend, 130 stopped."""
    parser = argparse.ArgumentParser(prog="python -m paic3d_studio.training.ablations", description=__doc__)
    parser.add_argument("renders", type=Path, help="dataset of renders (docs/datasets.md)")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets a folder per training")
    parser.add_argument("--kimg", type=float, default=KIMG, help=f"thousand samples each (default {KIMG:g})")
    parser.add_argument("--only", nargs="+", choices=ABLATIONS, default=tuple(ABLATIONS), help="some of them")
    chosen = parser.parse_args(argv)
    try:
        weights = train_all(chosen.renders, out=chosen.out, kimg=chosen.kimg, names=chosen.only)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Cancelled:
        return 130
    told = " ".join(f"--weights {name}={path}" for name, path in weights.items())
    print(f"./run benchmark --characters FOLDER --methods {' '.join(weights)} {told} -o RESULTS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
