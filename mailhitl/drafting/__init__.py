"""From a customer's mail to a proposed answer with its evidence. Pure."""
