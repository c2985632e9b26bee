"""Upscaling by a network: seams nobody sees, files nobody need trust, and a cancel between two layers."""

import hashlib
import itertools
import json
import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.nets import upscaling_file, upscaling_library
from paic3d_studio.nets.upscaling import UpscalingNetwork, load_upscaling_network, reduction, upscaled_colours
from paic3d_studio.pipeline import steps

needs_package = pytest.mark.skipif(
    not upscaling_library.is_installed(), reason="the optional package spandrel (requirements-upscale.txt) is not there"
)


class Tiny(nn.Module):
    """Three convolutions that see seven pixels across, and a shuffle to twice the size."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8), nn.Conv2d(8, 8, 3, padding=1), nn.PReLU(8),
            nn.Conv2d(8, 12, 3, padding=1), nn.PixelShuffle(2),
        )  # fmt: skip

    def forward(self, picture: Tensor) -> Tensor:
        return 0.5 + self.layers(picture)


class Repeated(nn.Module):
    """Repeats each pixel."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.inner = nn.UpsamplingNearest2d(scale_factor=scale)

    def forward(self, picture: Tensor) -> Tensor:
        repeated: Tensor = self.inner(picture)
        return repeated


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (150, 97, 3)).astype(np.uint8)


@pytest.fixture
def tiny_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the optional package: whatever the file holds, it is the tiny network."""

    def built(tensors: Mapping[str, Tensor], *, file: str, monitor: Monitor) -> tuple[nn.Module, int, str]:
        assert set(tensors) == set(Tiny().state_dict()) and file == "tiny.safetensors"
        network = Tiny()
        network.load_state_dict(dict(tensors))
        return network, 2, "Tiny"

    monkeypatch.setattr(upscaling_library, "built", built)
    monkeypatch.setattr(upscaling_library, "refuse_missing", lambda: None)


@pytest.fixture
def tiny_file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_file(Tiny().state_dict(), path)
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def safetensors_bytes(header: object, content: bytes = b"") -> bytes:
    told = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(told)) + told + content


# Tiles ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tile", [32, 50, 97, 149])
def test_tiles_cannot_be_seen(picture: np.ndarray, tile: int) -> None:
    network = UpscalingNetwork(Tiny().eval(), 2)
    whole = upscaled_colours(picture, network=network, tile=1000).astype(int)
    with torch.inference_mode():
        alone = network.module(torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255).clamp(0, 1)
    np.testing.assert_allclose(whole, 255 * alone[0].permute(1, 2, 0).numpy(), atol=0.51)
    assert whole.std() > 10
    assert np.abs(upscaled_colours(picture, network=network, tile=tile) - whole).max() <= 1


def test_repeated_pixels_stay_where_they_were(picture: np.ndarray) -> None:
    repeated = picture.repeat(4, axis=0).repeat(4, axis=1)
    found = upscaled_colours(picture, network=UpscalingNetwork(Repeated(4), 4), tile=40)
    np.testing.assert_array_equal(found, repeated)
    halved = upscaled_colours(picture, network=UpscalingNetwork(Repeated(4), 4), shrink=2, tile=40)
    np.testing.assert_array_equal(halved, repeated[::2, ::2])


def test_the_same_picture_gives_the_same_bytes(picture: np.ndarray) -> None:
    network = UpscalingNetwork(Tiny(), 2)
    assert upscaled_colours(picture, network=network).tobytes() == upscaled_colours(picture, network=network).tobytes()


def test_progress_rises_and_tells_of_the_tiles(picture: np.ndarray) -> None:
    told: list[tuple[float, str]] = []
    monitor = Monitor(lambda fraction, words: told.append((fraction, words)))
    upscaled_colours(picture, network=UpscalingNetwork(Repeated(2), 2), tile=64, monitor=monitor)
    assert [words for _, words in told] == [f"tile {n} of 6" for n in range(1, 7)]
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)


def test_cancel_is_heard_between_two_layers(picture: np.ndarray) -> None:
    ran: list[str] = []

    class Layer(nn.Module):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def forward(self, picture: Tensor) -> Tensor:
            ran.append(self.name)
            return picture

    module = nn.Sequential(Layer("first"), Layer("second"), Repeated(2))
    monitor = Monitor(cancelled=lambda: "first" in ran)
    with pytest.raises(Cancelled):
        upscaled_colours(picture, network=UpscalingNetwork(module, 2), monitor=monitor)
    assert ran == ["first"]
    upscaled_colours(picture[:8, :8], network=UpscalingNetwork(module, 2))  # and nothing of it stays behind
    assert ran == ["first", "first", "second"]


@pytest.mark.parametrize("scale", [1, 3])
def test_a_network_of_another_scale_than_it_said_is_refused(picture: np.ndarray, scale: int) -> None:
    with pytest.raises(UserError, match="no picture of the size"):
        upscaled_colours(picture, network=UpscalingNetwork(Repeated(scale), 2))


def test_a_network_that_gives_no_numbers_is_refused(picture: np.ndarray) -> None:
    network = Tiny()
    with torch.no_grad():
        network.layers[0].weight[0, 0, 0, 0] = float("nan")  # type: ignore[operator]
    with pytest.raises(UserError, match="no picture"):
        upscaled_colours(picture, network=UpscalingNetwork(network, 2))


@pytest.mark.parametrize(
    ("scale", "wanted", "side", "expected"),
    [(4, 3.4, 500, 1), (4, 1.5, 500, 2), (2, 6.0, 500, 1), (4, 3.0, 2000, 2), (3, 2.0, 2000, None), (8, 1.9, 100, 4)],
)
def test_no_more_is_kept_than_the_texture_shows(scale: int, wanted: float, side: int, expected: int | None) -> None:
    assert reduction(scale, wanted=wanted, side=side) == expected


# Files ----------------------------------------------------------------------------------------------------------------


ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
DAMAGED = {
    "nothing": b"",
    "no header": b"\0" * 8,
    "a header longer than the file": struct.pack("<Q", 1 << 40) + b"{}",
    "no JSON": safetensors_bytes(b"{nothing}"),
    "a list": safetensors_bytes([1, 2]),
    "no tensors": safetensors_bytes({"__metadata__": {"a": "b"}}),
    "an unknown type": safetensors_bytes({"a": {**ENTRY, "dtype": "PICKLE"}}, b"\0" * 24),
    "a tensor beyond its end": safetensors_bytes({"a": ENTRY}, b"\0" * 23),
    "a shape without its bytes": safetensors_bytes({"a": {**ENTRY, "shape": [1 << 20, 1 << 20]}}, b"\0" * 24),
    "a negative size": safetensors_bytes({"a": {**ENTRY, "shape": [-2, -3]}}, b"\0" * 24),
    "offsets that are no numbers": safetensors_bytes({"a": {**ENTRY, "data_offsets": ["0", "24"]}}, b"\0" * 24),
    "bytes that belong to nobody": safetensors_bytes({"a": ENTRY}, b"\0" * 48),
    "brackets without end": safetensors_bytes(b"[" * 200_000),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, tiny_library: None, what: str) -> None:
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(DAMAGED[what])
    with pytest.raises(UserError, match="no safetensors file, or a damaged one") as refused:
        load_upscaling_network(path)
    assert "Choose another file" in refused.value.cure


def test_a_pickle_is_not_opened(tmp_path: Path, tiny_library: None) -> None:
    noted = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (noted,)

    path = tmp_path / "tiny.safetensors"
    torch.save({"weight": Trap()}, path)
    with pytest.raises(UserError, match="no safetensors file"):
        load_upscaling_network(path)
    assert not noted.exists()


def test_names_that_would_make_a_library_count_to_a_million_are_refused(tmp_path: Path, tiny_library: None) -> None:
    path = tmp_path / "tiny.safetensors"
    for name in ("body.1000000.weight", "body." + "9" * 5000 + ".weight"):
        save_file({name: torch.zeros(2)}, path)
        with pytest.raises(UserError, match="more layers than any"):
            load_upscaling_network(path)


def test_what_is_no_file_is_told_of(tmp_path: Path, tiny_library: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="not there any more"):
        load_upscaling_network(tmp_path / "gone.safetensors")
    with pytest.raises(UserError, match="is no file"):
        load_upscaling_network(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.safetensors")  # nobody ever writes into it
        with pytest.raises(UserError, match="is no file"):
            load_upscaling_network(tmp_path / "pipe.safetensors")
    monkeypatch.setattr(upscaling_file, "MAX_BYTES", 10)
    (tmp_path / "large.safetensors").write_bytes(b"\0" * 11)
    with pytest.raises(UserError, match="larger than"):
        load_upscaling_network(tmp_path / "large.safetensors")


def test_a_file_that_changed_since_it_was_chosen_is_refused(tiny_file: Path, tiny_library: None) -> None:
    chosen = sha256_of(tiny_file)
    assert upscaling_file.file_sha256(tiny_file) == chosen
    assert load_upscaling_network(tiny_file, sha256=chosen).scale == 2
    save_file({key: tensor + 1 for key, tensor in Tiny().state_dict().items()}, tiny_file)
    with pytest.raises(UserError, match="has changed since"):
        load_upscaling_network(tiny_file, sha256=chosen)


def test_without_the_package_the_artist_is_told_how_to_get_it(tiny_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscaling_library, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(UserError, match="is not installed") as refused:
        load_upscaling_network(tiny_file)
    assert "requirements-upscale.txt" in refused.value.cure and "smooth" in refused.value.cure


# The whole way --------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(picture: np.ndarray) -> StitchSource:
    """A picture whose 97 columns span a fifth of the head: it lacks a factor of about 4 to a texture of 2048."""
    alpha = np.full((*picture.shape[:2], 1), 255, np.uint8)
    alpha[:, :30] = 0
    return StitchSource(np.concatenate([picture, alpha], axis=2), Alignment(matrix=np.eye(2, 3)))


def test_a_network_doubles_and_interpolation_does_the_rest(
    source: StitchSource, tiny_file: Path, tiny_library: None
) -> None:
    chosen = Upscaling("network", str(tiny_file), sha256_of(tiny_file))
    found = steps.upscaled(source, chosen, 2048, Monitor())
    assert found is not None and found.rgba.shape == (600, 388, 4)
    np.testing.assert_allclose(found.alignment.matrix, np.eye(2, 3) / 4)
    doubled = steps.upscaled(source, chosen, 1024, Monitor())
    assert doubled is not None
    expected = Tiny().eval()(torch.from_numpy(source.rgba[:, 40:, :3].copy()).permute(2, 0, 1)[None] / 255).detach()
    np.testing.assert_allclose(
        doubled.rgba[:, 100:, :3], 255 * expected[0, :, :, 20:].clamp(0, 1).permute(1, 2, 0), atol=1
    )
    smooth = steps.upscaled(source, Upscaling("smooth"), 2048, Monitor())
    assert smooth is not None and smooth.rgba.shape == found.rgba.shape
    assert not np.array_equal(smooth.rgba[:, :, :3], found.rgba[:, :, :3])


def test_nothing_is_done_where_nothing_is_missing(source: StitchSource) -> None:
    gone = Upscaling("network", "/nowhere/gone.safetensors", "0" * 64)
    assert steps.upscaled(source, gone, 512, Monitor()) is source  # the file is not even looked for
    assert steps.upscaled(source, Upscaling("smooth"), 512, Monitor()) is source
    assert steps.upscaled(source, Upscaling(), 4096, Monitor()) is source
    assert steps.upscaled(None, Upscaling("smooth"), 4096, Monitor()) is None


# With the package -----------------------------------------------------------------------------------------------------


def compact_tensors(*, width: int = 8, layers: int = 2, scale: int = 2) -> dict[str, Tensor]:
    """The tensors of a compact network as Real-ESRGAN has them, at random."""
    generator = torch.Generator().manual_seed(5)
    sizes = [3, *[width] * (layers + 1), 3 * scale**2]
    tensors = {}
    for number, (taken, given) in enumerate(itertools.pairwise(sizes)):
        tensors[f"body.{2 * number}.weight"] = 0.05 * torch.randn(given, taken, 3, 3, generator=generator)
        tensors[f"body.{2 * number}.bias"] = torch.zeros(given)
        if number < layers + 1:
            tensors[f"body.{2 * number + 1}.weight"] = torch.full((given,), 0.2)
    return tensors


@needs_package
@pytest.mark.parametrize("scale", [2, 4])
def test_the_package_tells_an_architecture_from_its_tensors(tmp_path: Path, scale: int) -> None:
    path = tmp_path / "compact.safetensors"
    save_file(compact_tensors(scale=scale), path)
    network = load_upscaling_network(path)
    assert (network.scale, network.name) == (scale, "RealESRGAN Compact")
    grey = np.full((40, 30, 3), 100, np.uint8)
    found = upscaled_colours(grey, network=network, tile=16)
    assert found.shape == (40 * scale, 30 * scale, 3)
    np.testing.assert_array_equal(found, upscaled_colours(grey, network=network, tile=64))
    assert "torchvision" not in sys.modules


@needs_package
def test_half_precision_is_widened(tmp_path: Path) -> None:
    path = tmp_path / "compact.safetensors"
    save_file({key: tensor.half() for key, tensor in compact_tensors().items()}, path)
    network = load_upscaling_network(path)
    assert {tensor.dtype for tensor in network.module.state_dict().values()} == {torch.float32}


@needs_package
@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"something": torch.zeros(3, 3)}, "known architecture"),
        ({**compact_tensors(), "body.2.weight": torch.zeros(5, 8, 3, 3)}, "do not fit together"),
        (compact_tensors(scale=1), "does not enlarge"),
        # Fifty thousand channels named in a file of 6 MB: their second layer would have ninety gigabytes.
        ({**compact_tensors(), "body.0.weight": torch.zeros(50_000, 3, 3, 3)}, "do not fit together"),
    ],
    ids=["unknown", "mixed", "scale 1", "bomb"],
)
def test_a_file_of_something_else_is_one_sentence(tmp_path: Path, tensors: dict[str, Tensor], told: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file(tensors, path)
    with pytest.raises(UserError, match=told):
        load_upscaling_network(path)
