"""The manual shows only pictures that its script takes, and leads only to pages that exist."""

import re
from pathlib import Path

USER = Path(__file__).resolve().parents[2] / "docs" / "user"


def links() -> list[tuple[str, str]]:
    return [(page.name, to) for page in sorted(USER.glob("*.md"))
            for to in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))]  # fmt: skip


def test_every_page_that_the_manual_leads_to_exists() -> None:
    pages = [(page, to) for page, to in links() if to.endswith(".md")]
    assert len(pages) > 5
    assert [(page, to) for page, to in pages if not (USER / to).is_file()] == []


def test_every_picture_of_the_manual_is_taken_by_its_script() -> None:
    script = (USER / "make_pictures.py").read_text(encoding="utf-8")
    shown = [(page, Path(to).stem) for page, to in links() if to.endswith(".jpg")]
    assert len(shown) > 5
    assert [(page, name) for page, name in shown if f'"{name}"' not in script] == []
