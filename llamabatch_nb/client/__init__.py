"""How we talk: the only place that imports httpx. Auth, retries, paging, errors, one core under two faces."""
