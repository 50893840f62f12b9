from __future__ import annotations

import pytest

from llamabatch_nb.client.settings import Settings, mended_url
from llamabatch_nb.errors import InputError, NoKeyError


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("eu", "https://api.cloud.eu.llamaindex.ai"),
        ("NA", "https://api.cloud.llamaindex.ai"),
        ("api.cloud.eu.llamaindex.ai", "https://api.cloud.eu.llamaindex.ai"),
        ("localhost:8765/", "http://localhost:8765"),
        ("127.0.0.1:1/prefix/", "http://127.0.0.1:1/prefix"),
        ("https://proxy.example/llama/", "https://proxy.example/llama"),
    ],
)
def test_an_address_is_mended(given: str, meant: str) -> None:
    assert mended_url(given) == meant


@pytest.mark.parametrize(
    "given",
    [
        "ftp://x",
        "https://",
        "https://a b",
        "https://user:pass@host",
        "localhost:abc",
        "http://h:99999",
        "https://h/?x=1",
    ],
)
def test_what_cannot_be_an_address_is_refused(given: str) -> None:
    with pytest.raises(InputError):
        mended_url(given)


def test_arguments_come_before_the_environment() -> None:
    environ = {
        "LLAMA_CLOUD_API_KEY": "one",
        "LLAMA_PARSE_API_KEY": "two",
        "LLAMA_CLOUD_BASE_URL": "eu",
        "LLAMA_CLOUD_CUSTOM_HEADERS": "X-Team: finance\nX-Colon: a:b",
    }
    settings = Settings.read(environ=environ)
    assert settings.wire_headers() == {"Authorization": "Bearer one", "X-Team": "finance", "X-Colon": "a:b"}
    assert settings.service.label == "LlamaCloud EU"
    del environ["LLAMA_CLOUD_API_KEY"]
    assert Settings.read(environ=environ).wire_headers()["Authorization"] == "Bearer two"
    assert Settings.read(api_key="three", base_url="na", environ=environ).service.label == "LlamaCloud NA"


def test_no_key_names_the_way_out() -> None:
    with pytest.raises(NoKeyError, match=r"lb\.connect\(\)"):
        Settings.read(environ={})


def test_a_key_with_a_line_break_inside_is_refused_without_showing_it() -> None:
    with pytest.raises(InputError) as caught:
        Settings.read(api_key="llx-one\ntwo", environ={})
    assert "llx-one" not in str(caught.value)
