"""What one field adds on top of the verbs: sums of its own, over rows that were released. Pure."""
