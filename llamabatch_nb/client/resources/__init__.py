"""The API itself: one module a resource, one method an endpoint, names as the API names them.

Every method takes `organization_id` and `project_id` where the API does; what the client was made with is the default.
What is to be sent is validated first: `InputError` names the field, and says that nothing was sent. All raise
`ServiceError` (by status: 401, 402, 403, 404 …), `UnreachableError` and `UnexpectedAnswerError` (llamabatch_nb.errors);
docstrings name what else matters. Lists are `Pages`: nothing is sent before they are read. Fields and limits are those
of contract.md, sections as named. Beside each resource stand its two faces.
"""
