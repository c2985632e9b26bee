"""Files of the released form are read to the bit, and nothing in them is executed; what does not fit is refused."""

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.nets.backbones.published import PublishedConfig
from paic3d_studio.nets.import_official import (
    LARGEST_FILE,
    OfficialWeights,
    generator_config,
    official_weights,
    read_official,
)
from paic3d_studio.nets.imported import check_fits
from paic3d_studio.nets.pickle_values import Limits, Refused
from paic3d_studio.paths import models_folder
from tests import official_files as files


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """Where a file leaves a note when something in it is executed."""
    return tmp_path / "executed"


def assert_same(found: OfficialWeights, expected: dict[str, Tensor]) -> None:
    assert found.tensors.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found.tensors[name].dtype == tensor.numpy().dtype, name
        assert found.tensors[name].tobytes() == tensor.contiguous().numpy().tobytes(), name


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_snapshot_gives_the_averaged_generator_to_the_bit_and_its_source_text_stays_text(
    note: Path, protocol: int
) -> None:
    generator = files.tiny_generator(density=3.0)
    found = official_weights(files.snapshot(generator, note=note, protocol=protocol))
    assert (found.weights, found.network) == ("published", "published")
    assert_same(found, generator.state_dict())
    assert PublishedConfig(**found.config) == files.TINY
    check_fits(found, source="snapshot.pkl")
    assert not note.exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("use_keep", [True, False])
def test_a_line_removal_checkpoint_tells_its_inputs_by_its_first_kernel(zipped: bool, use_keep: bool) -> None:
    network = files.small_infill(use_keep=use_keep)
    state = {**network.state_dict(), "discriminator.0.weight": torch.ones(3)}
    found = official_weights(files.checkpoint(state, zipped=zipped))
    assert (found.weights, found.network) == ("published-infill", "infill")
    assert found.config == {"width": 8, "depth": 3, "use_keep": use_keep}
    assert_same(found, network.state_dict())
    check_fits(found, source="epoch=199.ckpt")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_tagger_checkpoint_is_read_at_its_full_size(zipped: bool) -> None:
    trunk = files.full_trunk()
    found = official_weights(files.checkpoint(trunk.state_dict(), zipped=zipped))
    assert (found.weights, found.network) == ("tagger", "resnet")
    assert found.tensors["resnet.fc.weight"].shape == (1062, 2048)
    assert_same(found, trunk.state_dict())
    check_fits(found, source="tagger.ckpt")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8"])
def test_of_principal_components_the_first_512_and_the_mean_are_taken(protocol: int, dtype: str) -> None:
    content, axes, mean = files.components(protocol=protocol, dtype=dtype)
    found = official_weights(content)
    assert found.weights == "tagger-components"
    np.testing.assert_array_equal(found.tensors["components"], axes[:512].astype("f4"))
    np.testing.assert_array_equal(found.tensors["mean"], mean.astype("f4"))
    check_fits(found, source="pca.pkl")


def test_principal_components_are_found_one_step_inside_as_well() -> None:
    content, axes, _ = files.components(wrapped=True)
    np.testing.assert_array_equal(official_weights(content).tensors["components"], axes[:512].astype("f4"))


def test_arrays_that_lie_column_by_column_are_read_as_they_are_meant() -> None:
    _, axes, _ = files.components()
    as_columns, _, _ = files.components(components_=np.asfortranarray(axes))
    np.testing.assert_array_equal(official_weights(as_columns).tensors["components"], axes[:512].astype("f4"))


def test_tensors_that_are_views_are_read_as_they_are_seen(note: Path) -> None:
    network = files.small_infill()
    state = network.state_dict()
    stored = torch.arange(2 * state["generator.0.weight"].numel(), dtype=torch.float32)
    state["generator.0.weight"] = (
        stored[5:][: state["generator.0.weight"].numel()].reshape(3, 3, 3, 8).permute(3, 0, 1, 2)
    )
    assert_same(official_weights(files.checkpoint(state)), state)
    assert_same(official_weights(files.checkpoint(state, zipped=False)), state)


@pytest.mark.shared
def test_the_published_arguments_give_the_published_sizes(shared: Path) -> None:
    mini = json.loads((shared / "golden" / "mini_weights.json").read_text(encoding="utf-8"))["constructor"]
    config = PublishedConfig(**generator_config({"_init_kwargs": mini, "neural_rendering_resolution": 32}))
    assert config == PublishedConfig(
        channel_base=1024, channel_max=32, resolution=64, triplane_channels=8, tag_channels=16, render_size=32
    )
    assert PublishedConfig(**generator_config({})) == PublishedConfig.published()


def test_rendering_arguments_count_as_they_were_in_the_end_and_arguments_without_names_count_too() -> None:
    attributes = {
        "_init_args": (8, 25, 16),
        "_init_kwargs": {"w_dim": 32, "rendering_kwargs": {"box_warp": 1, "triplane_depth": 2}},
        "rendering_kwargs": {"box_warp": 0.5},
    }
    config = PublishedConfig(**generator_config(attributes))
    assert (config.z_dim, config.camera_dim, config.w_dim) == (8, 25, 32)
    assert (config.box_side, config.triplane_layers) == (0.5, 2)


