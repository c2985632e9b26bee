"""Every file of golden numbers is claimed by a test that reads it."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent

CLAIMS = {
    "alignment": "core/test_alignment.py",
    "cameras": "core/test_camera.py",
    "dog": "core/test_lines.py",
    "generator_state_dict_shapes": "nets/test_golden_published.py",
    "mesh": "benchmark/test_published_surface.py",
    "mini_io": "nets/test_golden_published.py",
    "mini_weights": "nets/test_golden_published.py",
    "ray_marcher": "nets/test_golden_volume.py",
    "rmline": "nets/test_golden_infill.py",
    "superres": "nets/test_golden_published.py",
    "tagger": "nets/test_golden_tagger.py",
    "triplane_sampler": "nets/test_golden_triplane.py",
}
"""File of golden numbers, without its ending -> the test that holds the program against it."""


@pytest.mark.shared
def test_every_golden_file_is_reached_by_a_test(shared: Path) -> None:
    found = {path.stem for path in (shared / "golden").iterdir() if path.name != "README.md"}
    assert found == set(CLAIMS)


@pytest.mark.parametrize(("name", "test"), CLAIMS.items())
def test_the_test_that_claims_a_golden_file_reads_it(name: str, test: str) -> None:
    source = (TESTS / test).read_text(encoding="utf-8")
    assert any(f'"{name}{ending}"' in source for ending in ("", ".json", ".safetensors"))
