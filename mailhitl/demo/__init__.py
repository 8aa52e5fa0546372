"""A whole support team in one process: embedded servers, customers, reviewers, and the agent at work."""
