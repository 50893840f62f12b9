"""What is known of a run, in memory."""
