"""A parse job as ``GET /api/v2/parse/{job_id}`` shows it (contract.md section 5)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from llamabatch_nb.engine.links import Link, to_image
from llamabatch_nb.engine.resources import artifacts, parse_jobs
from llamabatch_nb.engine.resources.billing import Billing
from llamabatch_nb.engine.resources.views import Views
from llamabatch_nb.engine.store.database import Row

#: The keys of an answer beside `job`. All are there; they are null unless expanded and the job is COMPLETED.
KEYS = (
    *("text", "text_full", "markdown", "markdown_full", "items", "metadata", "job_metadata", "forms"),
    *("images_content_metadata", "result_content_metadata", "raw_parameters"),
)
_IMAGES = "images" + artifacts.SUFFIX


def to_result(job_id: str, key: str) -> str:
    """The path of a result as a file, to be linked."""
    return f"/jobs/{job_id}/results/{key}"


def answer(
    row: Row,
    views: Views | None,
    expand: Collection[str],
    *,
    image_filenames: str | None,
    billing: Billing,
    link: Link,
) -> dict[str, Any]:
    """The JSON object. `views` is None while there is no result; unknown words of `expand` are ignored.

    `image_filenames` is a comma list of the images to show.
    """
    job = parse_jobs.shown(row).model_dump(mode="json")
    body: dict[str, Any] = dict.fromkeys(KEYS)
    if views is not None:
        if "usage" in expand:
            job["usage"] = {"credits": billing.credits(row["id"], row["pages"])}
        body |= {word: views.get(word) for word in expand if word in views}
        if _IMAGES in expand:
            body[_IMAGES] = _images(row["id"], views, image_filenames, link)
        keys = [key for key in artifacts.KEYS if key + artifacts.SUFFIX in expand]
        if keys:
            made = [artifacts.make(key, row, views) for key in keys]
            body["result_content_metadata"] = {
                file.key: {
                    "size_bytes": file.size,
                    "exists": True,
                    "presigned_url": link(to_result(row["id"], file.key)).url,
                }
                for file in made
                if file is not None
            }
    return {"job": job, **body}


def _images(job_id: str, views: Views, wanted: str | None, link: Link) -> dict[str, Any]:
    """The count is that of all images, whichever are shown."""
    images = views.content["images"]
    names = None if wanted is None else {name.strip() for name in wanted.split(",")}
    return {
        "total_count": len(images),
        "images": [
            {**image, "presigned_url": link(to_image(job_id, image["filename"])).url, "size_bytes": None}
            for image in images
            if names is None or image["filename"] in names
        ],
    }
