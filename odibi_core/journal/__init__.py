"""A run as one event log: typed events, the journal on disk, and the fold every view is made from."""
