"""What is on the disk of this machine: the journal, its tables and locks."""
