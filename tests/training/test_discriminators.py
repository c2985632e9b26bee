"""The dual discriminator sees both pictures and the camera, and how alike a group is."""

import pytest
import torch
from torch import Tensor

from paic3d_studio.training.discriminators import DiscriminatorConfig, DualDiscriminator, group_deviation
from paic3d_studio.training.losses import gradient_penalty

SMALL = DiscriminatorConfig(channel_base=256, channel_max=16, mapping_layers=2)


def judge() -> DualDiscriminator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return DualDiscriminator(SMALL, size=32)


def given(count: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    return tuple(torch.rand(count, *shape, generator=generator) for shape in ((3, 32, 32), (3, 8, 8), (25,)))  # type: ignore[return-value]


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_the_answer_depends_on_the_sharp_view_the_raw_view_and_the_camera(changed: int) -> None:
    made, inputs = judge(), list(given())
    before = made(*inputs)
    assert before.shape == (4,)
    inputs[changed] = inputs[changed].flip(-1)
    assert not torch.allclose(made(*inputs), before)


def test_the_deviation_of_a_group_is_that_of_its_closed_form() -> None:
    x = torch.zeros(8, 2, 3, 3)
    x[:4] = torch.tensor([1.0, -1.0, 1.0, -1.0])[:, None, None, None]  # deviation 1
    found = group_deviation(x, group=4)
    assert found.shape == (8, 3, 3, 3)
    assert torch.allclose(found[:4, 2], torch.ones(4, 3, 3))
    assert torch.allclose(found[4:, 2], torch.full((4, 3, 3), 1e-4))


def test_a_batch_judged_by_whole_groups_has_the_same_answers() -> None:
    made, inputs = judge(), given(8)
    halves = [made(*(part[some] for part in inputs)) for some in (slice(0, 4), slice(4, 8))]
    assert torch.allclose(torch.cat(halves), made(*inputs), atol=1e-5)


def test_the_gradient_penalty_moves_every_weight_of_every_layer() -> None:
    made = judge()
    final, raw, camera = given()
    final.requires_grad_()
    raw.requires_grad_()
    gradient_penalty(made(final, raw, camera), (final, raw), gamma=5.0).mean().backward()
    for name, parameter in made.named_parameters():
        # Behind the last activation that a bias could switch, it adds a constant, which has no slope.
        assert name.endswith("bias") or (parameter.grad is not None and parameter.grad.any()), name


def test_a_side_that_cannot_be_halved_to_four_is_refused() -> None:
    with pytest.raises(ValueError, match="power of two"):
        DualDiscriminator(SMALL, size=48)
