"""A human-in-the-loop agent for a shared support mailbox."""

__version__ = "0.1.0"
