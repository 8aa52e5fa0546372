"""Measurements of what the project is held to: ``python -m bench``, each against a floor from the same run."""
