"""The graph of steps: who needs whom, in which order, and where it goes round in cycles."""
