"""What a parse may be told, checked field by field (SDK 2.19, `ParsingCreateParams`; contract.md section 5).

A field that is not named here is a mistake of whoever sends it and is refused; null is a field left out. Most of them
steer models of the service: they are checked, kept and shown, and change nothing here (`parameters.ignored`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_core import PydanticCustomError

from llamabatch_nb.contract.base import Filled, Request
from llamabatch_nb.contract.parse import ImageCategory, ParseTier
from llamabatch_nb.contract.webhooks import WebhookParam
from llamabatch_nb.engine.parsers.ranges import pages_of
from llamabatch_nb.engine.resources.versions import LATEST, VERSIONS

_CODES = """
    abq ady af ang ar as ava az be bg bgc bh bho bn bs ch_sim ch_tra che cs cy da dar de en es et fa fr ga gom hi hr
    hu id inh is it ja kbd kn ko ku la lbe lez lt lv mah mai mi mn mni mr ms mt ne new nl no oc pi pl pt ro rs_cyrillic
    rs_latin ru sa sck sk sl sq sv sw ta tab te th tjk tl tr ug uk ur uz vi"""
#: Languages of OCR (SDK 2.19, `ParsingLanguages`).
LANGUAGES = frozenset(_CODES.split())


def _selection(text: str) -> str:
    try:
        pages_of(text)
    except ValueError as error:
        raise PydanticCustomError("page_ranges", "{why}", {"why": str(error)}) from None
    return text


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise PydanticCustomError("language", "{code} is not a language of the API, such as en or de", {"code": code})
    return code


#: Pages as people write them: ``"1,3,5-8"``, counted from 1.
PageSelection = Annotated[str, AfterValidator(_selection)]
PageCount = Annotated[int, Field(ge=1)]
_Ratio = Annotated[FiniteFloat, Field(ge=0, le=1)]
_Chart = Literal["agentic", "agentic_plus", "efficient"]


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class AgenticOptions(Options):
    custom_prompt: str | None = None


class CropBox(Options):
    """Ratios of the page, from its left and top edges."""

    bottom: _Ratio | None = None
    left: _Ratio | None = None
    right: _Ratio | None = None
    top: _Ratio | None = None


class HtmlOptions(Options):
    make_all_elements_visible: bool | None = None
    remove_fixed_elements: bool | None = None
    remove_navigation_elements: bool | None = None


class ImageOptions(Options):
    camera_photo_correction: bool | None = None


class PresentationOptions(Options):
    include_hidden_slides: bool | None = None
    out_of_bounds_content: bool | None = None
    skip_embedded_data: bool | None = None


class SpreadsheetOptions(Options):
    detect_sub_tables_in_sheets: bool | None = None
    force_formula_computation_in_sheets: bool | None = None
    include_hidden_sheets: bool | None = None


class InputOptions(Options):
    html: HtmlOptions | None = None
    image: ImageOptions | None = None
    pdf: JsonValue = None
    presentation: PresentationOptions | None = None
    spreadsheet: SpreadsheetOptions | None = None


class TableOptions(Options):
    compact_markdown_tables: bool | None = None
    markdown_table_multiline_separator: str | None = None
    merge_continued_tables: bool | None = None
    output_tables_as_markdown: bool | None = None


class MarkdownOptions(Options):
    annotate_line_numbers: bool | None = None
    annotate_links: bool | None = None
    annotate_revisions: bool | None = None
    inline_images: bool | None = None
    tables: TableOptions | None = None


class SpatialText(Options):
    do_not_unroll_columns: bool | None = None
    preserve_layout_alignment_across_pages: bool | None = None
    preserve_very_small_text: bool | None = None


class TablesAsSpreadsheet(Options):
    enable: bool | None = None
    guess_sheet_name: bool | None = None


class OutputOptions(Options):
    additional_outputs: list[Literal["stripped_md", "concatenated_stripped_txt", "word_bbox"]] | None = None
    extract_printed_page_number: bool | None = None
    granular_bboxes: list[Literal["cell", "line", "word"]] | None = None
    images_to_save: list[ImageCategory] | None = None
    markdown: MarkdownOptions | None = None
    save_output_pdf: bool | None = None
    spatial_text: SpatialText | None = None
    tables_as_spreadsheet: TablesAsSpreadsheet | None = None
    watermark_handling: Literal["move_to_end", "move_to_start", "remove"] | None = None


class PageRanges(Options):
    """`target_pages` goes before `max_pages` where both are given."""

    max_pages: PageCount | None = None
    target_pages: PageSelection | None = None


class FailureConditions(Options):
    allowed_page_failure_ratio: _Ratio | None = None
    fail_on_buggy_font: bool | None = None
    fail_on_image_extraction_error: bool | None = None
    fail_on_image_ocr_error: bool | None = None
    fail_on_markdown_reconstruction_error: bool | None = None


class Timeouts(Options):
    """Seconds; the bounds are the service's own."""

    base_in_seconds: Annotated[int, Field(ge=1, le=7200)] | None = None
    extra_time_per_page_in_seconds: Annotated[int, Field(ge=0, le=300)] | None = None


