"""What a user hands in: folders, patterns, copies, and what they would cost."""
