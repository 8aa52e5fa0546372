"""What is wrong with a mailbox, and who is told when the mailbox itself cannot."""
