"""Reading weights: what fits is loaded, and everything else is refused by name."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from paic3d_studio.errors import UserError
from paic3d_studio.nets.weights import load_into, load_weights, manifest_entry

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Write a models folder with one set of weights called “small”."""

    def write(tensors: dict[str, torch.Tensor], **changes: object) -> Path:
        content = safetensors.torch.save(tensors)
        (tmp_path / "small.safetensors").write_bytes(content)
        listed: dict[str, object] = {
            "file": "small.safetensors",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "network": "linear",
        }
        listed.update(changes)
        lines = [f"{key} = {value!r}".replace("'", '"') for key, value in listed.items() if value is not None]
        text = "\n".join(["[weights.small]", *lines, "[weights.small.config]", "inputs = 3", ""])
        (tmp_path / "manifest.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def linear() -> dict[str, torch.Tensor]:
    return {"weight": torch.arange(6, dtype=torch.float32).reshape(2, 3), "bias": torch.ones(2)}


def test_weights_come_back_as_they_were_saved(install: Install) -> None:
    weights = load_weights("small", folder=install(linear()))
    assert weights.config == {"inputs": 3}
    assert weights.entry.network == "linear"
    network = nn.Linear(3, 2)
    load_into(network, weights)
    assert torch.equal(network.weight, linear()["weight"])
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_half_precision_is_widened_and_integers_are_left_alone(install: Install) -> None:
    folder = install({"weight": torch.ones(2, dtype=torch.float16), "count": torch.tensor(3)})
    tensors = load_weights("small", folder=folder).tensors
    assert tensors["weight"].dtype == torch.float32
    assert tensors["count"].dtype == torch.int64


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"manifest\.toml") as refusal:
        manifest_entry("small", folder=tmp_path)
    assert refusal.value.cure


@pytest.mark.parametrize("text", ["[weights", "\x00", "weights = 3"])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"manifest\.toml"):
        manifest_entry("small", folder=tmp_path)


def test_a_manifest_that_was_written_again_is_read_again(install: Install) -> None:
    first = manifest_entry("small", folder=install(linear()))
    second = manifest_entry("small", folder=install({"weight": torch.zeros(2, 3), "bias": torch.ones(2)}))
    assert first.sha256 != second.sha256
    assert manifest_entry("small", folder=second.path.parent) is second


def test_weights_that_are_not_listed_are_refused(install: Install) -> None:
    with pytest.raises(UserError, match="large"):
        load_weights("large", folder=install(linear()))


@pytest.mark.parametrize("field", ["file", "sha256", "bytes", "network"])
def test_an_incomplete_entry_is_refused(install: Install, field: str) -> None:
    with pytest.raises(UserError, match=field):
        load_weights("small", folder=install(linear(), **{field: None}))


def test_a_file_outside_the_models_folder_is_refused(install: Install) -> None:
    with pytest.raises(UserError, match="outside"):
        load_weights("small", folder=install(linear(), file="../small.safetensors"))


def test_missing_weights_are_named(install: Install) -> None:
    folder = install(linear())
    (folder / "small.safetensors").unlink()
    with pytest.raises(UserError, match=r"missing.*small\.safetensors") as refusal:
        load_weights("small", folder=folder)
    assert refusal.value.cure


def test_truncated_weights_are_refused(install: Install) -> None:
    folder = install(linear())
    path = folder / "small.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"damaged.*small\.safetensors"):
        load_weights("small", folder=folder)


def test_one_flipped_bit_is_noticed(install: Install) -> None:
    folder = install(linear())
    path = folder / "small.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(UserError, match=r"damaged.*small\.safetensors"):
        load_weights("small", folder=folder)


def test_a_file_that_is_no_safetensors_is_refused(install: Install) -> None:
    folder = install(linear())
    content = b"\x80\x04 a pickle, perhaps"
    install(linear(), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    (folder / "small.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"no safetensors.*small\.safetensors"):
        load_weights("small", folder=folder)


@pytest.mark.parametrize(
    "tensors",
    [
        {"weight": torch.zeros(2, 3)},
        {"weight": torch.zeros(2, 4), "bias": torch.zeros(2)},
        {"weight": torch.zeros(2, 3), "bias": torch.zeros(2), "more": torch.zeros(1)},
    ],
)
def test_weights_of_another_network_are_refused(install: Install, tensors: dict[str, torch.Tensor]) -> None:
    with pytest.raises(UserError, match=r"do not fit.*linear.*small\.safetensors"):
        load_into(nn.Linear(3, 2), load_weights("small", folder=install(tensors)))
