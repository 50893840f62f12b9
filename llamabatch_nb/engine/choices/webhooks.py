"""Webhooks (contract.md section 1.4)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "webhook_payload",
        "1.4",
        "What a webhook is sent",
        "The documented envelope `event_id`, `event_type`, `timestamp`, `data` and its `X-Webhook-Event-*` headers. "
        "`data` is the batch or job as a GET without `expand` shows it, a job's with `job_id` too and without what was "
        "extracted. Its `status` is the one that the event is about, however late it arrives.",
    ),
    Choice(
        "webhook_output_format",
        "1.4",
        "`webhook_output_format`",
        "`json`: the body is the object. `string`, the default: the body is a JSON string that holds the object. "
        "`Content-Type` is `application/json` for both, and the signature is over the body as it is sent.",
    ),
    Choice(
        "webhook_job_events",
        "1.4",
        "Whether a batch's webhooks are told of its jobs",
        "Yes, unless `webhook_events` names batch events alone: `parse.*` or `extract.*` of each file. The parse jobs "
        "behind extract jobs say nothing.",
    ),
    Choice(
        "webhook_of_a_configuration",
        "4",
        "Webhooks of a saved `parse_v2` configuration",
        "Told of the jobs that are made with it, in a batch as well as alone, and not of the batch.",
    ),
    Choice(
        "webhook_order",
        "1.4",
        "Order and number of deliveries",
        "An endpoint is told one event after the other, by one engine at a time of those that share a folder; one that "
        "failed comes again between later ones. Each arrives once, unless a process is killed while it sends: then "
        "again, with the same `event_id`.",
    ),
    Choice(
        "webhook_retries",
        "1.4",
        "Retries",
        "As the service's page has it: 3 attempts of at most 30 s, 1 s and 2 s apart (and up to a quarter more), until "
        "the answer is a 2xx. A redirect is not followed, and is a failure.",
    ),
    Choice(
        "webhook_dead_endpoint",
        "1.4",
        "An endpoint that does not answer",
        "What failed 3 times is given up; after 3 of those in a row so is all that waits for this endpoint, and the "
        "next event is tried again. The log says it once, with host and port alone.",
    ),
    Choice(
        "webhook_targets",
        "1.4",
        "Which hosts are told",
        "This machine alone: `localhost` and loopback addresses over http or https, looked up again for each delivery. "
        "Others are a 422 when a batch or job is created with them, unless the engine has `webhooks_anywhere`; a saved "
        "webhook configuration may name them. No proxy is used.",
    ),
    Choice(
        "webhook_endpoints_at_create",
        "1.4",
        "Saved webhook configurations of a batch or job",
        "Taken as they are when it is created; an unknown id is a 404. At most 20 endpoints, saved and inline.",
    ),
    Choice(
        "webhook_fields",
        "1.4",
        "Endpoints that cannot be told",
        "422: inline without `webhook_url`, without any event (`[]`) inline as well as saved, more than 16,384 "
        "characters, headers that HTTP/1.1 itself uses (`Host`, `Content-Length`, …).",
    ),
    Choice(
        "webhook_headers",
        "1.4",
        "`webhook_headers` that the service sets too",
        "`Content-Type`, `User-Agent`, `LC-Signature` and `X-Webhook-*` stay the service's. A user and password in the "
        "URL become `Authorization`.",
    ),
    Choice(
        "webhook_masks",
        "1.4",
        "Reading a saved webhook configuration",
        "Each header value and the URL's user and password are `****`. Sent back they are taken for new values.",
    ),
    Choice(
        "webhook_update",
        "1.4",
        "PUT of a saved webhook configuration",
        "What is left out stays, null takes it away; a null `webhook_url` and an empty body are a 422.",
    ),
    Choice(
        "webhook_at_close",
        "1.4",
        "Events when the engine is closed",
        "What is due then is sent for at most 3 s; the rest when an engine starts over the same folder.",
    ),
)
