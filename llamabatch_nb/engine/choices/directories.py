"""Directories, their files, and the Files API (contract.md sections 2 and 3)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "directory_name_taken",
        "2",
        "Two directories of one name, made or renamed",
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
    Choice(
        "ephemeral_lifetime",
        "2",
        "`expires_at` of an ephemeral directory",
        "Two days. Then it is gone as a deleted one is: 404, its name free, `deleted_at` set where `include_deleted` "
        "shows it. What was uploaded into it is gone from the Files API as well; batches over it go on.",
    ),
    Choice(
        "uploads_are_files",
        "2, 3",
        "`file_id` of an uploaded directory file",
        "Each upload is also a file of the Files API, under the uploaded name and with `purpose` null; it outlives a "
        "directory that is deleted, and may be added to another, which shares its bytes.",
    ),
    Choice("unknown_file_id", "2", "Adding a `file_id` that is unknown or deleted", "404."),
    Choice(
        "deleted_directory",
        "2",
        "DELETE of a directory or directory file",
        "204; it is hidden (the list shows it with `include_deleted`), its name is free, batches over it go on.",
    ),
    Choice(
        "deleted_bytes",
        "2, 3",
        "The bytes of what was deleted or has expired",
        "They leave the disk with the last that needs them: files, directory files, jobs, batches that are not mapped "
        "yet. Of what has expired they do when the next directory is made, or at the next start.",
    ),
    Choice("empty_file", "2", "Upload of an empty file", "Accepted; its job is FAILED with the reason."),
    Choice(
        "upload_metadata",
        "2",
        "`metadata` of an upload",
        "A JSON object with the values that a file's metadata may have (strings, numbers, booleans, null, lists of "
        "strings); anything else is a 422 that names the key.",
    ),
    Choice("empty_update", "2", "An update that changes nothing", "422."),
    Choice(
        "null_in_update",
        "2",
        "Null in an update",
        "`description` and `metadata` become null; of other fields it says that they stay.",
    ),
    Choice(
        "moved_file",
        "2",
        "`target_directory_id`",
        "The file keeps its id, so batches over it go on; what was uploaded into an ephemeral directory expires when "
        "the other one does. An unknown directory is a 404, one that has the `unique_id` a 409 with "
        "`x-should-retry: false`.",
    ),
    Choice("file_expiry", "3", "`expires_at` of a file", "Null for every `purpose`; that of an ephemeral directory."),
    Choice(
        "file_type", "3", "`file_type`", "`pdf` where the content says so, else the name's extension; null without."
    ),
    Choice("external_ids", "3", "Two files of one `external_file_id`", "Both are kept, and both are found by it."),
    Choice(
        "file_order", "3", "`order_by` left out", "`created_at`, newest first. A token is good for its order alone."
    ),
    Choice(
        "file_query",
        "3",
        "The deprecated query",
        "`order_by` takes `id`, `name` and `created_at`. `data_source_id` finds nothing: all files were uploaded.",
    ),
    Choice(
        "links",
        "3",
        "Presigned URLs",
        "Below `/links/` of this server, for one hour or `expires_at_seconds` (1 to 604,800). A changed or ended one "
        "is a 403, one to what was deleted a 404. Content goes out as an attachment, its name cut to 255 bytes.",
    ),
    Choice(
        "file_size",
        "8",
        "A file that is too large",
        "More than `max_file_bytes` (512 MB) is a 413 with the number and `x-should-retry: false`, before anything is "
        "read where `Content-Length` says so.",
    ),
    Choice(
        "form_bounds",
        "2, 3",
        "Forms",
        "At most 32 parts (else 400) and 1 MiB of texts (else 413). One that is malformed or ends early: 400. Another "
        "content type has no parts: 422, a required one is missing.",
    ),
)
