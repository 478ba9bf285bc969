"""Odibi's terminal application: one screen, four modes, over the engine in `odibi_core`."""
