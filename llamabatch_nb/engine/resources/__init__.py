"""What the API speaks of, over the store: one module a resource, none of which knows HTTP."""
