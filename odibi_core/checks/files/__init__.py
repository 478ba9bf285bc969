"""Files that steps read and write, and the options of their formats."""
