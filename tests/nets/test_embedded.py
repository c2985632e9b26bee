"""All networks that come with the program are whole, and one that is not is told by the name of its file."""

import shutil
from pathlib import Path

import pytest

from paic3d_studio.errors import UserError
from paic3d_studio.nets.embedded import NETWORKS, load_embedded
from paic3d_studio.nets.manifest import listed_weights, manifest_entry
from paic3d_studio.paths import models_folder


def test_every_listed_set_of_weights_fills_its_network() -> None:
    listed = listed_weights(models_folder())
    assert list(load_embedded()) == list(listed)
    assert {manifest_entry(name).network for name in listed} == set(NETWORKS)


@pytest.mark.parametrize("name", sorted(listed_weights(models_folder())))
def test_one_changed_byte_in_any_of_them_is_told(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models_folder(), folder)
    damaged = folder / manifest_entry(name).path.name
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(UserError, match=f"damaged: .*{damaged.name}"):
        list(load_embedded(folder))


def test_weights_of_an_unknown_network_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models_folder(), folder)
    manifest = folder / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('network = "matting"', 'network = "future"'))
    with pytest.raises(UserError, match="no network named “future”"):
        list(load_embedded(folder))
