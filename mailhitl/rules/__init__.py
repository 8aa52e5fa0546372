"""TOML rules to a verdict with every reason. Pure."""
