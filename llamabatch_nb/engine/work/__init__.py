"""How files are read: claims and leases, the dispatcher's thread, worker processes."""
