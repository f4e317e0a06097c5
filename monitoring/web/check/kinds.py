"""The kinds of printers that uploaded pictures may come from: what the worker is told of lights, scale and bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from layerwatch.layers import Stage
from layerwatch.profile import Profile, load_profile, shipped_profiles
from monitoring.web.check.refusal import UploadRefusedError

NO_KIND: Final = "none"
UNKNOWN: Final = Profile(name=NO_KIND, pattern=r".*?(?P<layer>\d{1,8})", template="{layer}", default_stage=Stage.MELT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Profiles by their names; `default` is taken where nobody says which."""

    profiles: Mapping[str, Profile]
    default: str

    def profile(self, name: str) -> Profile:
        """Return the profile of a name, of the default for an empty one.

        Raises:
            UploadRefusedError: there is none.
        """
        found = self.profiles.get(name or self.default)
        if found is None:
            raise UploadRefusedError(f"profile: expected one of {', '.join(self.profiles)}, got {name[:80]!r}")
        return found


def kinds_of(default: str) -> Kinds:
    """Return `none`, what layerwatch ships, and the default, which may be the path of a TOML file.

    Raises:
        ProfileError: the default is unknown or wrong.
    """
    profiles = {NO_KIND: UNKNOWN, **{name: load_profile(name) for name in shipped_profiles()}}
    own = profiles.get(default) or load_profile(default)
    return Kinds(profiles={**profiles, own.name: own}, default=own.name)
