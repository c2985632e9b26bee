"""Golden numbers of the published system, and how far from them is too far."""

from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

TOLERANCE = 1e-4


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], dict[str, Tensor]]:
    """Read a file of golden numbers by its name."""

    def read(name: str) -> dict[str, Tensor]:
        return safetensors.torch.load_file(shared / "golden" / f"{name}.safetensors")

    return read


@pytest.fixture
def assert_close() -> Callable[[str, Tensor, Tensor], float]:
    """Assert that the largest difference is within 1e-4 of the largest expected number, and print it."""

    def compare(name: str, found: Tensor, expected: Tensor) -> float:
        assert found.shape == expected.shape, f"{name}: {tuple(found.shape)} instead of {tuple(expected.shape)}"
        assert torch.isfinite(found).all(), f"{name} is not finite"
        scale = expected.abs().max().clamp_min(1e-12)
        error = float((found.double() - expected.double()).abs().max() / scale)
        print(f"{name}: relative error {error:.2e}")
        assert error <= TOLERANCE, f"{name}: relative error {error:.2e}"
        return error

    return compare
