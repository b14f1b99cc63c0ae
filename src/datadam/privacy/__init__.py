"""Privacy by sums: what may be asked, how far one unit can move an answer, what it costs, what is claimed. Pure."""
