"""Which light each uploaded file is taken for. Pure."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from string import ascii_lowercase

from layerwatch.layers import LIGHT_NAME
from layerwatch.profile import CaptureName, Profile
from monitoring.web.check.refusal import UploadRefusedError


def lights_of(names: Sequence[str], profile: Profile, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the light of each file, in the order of the files; a single one has none.

    Args:
        names: of the files.
        profile: reads lights from names.
        given: what the sender calls the lights, empty for what the names say, or else a, b, c in this order.

    Raises:
        UploadRefusedError: the names are of different layers, two files claim one light, or a name is none.
    """
    read = [profile.read_name(PurePosixPath(name)) for name in names]
    known = [name for name in read if name is not None]
    if len(known) == len(names):
        _refuse_different_layers(names, known)
    lights = _given(names, given) if given else _found(names, [name.light for name in known])
    for light in lights:
        if lights.count(light) > 1:
            claiming = [name for name, its in zip(names, lights, strict=True) if its == light]
            raise UploadRefusedError(
                f"lights: {' and '.join(claiming)} are both taken for light {light}; send one of each"
            )
    return lights


def _given(names: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    if len(given) != len(names):
        raise UploadRefusedError(f"lights: expected one for each of {len(names)} pictures, got {len(given)}")
    for light in given:
        if not LIGHT_NAME.fullmatch(light) or not (light or len(given) == 1):
            raise UploadRefusedError(f"lights: expected names of 1 to 16 letters and digits, got {light[:80]!r}")
    return tuple(given)


def _found(names: Sequence[str], read: Sequence[str]) -> tuple[str, ...]:
    """Return the lights that a profile read of every name, the letters in which names differ, or a, b, c."""
    if len(names) == 1:
        return ("",)
    if len(read) == len(names) and all(read):
        return tuple(read)
    stems = [PurePosixPath(name).stem for name in names]
    letters = tuple(stem[-1:] for stem in stems)
    only_the_last_differs = len({stem[:-1] for stem in stems}) == 1 and len(set(letters)) == len(letters)
    if only_the_last_differs and all(letter and LIGHT_NAME.fullmatch(letter) for letter in letters):
        return letters
    return tuple(ascii_lowercase[: len(names)])


def _refuse_different_layers(names: Sequence[str], read: Sequence[CaptureName]) -> None:
    first = read[0]
    for name, its in zip(names, read, strict=True):
        if (its.build, its.layer, its.stage) != (first.build, first.layer, first.stage):
            raise UploadRefusedError(
                f"pictures: the names are of different layers, {names[0]} of layer {first.layer} {first.stage} and "
                f"{name} of layer {its.layer} {its.stage}; send one layer at a time, or the profile `none`"
            )
