"""The weekly digest: gathered, mailed, answered, signed off."""
