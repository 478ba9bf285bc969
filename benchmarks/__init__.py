"""Speed as ratios against baselines that run in the same call (benchmarks/README.md)."""
