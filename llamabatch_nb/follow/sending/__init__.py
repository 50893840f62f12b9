"""From documents to a batch: orders, directories, uploads."""
