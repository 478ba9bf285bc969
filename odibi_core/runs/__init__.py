"""Runs as processes of their own, and what they leave behind: start, follow, list, compare."""
