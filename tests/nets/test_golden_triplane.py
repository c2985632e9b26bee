"""The triplane sampler against the published system."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from paic3d_studio.nets.triplane import EG3D_AXES, PANIC3D_AXES, sample_triplane, split_layers
from paic3d_studio.nets.triplane_table import TriplaneTable


@pytest.mark.shared
@pytest.mark.parametrize("layers", [1, 3])
def test_samples_equal_the_published_ones(
    layers: int, golden: Callable[[str], dict[str, Tensor]], assert_close: Callable[[str, Tensor, Tensor], float]
) -> None:
    numbers = golden("triplane_sampler")
    planes = split_layers(numbers[f"D{layers}.planes"], layers)
    for name, axes in (("axes0", EG3D_AXES), ("axes1", PANIC3D_AXES)):
        inverse = numbers[name].transpose(1, 2)  # of a permutation of the axes
        assert (torch.arange(3.0) @ inverse).long().tolist() == [list(order) for order in axes]
        found = sample_triplane(planes, numbers[f"D{layers}.coords"], box_side=0.7, axes=axes, reduce="none")
        assert_close(f"{layers} layers, {name}", found, numbers[f"D{layers}.{name}.out"])
        for item, xyz in enumerate(numbers[f"D{layers}.coords"]):
            table = TriplaneTable(planes[item], box_side=0.7, axes=axes)
            expected = numbers[f"D{layers}.{name}.out"][item].mean(dim=0)
            assert_close(f"{layers} layers, {name}, table", table.features(xyz), expected)
