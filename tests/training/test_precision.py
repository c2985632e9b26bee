"""Half precision is for processors that have it."""

import pytest
import torch

from paic3d_studio.training import precision
from paic3d_studio.training.precision import bfloat16_pays, processor_precision


@pytest.mark.parametrize(
    ("capabilities", "pays"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({}, False),
    ],
)
def test_bfloat16_pays_where_the_processor_has_instructions_for_it(capabilities: dict[str, bool], pays: bool) -> None:
    assert bfloat16_pays(capabilities) is pays


@pytest.mark.parametrize(("asked", "has", "computed"), [
    (True, True, torch.bfloat16), (True, False, torch.float32), (False, True, torch.float32),
])  # fmt: skip
def test_half_is_used_where_it_is_asked_for_and_pays(
    monkeypatch: pytest.MonkeyPatch, asked: bool, has: bool, computed: torch.dtype
) -> None:
    monkeypatch.setattr(precision, "bfloat16_pays", lambda: has)
    with processor_precision(half=asked):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype is computed
    assert torch.equal(product.float(), torch.full((2, 2), 2.0))
