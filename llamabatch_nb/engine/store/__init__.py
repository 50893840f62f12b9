"""The SQLite file and the folder of bytes behind an engine, and nothing of what they mean."""
