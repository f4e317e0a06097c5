"""What access control is made of, built once."""

from dataclasses import dataclass
from typing import Self

from monitoring.settings import MonitoringSettings
from monitoring.web.access.audit_log import AuditLog
from monitoring.web.access.gates import Gate, open_gate
from monitoring.web.access.rates import Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    gate: Gate
    rates: Rates
    audit: AuditLog

    @classmethod
    def from_settings(cls, settings: MonitoringSettings) -> Self:
        """Return the parts.

        Raises:
            SettingsError: a setting cannot be used.
        """
        rates = Rates(checks_per_minute=settings.checks_per_minute)
        return cls(gate=open_gate(settings, rates), rates=rates, audit=AuditLog(settings.audit_file))
