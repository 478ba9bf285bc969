"""Odibi's engine: pipelines written as data, checked, run and recorded. Knows nothing of terminals."""

__version__ = "0.1.0"
