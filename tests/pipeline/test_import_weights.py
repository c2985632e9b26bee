"""From an official file to weights that the networks load: written whole or not at all, giving the same field."""

from pathlib import Path

import numpy as np
import pytest
import torch

from paic3d_studio.cli import main
from paic3d_studio.core.artefacts import AlignedPortrait
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.nets.backbones import load_backbone, offered_backbones
from paic3d_studio.nets.field import FieldCondition
from paic3d_studio.nets.import_official import LARGEST_FILE, read_official
from paic3d_studio.nets.imported import manifest_text
from paic3d_studio.nets.infill import INPAINTERS, offered_inpainters
from paic3d_studio.nets.manifest import IMPORTABLE, listed_weights, manifest_entry
from paic3d_studio.nets.tagger import Tagger, tag_features, tags_of
from paic3d_studio.pipeline.child import run_in_child
from paic3d_studio.pipeline.import_weights import import_weights, missing_parts
from tests import official_files as files


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """Where a file leaves a note when something in it is executed."""
    return tmp_path / "executed"


def file_of(tmp_path: Path, content: bytes, name: str = "some file.bin") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def written(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def test_an_imported_generator_makes_the_same_field(tmp_path: Path, home: Path, note: Path) -> None:
    generator = files.tiny_generator(density=5.0)
    found = import_weights(file_of(tmp_path, files.snapshot(generator, note=note)))
    assert found.weights == "published"
    assert found.path.parent == home / "models"
    assert found.bytes == found.path.stat().st_size
    picture = torch.rand(1, 3, 512, 512, generator=torch.Generator().manual_seed(1))
    tags = torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(2))
    condition = FieldCondition(picture, torch.ones(1, 1, 512, 512), tags)
    points = (torch.rand(200, 3, generator=torch.Generator().manual_seed(3)) - 0.5) * 0.4
    expected = generator.field(condition, seed=4).query(points)
    made = load_backbone("published").field(condition, seed=4).query(points)
    for name in ("density", "colour", "features"):
        assert torch.equal(getattr(made, name), getattr(expected, name))
    assert not note.exists()


def test_an_import_leaves_weights_a_card_and_an_entry(tmp_path: Path, home: Path, note: Path) -> None:
    found = import_weights(file_of(tmp_path, files.snapshot(files.tiny_generator(), note=note), "net`work.pkl"))
    entry = manifest_entry("published")
    assert written(home) == ["models", "models/manifest.toml", f"models/{found.path.name}", "models/published.md"]
    assert entry.path == found.path
    assert entry.licence == "research weights of the authors, non-commercial, imported by you"
    assert entry.config["tag_channels"] == 8
    card = (home / "models" / "published.md").read_text(encoding="utf-8")
    assert "research weights of the authors, non-commercial, imported by you" in card
    assert entry.sha256 in card
    assert "`net?work.pkl`" in card
    assert "load_weights" not in card


def test_importing_again_replaces_and_other_weights_stay(tmp_path: Path, home: Path, note: Path) -> None:
    import_weights(file_of(tmp_path, files.checkpoint(files.small_infill().state_dict())))
    first = import_weights(file_of(tmp_path, files.snapshot(files.tiny_generator(), note=note)))
    second = import_weights(file_of(tmp_path, files.snapshot(files.tiny_generator(density=1), note=note)))
    assert first.path != second.path
    assert not first.path.exists()
    assert set(listed_weights(home / "models")) == {"published", "published-infill"}
    assert len(list((home / "models").glob("*.safetensors"))) == 2
    assert missing_parts().keys() == {IMPORTABLE["tagger"], IMPORTABLE["tagger-components"]}


def changed_infill(name: str, tensor: torch.Tensor) -> bytes:
    return files.checkpoint({**files.small_infill().state_dict(), f"generator.{name}": tensor})


