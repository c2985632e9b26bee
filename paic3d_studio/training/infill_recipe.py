"""What a training of line removal may be told (specification, section 2); the defaults are the published recipe."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

from paic3d_studio.training.infill_losses import REAL_LABEL
from paic3d_studio.training.tables import as_table, from_table, read_table


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


@dataclasses.dataclass(frozen=True)
class InfillData:
    """The two sets that are told apart: drawings with lines, and renders.

    `renders` is a dataset of renders, whose fronts in `split` are taken; `pictures` is a folder of your own drawings,
    or one that `dataset portraits` made; without it `drawings` drawings are made of each render, each in a style of
    its own. At most `count` of each set are taken.
    """

    renders: Path = Path("renders")
    split: Literal["train", "val", "test"] = "train"
    pictures: Path | None = None
    drawings: int = 1
    count: int = 512

    def __post_init__(self) -> None:
        _require(self.drawings >= 1 and self.count >= 1, "drawings and count must be at least 1")


@dataclasses.dataclass(frozen=True)
class InfillNetworkOptions:
    """Sizes; `keep_input` gives the network the keep mask as a fourth channel."""

    width: int = 32
    depth: int = 6
    keep_input: bool = False
    discriminator_width: int = 16

    def __post_init__(self) -> None:
        _require(min(self.width, self.discriminator_width) >= 1 and self.depth >= 2, "a network has no such size")


@dataclasses.dataclass(frozen=True)
class InfillLossOptions:
    """What each term counts.

    `identity`: L1 of renders repainted under a line mask: `identity_mask` says whose, their own or that of drawings,
    laid over them by lot; `adversarial`: binary cross-entropy of the
    discriminator's answer to repainted drawings; `paired`: L1 of repainted drawings against their line-free twins,
    which only drawings made of renders have. `real_label` is what the discriminator is taught to answer on renders.
    """

    identity: float = 1.0
    identity_mask: Literal["own", "drawings"] = "drawings"
    adversarial: float = 1.0
    paired: float = 0.0
    real_label: float = REAL_LABEL

    def __post_init__(self) -> None:
        _require(0.5 < self.real_label <= 1, "real_label lies above 0.5 and is at most 1")


@dataclasses.dataclass(frozen=True)
class InfillOptimiser:
    """How fast and how long: Adam at `rate` for both networks; after the share `steady` of the steps the rate falls
    along half a cosine."""

    steps: int = 20_000
    batch: int = 48
    rate: float = 1e-3
    steady: float = 1.0

    def __post_init__(self) -> None:
        _require(self.steps >= 1 and self.batch >= 1, "steps and batch must be at least 1")
        _require(self.rate > 0 and 0 <= self.steady <= 1, "rate must be above 0 and steady between 0 and 1")


@dataclasses.dataclass(frozen=True)
class InfillRun:
    """Where and how it runs: `half` computes in bfloat16 on a GPU."""

    folder: Path = Path("run-infill")
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    half: bool = True
    threads: int = 0
    checkpoint_steps: int = 1000
    picture_steps: int = 1000
    log_steps: int = 50

    def __post_init__(self) -> None:
        every = (self.checkpoint_steps, self.picture_steps, self.log_steps)
        _require(min(every) >= 1, "checkpoint_steps, picture_steps and log_steps must be at least 1")
        _require(self.seed >= 0, "seed must not be negative")


@dataclasses.dataclass(frozen=True)
class LineRemovalRecipe:
    """A whole training; each field is a table of the configuration file."""

    data: InfillData = InfillData()
    network: InfillNetworkOptions = InfillNetworkOptions()
    loss: InfillLossOptions = InfillLossOptions()
    optimiser: InfillOptimiser = InfillOptimiser()
    run: InfillRun = InfillRun()

    def __post_init__(self) -> None:
        _require(not (self.loss.paired and self.data.pictures), "pictures have no line-free twins: paired must be 0")

    def identity(self) -> dict[str, Any]:
        """Return what a resumed training must agree in: everything but where it runs, and how often it reports."""
        table: dict[str, Any] = as_table(self)
        table["run"] = {"seed": self.run.seed}
        table["data"]["renders"] = None
        table["data"]["pictures"] = self.data.pictures is not None
        return table


def read_infill_recipe(path: Path) -> LineRemovalRecipe:
    """Read a configuration file; relative paths in it are relative to the file.

    Raises:
        UserError: it cannot be read, or says something that is not known or not possible.
    """
    recipe = from_table(LineRemovalRecipe, read_table(path))
    here = path.resolve().parent
    pictures = None if recipe.data.pictures is None else here / recipe.data.pictures.expanduser()
    return dataclasses.replace(
        recipe,
        data=dataclasses.replace(recipe.data, renders=here / recipe.data.renders.expanduser(), pictures=pictures),
        run=dataclasses.replace(recipe.run, folder=here / recipe.run.folder.expanduser()),
    )
