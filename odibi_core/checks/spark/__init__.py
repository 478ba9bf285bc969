"""Spark SQL: what a query gives, and what is wrong with it, by sqlglot or by Spark itself."""