def test_ablations_show_in_the_arguments() -> None:
    arguments = files.constructor(dataclasses.replace(files.TINY, triplane_layers=1))
    arguments["cond_mode"] = arguments["cond_mode"].replace("crossavg_4.", "")
    config = PublishedConfig(**generator_config({"_init_kwargs": arguments}))
    assert not config.feature_pooling
    assert config.triplane_layers == 1


# What is refused ----------------------------------------------------------------------------------------------------


def refusal(content: bytes, **options: Any) -> str:
    with pytest.raises(Refused) as refused:
        official_weights(content, **options)
    return str(refused.value)


def changed_infill(**changes: Tensor) -> dict[str, Tensor]:
    return {**files.small_infill().state_dict(), **{f"generator.{name}": tensor for name, tensor in changes.items()}}


WRONG_NUMBERS = {
    "half": ({"0.weight": torch.zeros(8, 3, 3, 3).half()}, "another type of numbers than float32"),
    "brain": ({"0.weight": torch.zeros(8, 3, 3, 3).bfloat16()}, "another type of numbers than float32"),
    "double": ({"0.bias": torch.zeros(8).double()}, "another type of numbers than float32"),
    "whole": ({"0.bias": torch.zeros(8, dtype=torch.int32)}, "another type of numbers than float32"),
    "counting in float": ({"2.num_batches_tracked": torch.tensor(1.0)}, "another type of numbers than int64"),
    "nan": ({"0.bias": torch.full((8,), torch.nan)}, "not finite"),
    "infinite": ({"0.bias": torch.full((8,), torch.inf)}, "not finite"),
    "no width": ({"0.weight": torch.zeros(0, 3, 3, 3)}, "without numbers"),
    "five channels": ({"0.weight": torch.zeros(8, 5, 3, 3)}, "neither 3 nor 4"),
}


@pytest.mark.parametrize("kind", WRONG_NUMBERS)
@pytest.mark.parametrize("zipped", [True, False])
def test_numbers_that_the_networks_cannot_take_are_refused(kind: str, zipped: bool) -> None:
    changes, reason = WRONG_NUMBERS[kind]
    assert reason in refusal(files.checkpoint(changed_infill(**changes), zipped=zipped))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (changed_infill(**{"0.bias": torch.zeros(9)}), r"first “generator\.0\.bias” with 9 instead of 8"),
        (changed_infill(**{"9.bias": torch.zeros(9)}), r"first “generator\.9\.bias” with 9 instead of none"),
        (
            {name: tensor for name, tensor in changed_infill().items() if name != "generator.2.running_var"},
            r"first “generator\.2\.running_var” with none instead of 8",
        ),
    ],
)
def test_tensors_of_another_network_are_refused_by_name(state: dict[str, Tensor], reason: str) -> None:
    with pytest.raises(UserError, match=reason) as refused:
        check_fits(official_weights(files.checkpoint(state)), source="epoch.ckpt")
    assert "“epoch.ckpt” does not fit the paper's line removal" in refused.value.message


@pytest.mark.parametrize("name", ["\x1b[2J", "<b>loud</b>", "w" * 300, "\ud800", "0 weight"])
def test_names_that_no_network_has_never_reach_a_message(name: str) -> None:
    reason = refusal(files.checkpoint(changed_infill(**{name: torch.full((3,), torch.nan)})))
    assert "names that no network has" in reason
    assert name not in reason


def test_a_tagger_of_other_tags_and_a_generator_of_other_sizes_do_not_fit(note: Path) -> None:
    state = {**files.full_trunk().state_dict(), "resnet.fc.bias": torch.zeros(1000)}
    with pytest.raises(UserError, match=r"resnet\.fc\.bias” with 1000 instead of 1062"):
        check_fits(official_weights(files.checkpoint(state)), source="tagger.ckpt")
    arguments = {**files.constructor(files.TINY), "channel_max": 8}
    found = official_weights(files.snapshot(files.tiny_generator(), note=note, arguments=arguments))
    with pytest.raises(UserError, match="does not fit the paper's generator"):
        check_fits(found, source="snapshot.pkl")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"z_dim": "many"}, "no number"),
        ({"z_dim": True}, "no number"),
        ({"w_dim": 10**9}, "makes no sense"),
        ({"backbone_resolution": 48}, "power of two"),
        ({"channel_base": 64}, "too few channels"),
        ({"cond_mode": "reschonk_add_17"}, "too few channels"),
        ({"rendering_kwargs": {"box_warp": -1}}, "makes no sense"),
        ({"rendering_kwargs": {"use_triplane": 0}}, "another order"),
    ],
)
def test_generators_that_are_not_the_published_kind_are_refused(
    note: Path, changes: dict[str, Any], reason: str
) -> None:
    arguments = {**files.constructor(files.TINY), **changes}
    assert reason in refusal(files.snapshot(files.tiny_generator(), note=note, arguments=arguments))
    assert not note.exists()


