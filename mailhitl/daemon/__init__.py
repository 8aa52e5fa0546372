"""The shell: one runner per file, each a ``run_once(app)`` that says how much it did. Here the stages meet."""
