"""The ablations differ in one switch each, see the same samples, and the benchmark knows every one of them."""

import dataclasses
from pathlib import Path

from paic3d_studio.benchmark.methods import METHODS
from paic3d_studio.training.ablations import ABLATIONS, CONFIG, ablated_recipe
from paic3d_studio.training.recipe import Ablation, read_recipe


def test_each_ablation_is_a_method_of_the_benchmark_and_turns_one_switch() -> None:
    assert set(ABLATIONS) <= set(METHODS)
    assert ABLATIONS["published"] == Ablation()
    for name, ablation in ABLATIONS.items():
        assert sum(dataclasses.astuple(ablation)) == (name != "published")
    assert len(set(ABLATIONS.values())) == len(ABLATIONS)


def test_recipes_differ_in_nothing_but_the_switch_and_the_folder(tmp_path: Path) -> None:
    base = read_recipe(CONFIG)
    recipes = {
        name: ablated_recipe(base, name, renders=tmp_path / "renders", out=tmp_path, kimg=0.5) for name in ABLATIONS
    }
    for name, recipe in recipes.items():
        assert recipe.run.folder == tmp_path / name
        alike = dataclasses.replace(recipe, ablation=Ablation(), run=recipes["published"].run)
        assert alike == recipes["published"]
        assert recipe.optimiser.steps == 125
