"""Profiles guessed from the names in a folder."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.propose import propose
from layerwatch.layers import Stage
from layerwatch.profile import CaptureName, Profile, load_profile, parse_profile, shipped_profiles

LAYERS = range(1, 13)


def proposed(paths: list[str]) -> Profile:
    proposal = propose(paths)
    assert proposal is not None
    return parse_profile(proposal.toml, source="proposal")


def read(profile: Profile, path: str) -> CaptureName | None:
    return profile.read_name(PurePosixPath(path))


@pytest.mark.parametrize("name", shipped_profiles())
def test_for_what_a_known_printer_writes_its_own_layers_are_found(name: str) -> None:
    known = load_profile(name)
    written = {
        known.file_name(layer, stage, light): (layer, stage, light)
        for layer in LAYERS
        for stage in known.written_stages
        for light in known.expected_lights
    }

    profile = proposed(list(written))
    found = {path: read(profile, path) for path in written}

    assert {path: one and (one.layer, one.light) for path, one in found.items()} == {
        path: (layer, light) for path, (layer, _, light) in written.items()
    }
    assert len({(one.layer, one.stage, one.light) for one in found.values() if one}) == len(written)


@pytest.mark.parametrize(
    ("form", "path", "expected"),
    [
        ("Job7_L{layer:05d}_after.png", "Job8_L00003_after.png", (3, Stage.MELT, "")),
        ("cam/{layer}.jpg", "other/4711.jpg", (4711, Stage.RECOAT, "")),
        ("20260101-{layer:04d}.bmp", "20260207-0009.bmp", (9, Stage.RECOAT, "")),
        ("x[1]{layer:03d}.png", "x[2]005.png", (5, Stage.RECOAT, "")),
        ("d'or {layer:03d}.png", "d'or 005.png", (5, Stage.RECOAT, "")),
    ],
)
def test_other_builds_of_the_same_printer_are_read_too(form: str, path: str, expected: tuple[int, Stage, str]) -> None:
    one = read(proposed([form.format(layer=layer) for layer in LAYERS]), path)

    assert one is not None
    assert (one.layer, one.stage, one.light) == expected


def test_words_tell_the_stages_wherever_they_stand() -> None:
    paths = [f"{layer:04d}_{word}_{light}.tif" for layer in LAYERS for word in ("melt", "recoat") for light in "123"]

    profile = proposed(paths)

    assert read(profile, "0007_melt_2.tif") == CaptureName(build="", layer=7, stage=Stage.MELT, light="2")
    assert read(profile, "0007_recoat_3.tif") == CaptureName(build="", layer=7, stage=Stage.RECOAT, light="3")


def test_folders_may_tell_the_stage_while_the_name_tells_the_build() -> None:
    paths = [f"p9/{stage}/job7_{layer:03d}.png" for layer in LAYERS for stage in ("nach Laser", "vor Laser")]

    one = read(proposed(paths), "p8/vor Laser/job8_004.png")

    assert one is not None
    assert (one.build, one.layer, one.stage) == ("job8", 4, Stage.MELT)


pieces = st.one_of(st.integers(0, 10**9).map(str), st.text("abAB_- .'[]{}\\é\n", max_size=4), st.just("melt"))
names = st.lists(pieces, min_size=1, max_size=6).map("".join)


@given(st.lists(st.tuples(names, st.sampled_from(["", "a/", "b/", "a/b/"]), st.sampled_from([".png", ".TIF", ".txt"]))))
def test_whatever_the_names_are_what_is_proposed_is_a_profile(parts: list[tuple[str, str, str]]) -> None:
    paths = [f"{folder}{name.replace('/', '')}{suffix}" for name, folder, suffix in parts]

    proposal = propose(paths)

    if proposal is not None:
        profile = parse_profile(proposal.toml, source="proposal")
        assert any(read(profile, path) for path in paths)
        assert profile.file_name(12, profile.written_stages[0], profile.expected_lights[0])


def test_what_is_guessed_without_a_word_is_told() -> None:
    by_letter = propose([f"{stage}{layer:04d}.png" for layer in LAYERS for stage in "PQ"])
    by_height = propose([f"{40 * layer}.png" for layer in LAYERS])

    by_chance = propose([f"{word}_{layer:04d}.png" for layer in LAYERS for word in ("laser",) * (layer > 6) or ("xy",)])

    assert by_chance is not None
    assert "every picture is taken for one after spreading" in by_chance.doubts[0]
    assert by_letter is not None
    assert "P is taken for after spreading, Q for after melting" in by_letter.doubts[0]
    assert by_height is not None
    assert "rise by 40" in by_height.doubts[0]


def test_a_few_strange_files_do_not_matter() -> None:
    paths = [f"A{layer:04d}a.png" for layer in LAYERS]

    assert propose([*paths, "readme.txt", "overview.png", "0001.png"]) == propose(paths)


@pytest.mark.parametrize("paths", [[], ["readme.txt"], ["front.png", "back.png"], ["99999999999999999999.png"]])
def test_without_numbers_nothing_is_proposed(paths: list[str]) -> None:
    assert propose(paths) is None
