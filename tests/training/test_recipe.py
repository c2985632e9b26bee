"""A configuration file says what it means, or why it cannot be."""

from pathlib import Path

import pytest

import paic3d_studio.training
from paic3d_studio.errors import UserError
from paic3d_studio.nets.backbones.config import ReconstructorConfig
from paic3d_studio.nets.backbones.published import PublishedConfig
from paic3d_studio.training.recipe import OptimiserOptions, ReconstructorRecipe, ViewLosses, read_recipe

CONFIGS = Path(paic3d_studio.training.__file__).parent / "configs"
ABLATIONS = ["no-feature-pooling", "one-triplane-layer", "no-side-back-loss", "no-depth-silhouette-loss"]


def written(folder: Path, text: str) -> Path:
    path = folder / "c.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_published_file_says_what_is_the_default_anyway() -> None:
    assert read_recipe(CONFIGS / "published.toml").identity() == ReconstructorRecipe().identity()
    assert ReconstructorRecipe().network == PublishedConfig.published()


def test_the_tiny_file_has_the_sizes_of_the_tiny_network() -> None:
    recipe = read_recipe(CONFIGS / "tiny.toml")
    assert recipe.network == ReconstructorConfig.tiny().sizes
    assert recipe.loss == ReconstructorRecipe().loss


@pytest.mark.parametrize("name", ABLATIONS)
def test_each_ablation_differs_from_the_tiny_file_in_its_switch_alone(name: str) -> None:
    ablated, tiny = read_recipe(CONFIGS / f"tiny-{name}.toml").identity(), read_recipe(CONFIGS / "tiny.toml").identity()
    switch = ablated.pop("ablation")
    assert {key for key, on in switch.items() if on} == {name.replace("-", "_")}
    del tiny["ablation"]
    assert ablated == tiny


def test_ablations_do_what_the_paper_says() -> None:
    recipes = {name: read_recipe(CONFIGS / f"tiny-{name}.toml").ablated() for name in ABLATIONS}
    assert not recipes["no-feature-pooling"].network.feature_pooling
    assert recipes["one-triplane-layer"].network.triplane_layers == 1
    alone = recipes["no-side-back-loss"].loss
    assert alone.front == ViewLosses()
    assert not alone.sides.any and not alone.back.any
    flat = recipes["no-depth-silhouette-loss"].loss
    for view in (flat.front, flat.sides, flat.back):
        assert (view.l1, view.perceptual, view.silhouette, view.depth) == (4.0, 20.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "text, said",
    [
        ("[optimiser]\nbatchs = 4", "did you mean “batch”"),
        ("[optimizer]\nbatch = 4", "did you mean “optimiser”"),
        ("[nothing]\nx = 1", "known here"),
        ("[optimiser]\nbatch = 4.5", "optimiser.batch"),
        ("[optimiser]\nbatch = true", "optimiser.batch"),
        ("[optimiser]\nbatch = 0", "at least one character"),
        ("[loss]\nsilhouette_norm = 'l3'", "'l1', 'l2'"),
        ("[loss.front]\nl1 = 'much'", "loss.front.l1"),
        ("[data]\nmirror = 1", "switch"),
        ("[data]\ntags = 'all'", "'zeros', 'imported'"),
        ("[network]\noutput_size = 100", "power of two"),
        ("[rays]\nnear = 2.0", "rays"),
        ("data = 3", "table"),
        ("[data", "TOML"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refusal:
        read_recipe(written(tmp_path, text))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value).strip() or said == "TOML"


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    recipe = read_recipe(
        written(tmp_path, "[data]\nfolder = 'd'\n[run]\nfolder = '/r'\n[loss]\nperceptual_weights = 'w'")
    )
    assert recipe.data.folder == tmp_path.resolve() / "d"
    assert recipe.run.folder == Path("/r")
    assert recipe.loss.perceptual_weights == tmp_path.resolve() / "w"


def test_lists_become_the_axes_of_the_planes(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, "[network]\naxes = [[0, 1, 2], [0, 2, 1], [2, 0, 1]]"))
    assert recipe.network.axes == ((0, 1, 2), (0, 2, 1), (2, 0, 1))


def test_steps_are_counted_so_that_no_picture_is_missing() -> None:
    assert OptimiserOptions(batch=8, kimg=25_000).steps == 3_125_000
    assert OptimiserOptions(batch=3, kimg=0.01).steps == 4


def test_every_backbone_is_described_by_a_configuration_that_survives_its_table() -> None:
    for config in (ReconstructorConfig.published(), ReconstructorConfig.compact(), ReconstructorConfig.tiny()):
        assert ReconstructorConfig.of(config.backbone, config.table()) == config


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("[!i]*.toml")), ids=lambda path: path.stem)
def test_every_configuration_that_comes_with_the_program_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.data.folder.name == "renders"
    assert recipe.run.folder.name == f"run-{path.stem}"
