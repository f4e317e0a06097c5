"""What an operating point is wanted for."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from layerwatch.errors import TrainingError, one_line

COUNTED_PX: Final = 30  # smaller true regions are not asked for


class Wish(BaseModel):
    """One of four ways to weigh missed defects against false alarms; the first is the default.

    Attributes:
        clean_flagged: the most regions found while at most this share of the clean layer sets is flagged.
        min_recall: the fewest clean layer sets flagged while at least this share of the true regions is found.
        min_precision: the most regions found while at least this share of the served regions touches a true one.
        miss_cost: the smallest sum of false regions and, this many times each, missed regions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    clean_flagged: float = Field(default=0.10, ge=0, le=1)
    min_recall: float | None = Field(default=None, gt=0, le=1)
    min_precision: float | None = Field(default=None, gt=0, le=1)
    miss_cost: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _only_one(self) -> "Wish":
        if sum(wish is not None for wish in (self.min_recall, self.min_precision, self.miss_cost)) > 1:
            message = "give one of --min-recall, --min-precision and --miss-cost"
            raise ValueError(message)
        return self

    def __str__(self) -> str:
        if self.min_recall is not None:
            return f"at least {self.min_recall:.0%} of the regions found"
        if self.min_precision is not None:
            return f"at least {self.min_precision:.0%} of the served regions right"
        if self.miss_cost is not None:
            return f"a missed region as bad as {self.miss_cost:g} false ones"
        return f"at most {self.clean_flagged:.0%} of the clean layer sets flagged"


def make_wish(**values: float | None) -> Wish:
    """Return the wish that the options describe; None leaves an option out.

    Raises:
        TrainingError: a value is out of range, or there are several wishes.
    """
    try:
        return Wish.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        raise TrainingError(one_line([item["msg"].removeprefix("Value error, ") for item in error.errors()])) from error