REFUSED = {
    "runs a program": b"cos\nsystem\n(X\x01\x00\x00\x00xtR.",
    "cut short": files.checkpoint(files.small_infill().state_dict(), zipped=False)[:-100],
    "another network": changed_infill("9", torch.ones(1)),
    "not finite": changed_infill("0.bias", torch.full((8,), torch.nan)),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refused_file_leaves_nothing_behind(kind: str, tmp_path: Path, home: Path) -> None:
    with pytest.raises(UserError) as refused:
        import_weights(file_of(tmp_path, REFUSED[kind]))
    assert "“some file.bin”" in refused.value.message
    assert "\n" not in refused.value.message
    assert written(home) == []


def test_a_cancelled_import_leaves_nothing_behind(tmp_path: Path, home: Path, note: Path) -> None:
    reached = 0.0

    def hear(fraction: float, _: str) -> None:
        nonlocal reached
        reached = fraction

    source = file_of(tmp_path, files.snapshot(files.tiny_generator(), note=note))
    with pytest.raises(Cancelled):
        import_weights(source, monitor=Monitor(hear, cancelled=lambda: reached >= 0.6))
    assert written(home) == []


def test_a_folder_that_cannot_be_written_is_named_and_left_as_it_was(tmp_path: Path, note: Path) -> None:
    blocked = file_of(tmp_path, b"", "a file")
    source = file_of(tmp_path, files.checkpoint(files.small_infill().state_dict()))
    with pytest.raises(UserError, match="a file"):
        import_weights(source, folder=blocked / "models")
    assert blocked.is_file()
    folder = tmp_path / "own" / "models"
    (folder / "manifest.toml").mkdir(parents=True)
    with pytest.raises(UserError):
        import_weights(source, folder=folder)
    assert [path.name for path in folder.iterdir()] == ["manifest.toml"]


def test_reading_for_too_long_is_given_up(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = b"\x80\x02" + b"N0" * 2_400_000 + b"N."
    with pytest.raises(UserError, match=r"longer than 0\.3 seconds"):
        import_weights(file_of(tmp_path, slow), seconds=0.3)
    assert written(home) == []


def test_the_reading_process_takes_no_more_memory_than_it_may(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    source = file_of(tmp_path, b"\x80\x04")
    with source.open("r+b") as file:
        file.truncate(LARGEST_FILE)  # a hole: it takes no room on the disk
    with pytest.raises(UserError, match="more memory than a file of weights needs"):
        run_in_child(read_official, str(source), memory=LARGEST_FILE)


def test_the_reading_process_loads_no_networks(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, paic3d_studio.nets.import_official; print('torch' in sys.modules, 'PySide6' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False"]


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    listed = {"a b": {"file": 'x"\\\n.é', "bytes": 3, "part": 0.5, "config": {"flag": True, "names": [1, 2]}}}
    (tmp_path / "manifest.toml").write_text(manifest_text(listed), encoding="utf-8")
    assert listed_weights(tmp_path) == listed


def test_a_damaged_list_of_imported_weights_is_written_anew(tmp_path: Path, home: Path) -> None:
    (home / "models").mkdir()
    (home / "models" / "manifest.toml").write_text("[weights", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read"):
        manifest_entry("published")
    import_weights(file_of(tmp_path, files.checkpoint(files.small_infill().state_dict())))
    assert set(listed_weights(home / "models")) == {"published-infill"}


def test_weights_of_the_program_come_before_imported_ones_of_the_same_name(tmp_path: Path, home: Path) -> None:
    (home / "models").mkdir()
    entry = {"file": "x", "sha256": "0", "bytes": 1, "network": "compact"}
    (home / "models" / "manifest.toml").write_text(manifest_text({"compact": entry}), encoding="utf-8")
    assert manifest_entry("compact").path.name == "reconstructor-compact.safetensors"


# What can be chosen ---------------------------------------------------------------------------------------------------


def test_what_can_be_chosen_is_what_is_there(tmp_path: Path, note: Path) -> None:
    assert offered_backbones() == ("compact",)
    assert offered_inpainters() == ("network", "telea")
    import_weights(file_of(tmp_path, files.checkpoint(files.small_infill().state_dict())))
    assert offered_inpainters() == ("network", "telea", "published")
    import_weights(file_of(tmp_path, files.snapshot(files.tiny_generator(), note=note)))
    assert offered_backbones() == ("compact", "published")


@pytest.mark.parametrize("use_keep", [False, True])
def test_the_published_line_removal_paints_what_its_network_paints(tmp_path: Path, use_keep: bool) -> None:
    network = files.small_infill(use_keep=use_keep)
    import_weights(file_of(tmp_path, files.checkpoint(network.state_dict())))
    random = np.random.default_rng(0)
    picture = random.random((64, 64, 3), np.float32)
    mask, keep = random.random((64, 64)) < 0.3, random.random((64, 64)) < 0.1
    found = INPAINTERS["published"](picture, line_mask=mask, keep=keep)
    expected = network(
        torch.from_numpy(picture).permute(2, 0, 1)[None],
        torch.from_numpy(mask)[None, None].float(),
        torch.from_numpy(keep)[None, None].float(),
    )[0].permute(1, 2, 0)
    np.testing.assert_allclose(found[mask], expected.clamp(0, 1).numpy()[mask], atol=1e-6)
    np.testing.assert_array_equal(found[~mask], picture[~mask])


def test_the_published_line_removal_without_weights_says_how_to_get_them() -> None:
    with pytest.raises(UserError, match="line removal were not imported") as refused:
        INPAINTERS["published"](
            np.zeros((64, 64, 3), np.float32), line_mask=np.ones((64, 64), bool), keep=np.zeros((64, 64), bool)
        )
    assert "import-weights" in refused.value.cure


def a_square() -> AlignedPortrait:
    return AlignedPortrait(np.random.default_rng(1).integers(0, 256, (512, 512, 4), dtype=np.uint8))


def test_without_the_tagger_zeros_stand_in_and_it_is_said(tmp_path: Path) -> None:
    assert "tagger was not imported" in tags_of(a_square(), channels=8).warning
    import_weights(file_of(tmp_path, files.checkpoint(files.full_trunk().state_dict())))
    found = tags_of(a_square(), channels=8)
    assert "principal components were not imported" in found.warning
    np.testing.assert_array_equal(found.features, np.zeros((8, 8, 8)))


def test_the_imported_tagger_sees_what_its_network_sees(tmp_path: Path) -> None:
    trunk = files.full_trunk()
    content, axes, mean = files.components()
    import_weights(file_of(tmp_path, files.checkpoint(trunk.state_dict())))
    import_weights(file_of(tmp_path, content))
    assert missing_parts().keys() == {IMPORTABLE["published"], IMPORTABLE["published-infill"]}
    square = a_square()
    found = tags_of(square, channels=512)
    assert found.warning == ""
    tagger = Tagger().eval()
    numbers = {"components": torch.from_numpy(axes[:512]).float(), "mean": torch.from_numpy(mean).float()}
    tagger.load_state_dict({**trunk.state_dict(), **numbers})
    expected = tag_features(tagger, torch.from_numpy(square.rgba.copy()).permute(2, 0, 1)[None].float() / 255)
    np.testing.assert_array_equal(found.features, expected[0].numpy())
    np.testing.assert_array_equal(tags_of(square, channels=16).features, found.features[:16])


# The command line -----------------------------------------------------------------------------------------------------


def test_the_command_imports_what_it_can_and_names_what_it_refuses(
    tmp_path: Path, home: Path, note: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = file_of(tmp_path, files.snapshot(files.tiny_generator(), note=note), "good.pkl")
    bad = file_of(tmp_path, b"cos\nsystem\n(X\x01\x00\x00\x00xtR.", "bad.pkl")
    assert main(["import-weights", str(bad), str(good)]) == 2
    said = capsys.readouterr()
    assert said.err.count("error:") == 1
    assert "“bad.pkl” asks to run “os.system”" in said.err
    assert said.out.startswith("good.pkl: the paper's generator")
    assert "Not imported yet: the paper's tagger; zeros stand in" in said.out
    assert main(["import-weights", str(good)]) == 0
    assert main(["import-weights", str(tmp_path / "none.pkl")]) == 2
    assert "no file" in capsys.readouterr().err
