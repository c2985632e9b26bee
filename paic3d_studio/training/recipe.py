"""What a training of the paper's reconstructor may be told: every number of the recipe, and where it runs.

The defaults are the best published model (specification, sections 0 and 2). `configs/` holds files to start from.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Literal

from paic3d_studio.nets.backbones.published import PublishedConfig
from paic3d_studio.nets.perceptual import PerceptualName
from paic3d_studio.training.discriminators import DiscriminatorConfig
from paic3d_studio.training.losses import Norm
from paic3d_studio.training.tables import as_table, from_table, read_table


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """Where the renders come from.

    `folder` of renders and its `split`; `count` takes only the first so many characters (0: all); `tags` says whether
    the condition holds the features of the imported tagger or zeros; `cache_mb` of decoded pictures are kept in memory;
    `loaders` threads decode ahead.
    """

    folder: Path = Path("renders")
    split: Literal["train", "val", "test"] = "train"
    count: int = 0
    mirror: bool = True
    tags: Literal["zeros", "imported"] = "zeros"
    cache_mb: int = 1024
    loaders: int = 2

    def __post_init__(self) -> None:
        _require(self.loaders >= 1, "loaders must be at least 1")


@dataclasses.dataclass(frozen=True)
class RayOptions:
    """Where training samples its rays, metres from the camera and samples each; inference takes twice the samples."""

    near: float = 0.5
    far: float = 1.5
    coarse: int = 48
    fine: int = 48

    def __post_init__(self) -> None:
        _require(0 < self.near < self.far, "rays must start before they end")
        _require(self.coarse >= 4 and self.fine >= 0, "rays need at least 4 coarse samples")


@dataclasses.dataclass(frozen=True)
class ViewLosses:
    """What the reconstruction of one view counts.

    `l1` and `perceptual` on the final picture, `silhouette` and `depth` (per square metre) on the rays; `raw_l1` on the
    picture before super-resolution, which the paper leaves to the discriminator: worth having without one.
    """

    l1: float = 4.0
    perceptual: float = 20.0
    silhouette: float = 1.0
    depth: float = 1000.0
    raw_l1: float = 0.0

    @property
    def any(self) -> bool:
        """Whether anything counts at all."""
        return any(value != 0 for value in dataclasses.astuple(self))


@dataclasses.dataclass(frozen=True)
class LossOptions:
    """What each term counts; a phase whose weights are all 0 is left out.

    `silhouette_norm` is l2 as released or l1 as in the paper; `r1_gamma` and `density` are regularisations, taken every
    so many steps; `density_sigma` is the offset in metres between the two places whose densities are compared.
    """

    front: ViewLosses = ViewLosses()
    sides: ViewLosses = ViewLosses()
    back: ViewLosses = ViewLosses()
    perceptual: PerceptualName = "efficientnet-lite0"
    perceptual_weights: Path | None = None
    silhouette_norm: Norm = "l2"
    adversarial: float = 1.0
    r1_gamma: float = 5.0
    r1_every: int = 16
    density: float = 0.5
    density_every: int = 4
    density_sigma: float = 0.004
    density_points: int = 1000

    def __post_init__(self) -> None:
        _require(min(self.r1_every, self.density_every) >= 1, "regularisation is taken every 1 or more steps")

    @property
    def wants_perceptual(self) -> bool:
        """Whether any view counts the perceptual distance."""
        return any(view.perceptual != 0 for view in (self.front, self.sides, self.back))


@dataclasses.dataclass(frozen=True)
class Ablation:
    """The four ablations of the paper's Table 3."""

    no_feature_pooling: bool = False
    one_triplane_layer: bool = False
    no_side_back_loss: bool = False
    no_depth_silhouette_loss: bool = False


