"""Odibi's own functions, by short name (docs/functions.md)."""
