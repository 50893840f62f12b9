"""Telling the endpoints that subscribed what became of batches and jobs (contract.md section 1.4)."""
