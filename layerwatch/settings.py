"""Settings that all roles share, and how a role reads its own: once, at the top."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from layerwatch.artifacts import ToldLocation
from layerwatch.errors import SettingsError, one_line
from layerwatch.redis_address import sentinel_address, with_password


class SharedSettings(BaseSettings):
    """Read from the environment; a role adds its own fields and its prefix.

    Attributes:
        redis_password_file: holds the password for the user in REDIS_URL, so that no environment has it.
        redis_url: redis://, rediss://, unix:// or redis+sentinel:// (see `sentinel_address`); it may hold a password,
            has that of the file where one is named, and is never shown.
        sources_dir: the folder that the printers write into; every path in a message lies below it.
        artifacts_dir: where verdicts, overlays and masks are written: a folder, or the URL of an object store.
        registry_dir: where model bundles are kept.
        metrics_host, metrics_port: where /metrics and /health answer; port 0 takes a free one and logs it.
        log_format: console for people, json for machines, auto by whether a terminal listens.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    # Before the URL, which gets the password, and of which no default would be checked.
    redis_password_file: Path | None = Field(default=None, validation_alias="REDIS_PASSWORD_FILE")
    redis_url: str = Field(
        default="redis://127.0.0.1:6379/0", validation_alias="REDIS_URL", repr=False, validate_default=True
    )
    sources_dir: Path = Field(default=Path("data/incoming"), validation_alias="SOURCES_DIR")
    artifacts_dir: ToldLocation = Field(default=Path("artifacts"), validation_alias="ARTIFACTS_DIR")
    registry_dir: Path = Field(default=Path("registry"), validation_alias="REGISTRY_DIR")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    log_format: Literal["auto", "console", "json"] = Field(default="auto", validation_alias="LOG_FORMAT")

    @field_validator("redis_url")
    @classmethod
    def _redis_url_can_be_read(cls, url: str, others: ValidationInfo) -> str:
        sentinel_address(url)
        file: Path | None = others.data.get("redis_password_file")
        return url if file is None else with_password(url, _password_in(file))


def _password_in(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read the password in {file}; see REDIS_PASSWORD_FILE") from error
    if not password:
        raise ValueError(f"there is no password in {file}; see REDIS_PASSWORD_FILE")
    return password


Settings = TypeVar("Settings", bound=SharedSettings)


def load_settings(kind: type[Settings], **overrides: object) -> Settings:
    """Return settings from the environment; overrides that are not None win.

    Raises:
        SettingsError: a value cannot be used; the message names every variable and what it expects.
    """
    try:
        return kind(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        problems = [f"{_variable(prefix, str(item['loc'][0]))}: {item['msg']}" for item in error.errors()]
        raise SettingsError(one_line(problems)) from error


def _variable(prefix: str, field: str) -> str:
    return field if field.isupper() else f"{prefix}{field}".upper()
