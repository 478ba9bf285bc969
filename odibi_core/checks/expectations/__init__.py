"""What `metadata.expect` says of the data."""
