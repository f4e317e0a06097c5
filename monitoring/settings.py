"""Settings of monitoring, read once in main."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt
from pydantic_settings import NoDecode, SettingsConfigDict

from layerwatch.settings import SharedSettings

Networks = tuple[IPv4Network | IPv6Network, ...]


def _split(text: object) -> object:
    return [part.strip() for part in text.split(",") if part.strip()] if isinstance(text, str) else text


class MonitoringSettings(SharedSettings):
    """Read from the environment with the prefix MONITORING_.

    Attributes:
        host, port: where the page listens; port 0 takes a free one and prints it.
        window: how many of the latest verdicts the page keeps in memory.
        stale_seconds: a printer that gave no verdict for so long is shown as silent.
        allowed_hosts: names under which a browser may ask for the page; empty means this machine's own names while
            nobody logs in, and any name otherwise.
        access: who may use the page: `local` is this machine without a login, `token` who has one of the users file,
            `proxy` whom a reverse proxy has logged in.
        users_file: TOML with names, roles and SHA-256 of tokens.
        proxy_user_header, proxy_role_header: where the proxy says who it is, and in which role.
        proxy_default_role: of who has none by the header or the users file.
        trusted_proxies: addresses and networks, with commas between, whose X-Forwarded-For, X-Forwarded-Proto and
            user header are believed.
        checks_per_minute: how many uploads one user may have checked.
        max_upload_mb: 10^6 bytes of an upload.
        audit_file: JSON lines of who did what.
        database_url: where the history lies, sqlite:/// or postgresql://; it may hold a password and is never shown.
        corrections_dir: what people draw over verdicts is written there, for the trainer.
        record_metrics_host, record_metrics_port: where the recorder answers /metrics and /health.
        keep_days: overlays and masks of older layers are removed; None keeps all.
        keep_gb: 10^9 bytes of overlays and masks of each printer that are kept, the newest; None keeps all.
        keep_stream_days, keep_stream_entries: older verdicts, and the oldest of more, are removed from the stream once
            the history has them; None leaves it to the workers.
        check_profile: how uploaded pictures are read where nobody says which printer they come from: a shipped profile,
            none, or the path of a TOML file.
        check_room_mb: MiB of pictures that lie in Redis at once, those that ingest sends there included.
    """

    model_config = SettingsConfigDict(env_prefix="MONITORING_", frozen=True, extra="ignore", populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    window: PositiveInt = Field(default=2000, le=100_000)
    stale_seconds: PositiveInt = 300
    allowed_hosts: tuple[str, ...] = ()
    access: Literal["local", "token", "proxy"] = "local"
    users_file: Path = Path("history/users.toml")
    proxy_user_header: str = "X-Forwarded-User"
    proxy_role_header: str | None = None
    proxy_default_role: Literal["viewer", "operator", "engineer"] = "viewer"
    trusted_proxies: Annotated[Networks, NoDecode, BeforeValidator(_split)] = ()
    checks_per_minute: PositiveInt = Field(default=30, le=10_000)
    max_upload_mb: PositiveInt = Field(default=512, le=10_000)
    audit_file: Path = Path("history/audit.jsonl")
    database_url: str = Field(default="sqlite:///history/history.sqlite3", repr=False)
    corrections_dir: Path = Field(default=Path("corrections"), validation_alias="CORRECTIONS_DIR")
    record_metrics_host: str = "127.0.0.1"
    record_metrics_port: int = Field(default=9103, ge=0, le=65535)
    keep_days: PositiveInt | None = None
    keep_gb: PositiveFloat | None = None
    keep_stream_days: PositiveInt | None = None
    keep_stream_entries: PositiveInt | None = None
    check_profile: str = "none"
    check_room_mb: PositiveInt = 1024
