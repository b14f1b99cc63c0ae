"""Every sentence a person reads from us, by code: a loader, en.toml, ko.toml."""
