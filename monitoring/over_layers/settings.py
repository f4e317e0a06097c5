"""The limits of a person, read once in main."""

from pydantic_settings import SettingsConfigDict

from layerwatch.settings import SharedSettings
from monitoring.over_layers.limits import RiskLimits


class RiskSettings(RiskLimits, SharedSettings):
    """Read from the environment with the prefix MONITORING_RISK_."""

    model_config = SettingsConfigDict(env_prefix="MONITORING_RISK_", frozen=True, extra="ignore", populate_by_name=True)
