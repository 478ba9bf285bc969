"""Function steps: names, calls, parameters and results; Odibi's own functions."""
