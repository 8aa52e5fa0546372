"""What the decisions teach: evidence per rule, figures, the weekly digest. Pure."""
