"""Faults planted into pipelines that are right: which are found before the run, and where."""