SIZES = ("z_dim", "c_dim", "w_dim", "channel_base", "channel_max", "sr_channels_hidden", "triplane_width")


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    sizes=st.dictionaries(st.sampled_from(SIZES), st.integers(-5, 600)),
    resolution=st.sampled_from([4, 8, 16, 64, 100]),
    depth=st.integers(0, 70),
    layers=st.integers(0, 20),
    tags=st.integers(0, 700),
)
def test_whatever_sizes_a_file_gives_they_are_refused_or_make_a_network(
    sizes: dict[str, int], resolution: int, depth: int, layers: int, tags: int
) -> None:
    arguments = {
        **files.constructor(files.TINY),
        **sizes,
        "backbone_resolution": resolution,
        "mapping_kwargs": {"num_layers": layers},
        "rendering_kwargs": {"triplane_depth": depth},
        "cond_mode": f"reschonk_add_{tags}",
    }
    try:
        config = generator_config({"_init_kwargs": arguments})
    except Refused as refused:
        assert str(refused)
        return
    with pytest.raises(UserError, match="does not fit"):  # a network was made, and the tensors are none of its own
        check_fits(OfficialWeights("published", "published", {}, config), source="sizes.pkl")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"count": 300}, "another shape"),
        ({"mean_": np.zeros(7)}, "another shape"),
        ({"components_": np.zeros((600, 2048), np.int64)}, "another type of numbers"),
        ({"components_": np.array([None, "x"], dtype=object)}, "something other than numbers"),
        ({"mean_": np.full(2048, np.nan)}, "not finite"),
    ],
)
def test_other_components_are_refused(options: dict[str, Any], reason: str) -> None:
    assert reason in refusal(files.components(**options)[0])


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"weights": [1, 2, 3]}),
        pickle.dumps([]),
        files.checkpoint({"backbone.weight": torch.zeros(3)}),
        files.checkpoint({"backbone.weight": torch.zeros(3)}, zipped=False),
    ],
)
def test_other_files_are_told_apart_by_what_they_hold(content: bytes) -> None:
    assert "none of the four files" in refusal(content)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n", b"hello", b"\x93NUMPY", b"GIF89a"])
def test_what_is_no_pickle_at_all_is_refused(content: bytes) -> None:
    assert "neither a pickle nor" in refusal(content)


def test_the_numbers_of_a_file_are_counted_before_they_are_taken(note: Path) -> None:
    content = files.snapshot(files.tiny_generator(), note=note)
    assert "more numbers" in refusal(content, limits=Limits(array_bytes=10_000))
    assert "too many pickles" in refusal(content, limits=Limits(pickles=100))
    assert "too many modules" in refusal(content, limits=Limits(modules=5))


def test_modules_within_modules_without_end_are_refused() -> None:
    with files.foreign("others.Module") as (kind,):
        outer, inner = kind(), kind()
        vars(outer).update(_modules={"a": inner, "b": inner})
        vars(inner).update(_modules={"a": outer, "b": outer})
        content = pickle.dumps({"G_ema": outer})
    assert "too many modules" in refusal(content)


def test_a_missing_an_empty_and_a_huge_file_and_a_folder_are_refused_in_one_sentence(tmp_path: Path) -> None:
    empty, huge = tmp_path / "empty.pkl", tmp_path / "huge.pkl"
    empty.touch()
    with huge.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for path, reason in (
        (tmp_path / "none.pkl", "no file"),
        (tmp_path, "no file"),
        (empty, "is empty"),
        (huge, "larger than 1024 MiB"),
    ):
        with pytest.raises(UserError, match=reason) as refused:
            read_official(str(path))
        assert refused.value.message.count(". ") == 0
        assert refused.value.cure


def test_reading_can_be_cancelled(tmp_path: Path, note: Path) -> None:
    path = tmp_path / "snapshot.pkl"
    path.write_bytes(files.snapshot(files.tiny_generator(), note=note))
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with pytest.raises(Cancelled):
        read_official(str(path), monitor=Monitor(cancelled=cancelled))


@pytest.mark.parametrize("name", ["infill.safetensors", "reconstructor-compact.safetensors"])
def test_our_own_weights_are_told_what_they_are_and_not_called_damaged(name: str) -> None:
    with pytest.raises(UserError, match=f"{name}” is a safetensors file") as refused:
        read_official(str(models_folder() / name))
    assert "damaged" not in str(refused.value)


@pytest.mark.parametrize("first", [0x63, 0x28, 0x5D, 0x7D, 0x80])
def test_a_safetensors_file_is_known_whatever_its_first_byte(first: int) -> None:
    table = b"{}".ljust(first)
    with pytest.raises(Refused, match="safetensors"):
        official_weights(len(table).to_bytes(8, "little") + table)
