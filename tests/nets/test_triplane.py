"""The triplane sampler where its answer is known."""

import pytest
import torch

from paic3d_studio.nets.triplane import EG3D_AXES, PANIC3D_AXES, TriplaneAxes, sample_triplane, split_layers

SIDE = 0.7


def coordinate_planes(axes: TriplaneAxes, coordinate: int, *, size: int = 16, layers: int = 4) -> torch.Tensor:
    """Planes whose only feature is one coordinate of the field frame, in half box sides."""

    def centres(count: int) -> torch.Tensor:
        return (torch.arange(count) + 0.5) * 2 / count - 1

    grids = torch.meshgrid(centres(layers), centres(size), centres(size), indexing="ij")  # layer, height, width
    along = {0: grids[2], 1: grids[1], 2: grids[0]}
    return torch.stack([along[order.index(coordinate)] for order in axes])[None, :, None]


@pytest.mark.parametrize("axes", [PANIC3D_AXES, EG3D_AXES])
@pytest.mark.parametrize("coordinate", [0, 1, 2])
def test_a_linear_function_is_sampled_exactly_by_every_plane(axes: TriplaneAxes, coordinate: int) -> None:
    xyz = (torch.rand(1, 500, 3, generator=torch.Generator().manual_seed(1)) - 0.5) * SIDE * 0.7
    found = sample_triplane(coordinate_planes(axes, coordinate), xyz, box_side=SIDE, axes=axes, reduce="none")
    expected = (xyz[..., coordinate] * 2 / SIDE)[:, None, :, None].expand_as(found)
    assert torch.allclose(found, expected, atol=1e-5)


def test_features_are_zero_outside_the_box_and_fade_at_its_faces() -> None:
    planes = torch.ones(1, 3, 2, 3, 8, 8)
    outside = torch.tensor([[[0.5, 0.0, 0.0], [0.0, -0.5, 0.0], [0.0, 0.0, 0.5]]])
    on_face = torch.tensor([[[0.0, 0.0, SIDE / 2]]])
    assert torch.equal(sample_triplane(planes, outside, box_side=SIDE, reduce="none").amax(dim=1), torch.zeros(1, 3, 2))
    faded = sample_triplane(planes, on_face, box_side=SIDE, reduce="none")[0, :, 0, 0]
    assert torch.allclose(faded, torch.tensor([0.5, 0.5, 0.5]), atol=1e-5)


def test_the_mean_is_the_mean_of_the_planes() -> None:
    generator = torch.Generator().manual_seed(2)
    planes = torch.randn(2, 3, 4, 3, 8, 8, generator=generator)
    xyz = (torch.rand(2, 50, 3, generator=generator) - 0.5) * SIDE
    apart = sample_triplane(planes, xyz, box_side=SIDE, reduce="none")
    assert torch.allclose(sample_triplane(planes, xyz, box_side=SIDE), apart.mean(dim=1))


def test_one_layer_does_not_fade_across_the_box() -> None:
    planes = torch.ones(1, 3, 1, 1, 8, 8)
    near_face = torch.tensor([[[0.0, 0.0, 0.3]]])
    assert torch.equal(sample_triplane(planes, near_face, box_side=SIDE, reduce="none")[0, 0], torch.ones(1, 1))


def test_layers_are_the_fastest_index_of_the_channels() -> None:
    planes = torch.arange(3 * 6, dtype=torch.float32).reshape(1, 3, 6, 1, 1)
    assert split_layers(planes, 3)[0, 0, 1, 2, 0, 0] == 1 * 3 + 2


def test_gradients_reach_the_planes() -> None:
    planes = torch.zeros(1, 3, 2, 3, 4, 4, requires_grad=True)
    sample_triplane(planes, torch.zeros(1, 5, 3), box_side=SIDE).sum().backward()
    assert planes.grad is not None
    assert planes.grad.abs().sum() > 0
