"""A packaged example: a five-step pipeline, its data, and a demo that runs it."""
