"""Several printers out of one file."""

import re
from pathlib import Path

import pytest

from ingest.printers import printers_of
from ingest.settings import IngestSettings, Printer
from layerwatch.errors import ProfileError, SettingsError
from layerwatch.settings import load_settings

TWO = """
[[printer]]
name = "m290"
folder = "hall/m290"
profile = "nist-ammt"
mm_per_px = 0.05

[[printer]]
name = "old-one"
folder = "old"
profile = "single-light"
build = "job7"
watch = "polling"
"""


def printers(folder: Path, text: str) -> tuple[Printer, ...]:
    file = folder / "printers.toml"
    file.write_text(text)
    (folder / "in").mkdir(exist_ok=True)
    return printers_of(load_settings(IngestSettings, sources_dir=folder / "in", printers=file))


def test_each_has_its_folder_its_profile_and_what_it_says_otherwise(tmp_path: Path) -> None:
    first, second = printers(tmp_path, TWO)

    assert (first.name, first.root, first.folder) == ("m290", tmp_path / "in" / "hall" / "m290", "hall/m290")
    assert (first.profile.name, first.profile.mm_per_px, first.default_build) == ("nist-ammt", 0.05, "m290")
    assert (second.profile.name, second.profile.watch, second.default_build) == ("single-light", "polling", "job7")


def test_a_printer_has_the_priority_that_the_file_gives_it(tmp_path: Path) -> None:
    first, second = printers(tmp_path, TWO.replace('name = "m290"', 'name = "m290"\npriority = "high"'))

    assert (first.priority, second.priority) == ("high", "normal")


def test_a_profile_of_its_own_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\npattern = \'(?P<layer>\\d+)\\.png\'\ntemplate = "{layer}.png"\ndefault_stage = "melt"\n'
    )

    (only,) = printers(tmp_path, '[[printer]]\nname = "a"\nfolder = "a"\nprofile = "mine.toml"')

    assert only.profile.name == "mine"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("old-one", "m290"), "two are called m290"),
        (('"old"', '"hall"'), "lie in each other"),
        (('"old"', '"hall/m290/deep"'), "lie in each other"),
        (('"old"', '"/old"'), "below SOURCES_DIR"),
        (('"old"', '"../old"'), "below SOURCES_DIR"),
        (('"old"', '"."'), "below SOURCES_DIR"),
        (('"polling"', '"magic"'), "watch"),
        (("old-one", "old_one"), "name"),
        (("old-one", "check"), "no printer can be called 'check'"),
        (("mm_per_px", "mm_per_pixel"), "mm_per_pixel"),
        (("[[printer]]", "[[printer"), "no TOML"),
        ((TWO, ""), "printer: Field required"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        printers(tmp_path, TWO.replace(*change))


def test_an_unknown_profile_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no profile 'nist'"):
        printers(tmp_path, TWO.replace("nist-ammt", "nist"))
    with pytest.raises(SettingsError, match="No such file"):
        printers_of(load_settings(IngestSettings, sources_dir=tmp_path, printers=tmp_path / "no.toml"))


def test_a_folder_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "old").symlink_to(tmp_path)

    with pytest.raises(SettingsError, match="leads out of SOURCES_DIR"):
        printers(tmp_path, TWO)
