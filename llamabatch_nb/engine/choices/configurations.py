"""Configurations (contract.md section 4)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice(
        "presets",
        "4",
        "Built-in presets",
        "One for each parse tier; get shows them, and the list after what was saved. PUT and DELETE: 403. A saved "
        "configuration may have the name of a preset.",
    ),
    Choice(
        "upsert_is_a_version",
        "4",
        "POST with a name and product that are there, and PUT",
        "The same id and a new `version`, also if nothing is different. A version is the time of the change, at least "
        "a microsecond after the one before.",
    ),
    Choice(
        "versions_are_listed",
        "4",
        "The list",
        "Every version of every configuration, newest first; get shows the newest version. With `latest_only` the "
        "configurations that were made last come first, whenever they were changed.",
    ),
    Choice(
        "superseded_webhooks",
        "4",
        "`webhook_configurations` of versions that are not the latest",
        "Forgotten with the next version and with DELETE: they hold secrets, and nobody is told by them any more.",
    ),
    Choice("name_taken", "4", "PUT with the name of another one", "409 with `x-should-retry: false`."),
    Choice("product_stays", "4", "PUT with parameters of another product", "422."),
    Choice("nothing_to_change", "4", "PUT without a name and parameters, or with null for both", "422."),
    Choice(
        "parameters_are_checked",
        "4",
        "Fields that `parameters` should not have",
        "Of `parse_v2` and `extract_v2`: 422 whose `loc` begins with body, parameters and the product. `extractor` is "
        "this engine's own word in `extract_v2`. Parameters of other products are kept as they come.",
    ),
    Choice(
        "named_in_parameters",
        "4",
        "Webhooks and `extractor` in `parameters`",
        "What a batch would be refused for is a 422 when the configuration is saved: an endpoint that cannot be told, "
        "an unknown saved webhook or plug-in. What goes away later is a refusal that names the configuration.",
    ),
    Choice(
        "parse_version",
        "4, 5",
        "`version` of a parse",
        "`latest` or a date that `GET /api/v2/parse/versions` lists for the tier, otherwise 422. It changes nothing.",
    ),
    Choice(
        "parse_configuration_of_an_extraction",
        "4, 6",
        "`parse_config_id`",
        "It has to be a `parse_v2` configuration when it is named, otherwise 422. What it says when a batch or job is "
        "created counts; if it was deleted before, what it said last.",
    ),
    Choice(
        "deleted_configuration",
        "4",
        "DELETE of a configuration",
        "204; it is gone with all its versions, and its name is free for one with another id. Batches and jobs go on.",
    ),
)
