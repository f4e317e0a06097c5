"""What all roles share: domain types, the wire contract, ports and their Redis adapters."""

__version__ = "0.1.0"