@dataclasses.dataclass(frozen=True)
class OptimiserOptions:
    """How fast and how long.

    `batch` characters per step over all processes, of which each process takes `at_once` through the network at a time
    (0: all of its share; a multiple of `discriminator.group` leaves its groups whole); `kimg` thousand characters in
    all; rates of generator and discriminator; the running average forgets half within `average_kimg`.
    """

    batch: int = 8
    at_once: int = 0
    kimg: float = 25_000.0
    rate_generator: float = 0.0025
    rate_discriminator: float = 0.0010
    beta2: float = 0.99
    epsilon: float = 1e-8
    average_kimg: float = 2.5

    def __post_init__(self) -> None:
        _require(self.batch >= 1 and self.at_once >= 0, "a batch holds at least one character")
        _require(math.isfinite(self.kimg) and self.kimg > 0, "kimg must be above 0")

    @property
    def steps(self) -> int:
        """Steps in all."""
        return math.ceil(self.kimg * 1000 / self.batch)


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Where and how it runs, which but for `seed` and `noise` changes no result beyond rounding.

    `folder` receives checkpoints, weights, log and pictures; `device` is auto (a GPU when there is one), cpu or cuda;
    `half` lets the backbone compute in bfloat16 on a GPU; `noise` is the backbone's.
    """

    folder: Path = Path("run")
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    half: bool = True
    noise: Literal["const", "random"] = "const"
    threads: int = 0
    checkpoint_kimg: float = 200.0
    picture_kimg: float = 50.0
    log_steps: int = 50
    shown: int = 4

    def __post_init__(self) -> None:
        _require(self.log_steps >= 1, "log_steps must be at least 1")


@dataclasses.dataclass(frozen=True)
class ReconstructorRecipe:
    """A whole training; each field is a table of the configuration file."""

    data: DataOptions = DataOptions()
    network: PublishedConfig = dataclasses.field(default_factory=PublishedConfig)
    discriminator: DiscriminatorConfig = dataclasses.field(default_factory=DiscriminatorConfig)
    rays: RayOptions = RayOptions()
    loss: LossOptions = LossOptions()
    ablation: Ablation = Ablation()
    optimiser: OptimiserOptions = OptimiserOptions()
    run: RunOptions = RunOptions()

    def __post_init__(self) -> None:
        size = self.network.output_size
        _require(size >= 16 and size & (size - 1) == 0, "network.output_size must be a power of two of at least 16")
        side = self.network.resolution
        _require(side >= 8 and side & (side - 1) == 0, "network.resolution must be a power of two of at least 8")

    def ablated(self) -> ReconstructorRecipe:
        """Return the recipe with its ablations carried out; the switches stay as they are."""
        switch, network, loss = self.ablation, self.network, self.loss
        if switch.no_feature_pooling:
            network = dataclasses.replace(network, feature_pooling=False)
        if switch.one_triplane_layer:
            network = dataclasses.replace(network, triplane_layers=1)
        if switch.no_depth_silhouette_loss:
            flat = {
                name: dataclasses.replace(getattr(loss, name), silhouette=0.0, depth=0.0)
                for name in ("front", "sides", "back")
            }
            loss = dataclasses.replace(loss, **flat)
        if switch.no_side_back_loss:
            nothing = ViewLosses(0.0, 0.0, 0.0, 0.0, 0.0)
            loss = dataclasses.replace(loss, sides=nothing, back=nothing)
        return dataclasses.replace(self, network=network, loss=loss)

    def identity(self) -> dict[str, Any]:
        """Return what a resumed training must agree in: all but where it runs and for how long."""
        table: dict[str, Any] = as_table(self)
        seed, noise = table["run"]["seed"], table["run"]["noise"]
        table["run"] = {"seed": seed, "noise": noise}
        for name in ("folder", "cache_mb", "loaders"):
            del table["data"][name]
        del table["optimiser"]["kimg"], table["optimiser"]["at_once"], table["loss"]["perceptual_weights"]
        return table


def read_recipe(path: Path) -> ReconstructorRecipe:
    """Read a configuration file; relative paths in it are relative to the file.

    Raises:
        UserError: it cannot be read, or says something that is not known or not possible.
    """
    recipe = from_table(ReconstructorRecipe, read_table(path))
    here = path.resolve().parent

    def placed(inner: Path) -> Path:
        return here / inner.expanduser()

    data = dataclasses.replace(recipe.data, folder=placed(recipe.data.folder))
    loss = recipe.loss
    if loss.perceptual_weights is not None:
        loss = dataclasses.replace(loss, perceptual_weights=placed(loss.perceptual_weights))
    run = dataclasses.replace(recipe.run, folder=placed(recipe.run.folder))
    return dataclasses.replace(recipe, data=data, loss=loss, run=run)
