"""The admin's TOML file: schema, loading with file:line for every problem, secrets."""
