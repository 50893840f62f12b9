"""LlamaCloud Batches v2 in a notebook."""
