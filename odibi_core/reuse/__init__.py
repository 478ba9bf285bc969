"""Reuse: fingerprints of steps, what past runs kept, and the plan of what has to run again."""
