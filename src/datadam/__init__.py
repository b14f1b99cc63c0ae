"""data dam: firms and countries pool standardised data, take it out under agreed terms, and everybody can check."""
