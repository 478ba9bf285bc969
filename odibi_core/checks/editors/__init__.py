"""What editors and fixes need: edits, ignores, first drafts, the JSON Schema of a config."""
