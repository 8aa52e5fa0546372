"""What decisions teach: triage, knowledge, corrections."""
