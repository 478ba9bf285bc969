"""Tests of reuse: fingerprints, kept results, plans and resuming."""
