"""Roles and users, without the web around them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    VIEWER = "viewer"  # looks
    OPERATOR = "operator"  # also checks layers, acknowledges and corrects, and takes back what they said themselves
    ENGINEER = "engineer"  # also takes back what others said, and reads who did what

    def includes(self, other: "Role") -> bool:
        """Return whether this role may do what another one may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks.

    Attributes:
        local: nobody logged in: whoever sits at this machine.
        logs_out: logged in on this page, and so logs out here.
    """

    name: str
    role: Role
    local: bool = False
    logs_out: bool = False


LOCAL: Final = User(name="local", role=Role.ENGINEER, local=True)
