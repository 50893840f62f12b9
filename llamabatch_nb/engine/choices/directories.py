"""Directories, their files, and the Files API (contract.md sections 2 and 3)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "directory_name_taken",
        "2",
        "Two directories of one name",
        "409 with `x-should-retry: false`; `detail` is an object with `message` and `directory_id`.",
    ),
    Choice("unique_id_taken", "2", "A `unique_id` that the directory has", "409 with `x-should-retry: false`."),
    Choice(
        "names_by_default",
        "2",
        "`display_name` and `unique_id` left out",
        "The file's name without folders; `unique_id` is `external_file_id`, else the display name.",
    ),
    Choice("directory_type", "2", "`type` left out", "`user`."),
    Choice("ephemeral_lifetime", "2", "`expires_at` of an ephemeral directory", "Two days; nothing is removed yet."),
    Choice(
        "uploads_are_files",
        "2, 3",
        "`file_id`, `download_url` of an uploaded directory file",
        "Each upload is also a file of the Files API, under the uploaded name; it outlives the directory and may be "
        "added to another, which shares its bytes. Of that API there is only DELETE yet. `download_url` is null.",
    ),
    Choice("unknown_file_id", "2", "Adding a `file_id` that is unknown or deleted", "404."),
    Choice(
        "deleted_directory",
        "2",
        "DELETE of a directory or directory file",
        "204; it is hidden (the list shows it with `include_deleted`), its name is free, batches over it go on.",
    ),
    Choice("empty_file", "2", "Upload of an empty file", "Accepted; its job is FAILED with the reason."),
)
