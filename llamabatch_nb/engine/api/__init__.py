"""The engine's HTTP face: routes, queries and errors of the service, over functions that know nothing of HTTP."""
