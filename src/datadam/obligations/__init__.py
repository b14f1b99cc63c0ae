"""What law and agreements ask of a dam, as checks over its log: what nothing breaks, what does, what a person says."""
