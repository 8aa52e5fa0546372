"""How far a rule is trusted: its level, its samples, what charges it, and what holds an automatic answer back."""