class ProcessingControl(Options):
    job_failure_conditions: FailureConditions | None = None
    timeouts: Timeouts | None = None


class CostOptimizer(Options):
    enable: bool | None = None


class Ignore(Options):
    ignore_diagonal_text: bool | None = None
    ignore_hidden_text: bool | None = None
    ignore_text_in_image: bool | None = None


class OcrParameters(Options):
    languages: list[Annotated[str, AfterValidator(_language)]] | None = None


class RuleOptions(Options):
    """How a page is read to which a rule of the auto mode applies."""

    adaptive_long_table: bool | None = None
    aggressive_table_extraction: bool | None = None
    crop_box: CropBox | None = None
    custom_prompt: str | None = None
    extract_layout: bool | None = None
    high_res_ocr: bool | None = None
    ignore: Ignore | None = None
    language: str | None = None
    outlined_table_extraction: bool | None = None
    presentation: PresentationOptions | None = None
    spatial_text: SpatialText | None = None
    specialized_chart_parsing: _Chart | None = None
    tier: ParseTier | None = None
    version: str | None = None


_COUNTED = ("charts", "images", "layout_elements", "lines", "links", "numbers", "percent_numbers", "tables", "words")
_NUMBER = (
    *(f"page_contains_at_{bound}_n_{things}" for bound in ("least", "most") for things in _COUNTED),
    "page_longer_than_n_chars",
    "page_shorter_than_n_chars",
    "full_page_image_in_page_threshold",
    "layout_element_in_page_confidence_threshold",
)
_FLAG = ("full_page_image_in_page", "image_in_page", "page_md_error", "table_in_page")
_WORDS = (
    *("filename_match_glob", "filename_regexp", "filename_regexp_mode", "layout_element_in_page"),
    *("regexp_in_page", "regexp_in_page_mode", "text_in_page", "trigger_mode"),
)
_fields: dict[str, Any] = {
    "parsing_conf": (RuleOptions, ...),
    "filename_match_glob_list": (list[str] | None, None),
    **dict.fromkeys(_FLAG, (bool | None, None)),
    **dict.fromkeys(_WORDS, (str | None, None)),
    # Numbers may come as texts here, as the SDK has them.
    **dict.fromkeys(_NUMBER, (FiniteFloat | str | None, None)),
}
#: A rule of the auto mode: what triggers it, and `parsing_conf`.
AutoModeRule = create_model("AutoModeRule", __base__=Options, **_fields)


class ProcessingOptions(Options):
    aggressive_table_extraction: bool | None = None
    auto_mode_configuration: list[AutoModeRule] | None = None
    confidence_score_effort: Literal["high"] | None = None
    cost_optimizer: CostOptimizer | None = None
    disable_heuristics: bool | None = None
    forms: Literal["default", "enrich"] | None = None
    ignore: Ignore | None = None
    ocr_parameters: OcrParameters | None = None
    specialized_chart_parsing: _Chart | None = None


class ParseOptionFields(Request):
    """What configurations and single parses have in common. Secrets of webhooks are in no repr."""

    agentic_options: AgenticOptions | None = None
    client_name: str | None = None
    crop_box: CropBox | None = None
    disable_cache: bool | None = None
    fast_options: JsonValue = None
    input_options: InputOptions | None = None
    output_options: OutputOptions | None = None
    page_ranges: PageRanges | None = None
    processing_control: ProcessingControl | None = None
    processing_options: ProcessingOptions | None = None
    webhook_configuration_ids: list[Filled] | None = None
    webhook_configurations: list[WebhookParam] | None = Field(default=None, repr=False)


class ParseParameters(ParseOptionFields):
    """The parameters of a ``parse_v2`` configuration."""

    product_type: Literal["parse_v2"]
    tier: ParseTier
    version: str

    @field_validator("version")
    @classmethod
    def _known(cls, version: str, info: ValidationInfo) -> str:
        tier = info.data.get("tier")
        if tier is not None and version != LATEST and version not in VERSIONS[tier]:
            raise PydanticCustomError(
                "version",
                "{version} is not a version of tier {tier}: use latest, or one that GET /api/v2/parse/versions lists",
                {"version": version, "tier": tier},
            )
        return version
