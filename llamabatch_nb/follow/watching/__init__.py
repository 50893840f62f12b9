"""From a batch to results: looks, news, the archive."""
