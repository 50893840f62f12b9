"""What the API says, as pydantic models and endpoint descriptions. No I/O. One module a resource."""
