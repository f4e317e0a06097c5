"""What travels between roles and to other programs: JSON that readers of another version can read, too."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from layerwatch.errors import WireError


class Part(BaseModel):
    """Base of all that travels: frozen, and unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Body(Part):
    """A Part that travels by itself; `called` is what errors call it."""

    called: ClassVar[str]

    def to_json(self) -> str:
        """Return the text that all places share, to the letter."""
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return what a text holds.

        Raises:
            WireError: it does not keep the contract.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "body"
            raise WireError(f"not {cls.called} of version 1: {where}: {first['msg']}") from error
