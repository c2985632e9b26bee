"""What desktops are told of the program is what it does."""

import configparser
import re
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

from paic3d_studio.core.image import FORMATS

PACKAGING = Path(__file__).resolve().parents[1] / "packaging"
PROJECT = "application/x-paic3d-project"


def desktop_entry() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(PACKAGING / "paic3d-studio.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


def read_types() -> set[str]:
    Image.init()
    return {Image.MIME[name] for name in FORMATS} | {PROJECT}


def test_every_kind_of_file_that_is_read_is_offered_and_several_at_once() -> None:
    assert set(desktop_entry()["MimeType"].strip(";").split(";")) == read_types()
    assert desktop_entry()["Exec"] == "paic3d-studio %F"


def test_the_description_has_a_reversed_domain_for_id_and_names_the_desktop_entry() -> None:
    (file,) = PACKAGING.glob("*.metainfo.xml")
    told = ElementTree.parse(file).getroot()
    assert re.fullmatch(r"[a-z]\w*(\.[A-Za-z]\w*){2,}", told.findtext("id", ""))
    assert file.name == f"{told.findtext('id')}.metainfo.xml"
    assert told.findtext("launchable") == "paic3d-studio.desktop"
    assert {kind.text for kind in told.iter("mediatype")} == read_types()
    types = ElementTree.parse(PACKAGING / "paic3d-project.xml").getroot()
    assert [kind.get("type") for kind in types if kind.tag.endswith("mime-type")] == [PROJECT]
