from __future__ import annotations

import copy
import pickle

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
        "https://\u00ad.x",
        "http://[::1",
        "us",
        "nowhere",
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


@pytest.mark.parametrize(
    ("name", "value"), [("X-Team", "fin\nance"), ("X-Team", "finänce"), ("X Team", "finance"), ("", "finance")]
)
def test_a_header_that_cannot_be_sent_is_refused_without_its_value(name: str, value: str) -> None:
    with pytest.raises(InputError, match="extra header") as caught:
        Settings.read(api_key="k", headers={name: value}, environ={})
    assert value not in str(caught.value)


def test_a_session_cookie_with_a_line_break_is_refused() -> None:
    with pytest.raises(InputError, match="session cookie"):
        Settings.read(session="a\nb", environ={})


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-env")
    assert Settings.read().wire_headers() == {"Authorization": "Bearer llx-env"}


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_settings_are_not_pickled_or_copied(act: object) -> None:
    assert callable(act)
    with pytest.raises(TypeError, match="hold a key"):
        act(Settings.read(api_key="llx-one", environ={}))


def test_which_services_are_on_this_machine() -> None:
    urls = ("localhost:1", "http://127.0.0.1:8000", "http://[::1]:8000", "http://engine.localhost")
    assert all(Settings(base_url=mended_url(url)).local for url in urls)
    assert not Settings(base_url=mended_url("eu")).local


def test_what_a_service_repeats_of_us_is_blotted_out() -> None:
    settings = Settings.read(api_key="llx-one", session="cookie-1", headers={"X-Token": "token-1234"}, environ={})
    said = settings.without_secrets("Invalid key llx-one, cookie-1 or token-1234")
    assert said == "Invalid key [secret], [secret] or [secret]"
