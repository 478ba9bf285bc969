"""Databases, their tables, queries and connections."""
