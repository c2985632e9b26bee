"""What is written about the program is complete, and says the same as the program."""

import math
import re
from collections import Counter
from pathlib import Path

import pytest

from paic3d_studio.nets.manifest import listed_weights, manifest_entry
from paic3d_studio.paths import models_folder

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("models/*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "README.md"])
PLACEHOLDER = re.compile(r"\b[A-Z]{4,}_[A-Z]+\b")
CODE = re.compile(r"```[\s\S]*?```|`[^`\n]*`|^    .*$", re.MULTILINE)


def placeholders(written: str) -> list[str]:
    return PLACEHOLDER.findall(CODE.sub("", written))


def test_a_placeholder_is_told_from_a_name_in_code() -> None:
    assert placeholders("Numbers:\n\nDETECTOR_TABLE\n") == ["DETECTOR_TABLE"]
    assert placeholders("`SPREAD_OF` and\n\n    export SOME_NAME\n\nFIGURES_OPEN\n") == ["FIGURES_OPEN"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_document_has_a_place_left_to_fill(document: Path) -> None:
    assert placeholders(document.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", sorted(listed_weights(models_folder())))
def test_every_set_of_weights_has_figures_and_a_card(name: str) -> None:
    entry = manifest_entry(name)
    assert entry.metrics
    assert all(isinstance(figure, int | float) and math.isfinite(figure) for figure in entry.metrics.values())
    assert entry.licence and entry.trained_on
    assert entry.path.with_suffix(".md").is_file()


def test_each_term_stands_in_the_glossary_once() -> None:
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    terms = Counter(term for line in lines if line.startswith("| ") for term in line.split(" | ")[0][2:].split(", "))
    assert terms["portrait"] == 1
    assert [term for term, times in terms.items() if times > 1] == []


def test_the_page_of_the_picture_side_has_the_key_of_every_tool() -> None:
    from paic3d_studio.gui.actions import ACTIONS

    page = (ROOT / "docs" / "user" / "picture-side.md").read_text(encoding="utf-8")
    told = {key for line in page.splitlines() if line.startswith("| ") for key in line.split(" | ")[1].split(", ")}
    tools = {key for entry in ACTIONS if entry.choice == "tool" for key in entry.shortcuts}
    assert tools - told == set()
    assert "*Before and after* (W)" in page
