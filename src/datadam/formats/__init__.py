"""Pure codecs between our nouns and the field's formats: no I/O, no rules."""
