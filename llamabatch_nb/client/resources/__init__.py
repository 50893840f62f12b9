"""The API itself: one module a resource, one method an endpoint, names as the API names them.

Every method takes `organization_id` and `project_id` where the API does; what the client was made with is the default.
All raise `ServiceError`, `UnreachableError` and `UnexpectedAnswerError` (llamabatch_nb.errors). Fields and limits are
those of contract.md, sections as named. Beside each resource stand its two faces.
"""
