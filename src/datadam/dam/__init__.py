"""The verbs of a dam, one short file each: join, publish, deposit, release, check."""
