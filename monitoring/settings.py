"""Settings of monitoring, read once in main."""

from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from layerwatch.settings import SharedSettings


class MonitoringSettings(SharedSettings):
    """Read from the environment with the prefix MONITORING_.

    Attributes:
        host, port: where the page listens; port 0 takes a free one and prints it.
        window: how many of the latest verdicts the page keeps in memory.
        stale_seconds: a printer that gave no verdict for so long is shown as silent.
        allowed_hosts: names under which a browser may ask for the page; empty means this machine's own names while it
            listens on localhost, and any name otherwise.
        database_url: where the history lies, sqlite:/// or postgresql://; it may hold a password and is never shown.
        corrections_dir: what people draw over verdicts is written there, for the trainer.
        record_metrics_host, record_metrics_port: where the recorder answers /metrics and /health.
        keep_days: overlays and masks of older layers are removed; None keeps all.
        keep_gb: 10^9 bytes of overlays and masks of each printer that are kept, the newest; None keeps all.
        keep_stream_days, keep_stream_entries: older verdicts, and the oldest of more, are removed from the stream once
            the history has them; None leaves it to the workers.
    """

    model_config = SettingsConfigDict(env_prefix="MONITORING_", frozen=True, extra="ignore", populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    window: PositiveInt = Field(default=2000, le=100_000)
    stale_seconds: PositiveInt = 300
    allowed_hosts: tuple[str, ...] = ()
    database_url: str = Field(default="sqlite:///history/history.sqlite3", repr=False)
    corrections_dir: Path = Field(default=Path("corrections"), validation_alias="CORRECTIONS_DIR")
    record_metrics_host: str = "127.0.0.1"
    record_metrics_port: int = Field(default=9103, ge=0, le=65535)
    keep_days: PositiveInt | None = None
    keep_gb: PositiveFloat | None = None
    keep_stream_days: PositiveInt | None = None
    keep_stream_entries: PositiveInt | None = None
