"""What the daemon needs from the world. One Protocol per need; backends, store and drafting fulfil them."""
