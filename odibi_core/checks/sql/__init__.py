"""SQL of the pandas and duckdb engines: what a query gives, and what is wrong with it."""
