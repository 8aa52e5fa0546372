"""What could be answered: drafters at work for one case, also those that take long."""
