"""Parse, one verb, render: the protocols by which others reach a dam."""
