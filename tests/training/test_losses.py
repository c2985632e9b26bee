"""The terms of the paper's loss, held against closed forms and numerical gradients."""

import math

import pytest
import torch
from torch import Tensor

from paic3d_studio.training import losses


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_rgb_l1_of_a_constant_offset_is_the_offset_for_each_picture() -> None:
    truth = drawn(2, 3, 8, 8)
    offset = torch.tensor([0.25, -0.5], dtype=torch.float64)
    found = losses.rgb_l1(truth + offset[:, None, None, None], truth)
    assert torch.allclose(found, offset.abs())


@pytest.mark.parametrize("norm, expected", [("l1", 0.2), ("l2", 0.04)])
def test_the_silhouette_is_compared_only_away_from_the_outline(norm: losses.Norm, expected: float) -> None:
    truth = torch.zeros(1, 1, 16, 16)
    truth[..., 8:] = 1
    found = truth + 0.2
    # In a 5x5 box a straight outline leaves 2 of 5 columns on the far side of the two columns beside it.
    found[..., 7:9] = 99
    assert losses.silhouette(found, truth, norm=norm).item() == pytest.approx(expected, rel=1e-6)
    found[..., 6] = 99
    assert losses.silhouette(found, truth, norm=norm).item() > 1


def test_depth_is_compared_along_its_axis_where_both_are_solid() -> None:
    truth = torch.zeros(1, 3, 4, 4)
    xyz = torch.stack([torch.full((4, 4), v) for v in (0.3, 0.2, 0.1)])[None]
    weight, alpha = torch.zeros(2, 1, 1, 4, 4)
    weight[..., :2] = 0.51
    alpha[..., :2, :] = 0.51
    xyz[..., 2:, 2:] = 99  # never solid in both
    for axis, expected in ((0, 0.09), (1, 0.04), (2, 0.01)):
        found = losses.depth(xyz, truth, weight=weight, alpha=alpha, axis=axis)
        assert found.item() == pytest.approx(expected)
    assert losses.depth(xyz, truth, weight=weight * 0, alpha=alpha, axis=0).item() == 0


def test_the_adversarial_terms_are_the_logarithms_of_the_two_answers() -> None:
    logits = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    assert torch.allclose(losses.taken_for_render(logits), -torch.sigmoid(logits).log())
    assert torch.allclose(losses.taken_for_generated(logits), -(1 - torch.sigmoid(logits)).log())
    assert losses.taken_for_render(logits)[1].item() == pytest.approx(math.log(2))
    (slope,) = torch.autograd.grad(losses.taken_for_render(logits).sum(), logits)
    assert torch.allclose(slope, torch.sigmoid(logits) - 1)


def test_r1_of_a_linear_judge_is_half_gamma_times_the_squared_slope_of_both_pictures() -> None:
    slopes = drawn(2, 3, 4, 4), drawn(2, 3, 2, 2, seed=1)
    pictures = tuple(torch.zeros_like(slope).requires_grad_() for slope in slopes)
    logits = sum((picture * slope).sum(dim=(1, 2, 3)) for picture, slope in zip(pictures, slopes, strict=True))
    assert isinstance(logits, Tensor)
    found = losses.gradient_penalty(logits, pictures, gamma=5.0)
    assert torch.allclose(found, 2.5 * sum(slope.square().sum(dim=(1, 2, 3)) for slope in slopes))


def test_r1_reaches_the_weights_of_the_judge() -> None:
    slope = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    picture = drawn(2, 3, 2, 2).requires_grad_()
    logits = (slope * picture).sum(dim=(1, 2, 3))
    (change,) = torch.autograd.grad(losses.gradient_penalty(logits, (picture,), gamma=2.0).sum(), slope)
    assert change.item() == pytest.approx(2 * 2 * 12 * 0.7)  # two pictures of 12 numbers: d/ds (12 s^2)


def test_the_roughness_of_a_linear_density_is_its_slope_times_the_offset() -> None:
    x = drawn(2, 50)
    assert torch.allclose(losses.density_roughness(3 * x, 3 * (x + 0.004)), torch.full((2,), 0.012).double())


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_gradients_of_the_reconstruction_terms_are_those_of_finite_differences(norm: losses.Norm) -> None:
    truth, alpha = drawn(1, 3, 6, 6), (drawn(1, 1, 6, 6, seed=1) > 0.5).double()
    found = drawn(1, 3, 6, 6, seed=2).requires_grad_()
    weight = (0.6 * alpha + 0.2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: losses.rgb_l1(x, truth), (found,))
    assert torch.autograd.gradcheck(lambda x: losses.silhouette(x, alpha, norm=norm), (weight,))
    assert torch.autograd.gradcheck(
        lambda x: losses.depth(x, truth, weight=weight.detach(), alpha=alpha, axis=2), (found,)
    )
