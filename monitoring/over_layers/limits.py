"""From when on several layers together say something."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

Series = Annotated[int, Field(ge=2, le=30)]


class RiskLimits(BaseModel):
    """How often, how much, how long.

    Attributes:
        layers, window: a build is at risk where one place is defective in so many of so many judged layers of a stage.
        warn_layers: so many of them are a warning already.
        growth: a place grows where its later layers have on average so many times the area of the earlier ones.
        reach_mm, reach_px: how far apart marks may lie and still be at one place; px where the scale is unknown.
        reject_series, invalid_series: so many rejected or invalid layers in a row are a warning.
        drift_normal: layer sets of a printer and stage that are its normal; nothing is said before there are so many.
        drift_recent: layer sets that are compared with it.
        drift_rate: so many times the normal share of flagged layer sets is what a drift is tested for.
    """

    model_config = ConfigDict(frozen=True)

    layers: int = Field(default=5, ge=2, le=30)
    window: int = Field(default=8, ge=2, le=30)
    warn_layers: int = Field(default=3, ge=2, le=30)
    growth: float = Field(default=2.0, gt=1)
    reach_mm: PositiveFloat = 0.5
    reach_px: PositiveInt = 10
    reject_series: Series = 3
    invalid_series: Series = 5
    drift_normal: int = Field(default=100, ge=30, le=200)  # with the recent ones no more than are kept of a printer
    drift_recent: int = Field(default=100, ge=20, le=200)
    drift_rate: float = Field(default=2.0, gt=1, le=10)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.warn_layers <= self.layers <= self.window:
            raise ValueError(
                f"expected warn_layers <= layers <= window, got {self.warn_layers}, {self.layers}, {self.window}"
            )
        return self
