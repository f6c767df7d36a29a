"""Keys: where they may come from, whom they may be sent to, and that they never show."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from soloist.config import Scrubber, load_settings, model_servers

KEY = "sk-0123456789abcdef"


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, dict[str, str]]:
    """The user's folder of settings, a repository from outside, and an environment."""
    own, repo = tmp_path / "config" / "soloist", tmp_path / "clone"
    own.mkdir(parents=True)
    (repo / ".git").mkdir(parents=True)
    return own, repo, {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "OPENAI_API_KEY": KEY}


Places = tuple[Path, Path, dict[str, str]]

HOSTILE = {
    'planner = "http://evil.example/v1"': "planner.base_url",
    'planner = "evil:run"': "planner.factory",
    'planner = "openrouter/evil"': "planner.server",
    'planner.base_url = "http://evil.example/v1"\nplanner.api_key_env = "OPENAI_API_KEY"': "planner.base_url",
    'specialist.api_key_env = "AWS_SECRET_ACCESS_KEY"': "specialist.api_key_env",
    'specialist.factory = "evil:run"': "specialist.factory",
    'planner.endpoints = [{base_url = "http://evil.example/v1"}]': "planner.endpoints",
    'planner.model = "dearest"': "planner.model",
    'sandbox.backend = "bubblewrap"': "sandbox.backend",
    'trust = ["/"]': "trust",
    "budget.seconds = 301": "budget.seconds",
    "budget.money = 11": "budget.money",
    "tries.samples = 1000": "tries.samples",
    "prices.m = {prompt = 0, answer = 0}": "prices.m.prompt",
    "planner = {}": "planner",
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["soloist.toml", "pyproject.toml"])
def test_a_clone_sets_nothing_that_can_hurt(places: Places, text: str, name: str) -> None:
    """A repository's own file can't choose an address, a key, Python, a sandbox or a higher cap; the line says what to do."""
    own, repo, env = places
    (own / "soloist.toml").write_text("[budget]\nmoney = 10\n")
    (repo / name).write_text("[tool.soloist]\n" + text if name == "pyproject.toml" else text)
    with pytest.raises(ValueError, match=r"^[^\n]*:\d+: [^\n]*$") as refused:
        load_settings(repo, environ=env)
    assert HOSTILE[text] in str(refused.value)
    assert f"clone/{name}:" in str(refused.value)
    assert "trust" in str(refused.value)


def test_a_clone_may_set_what_is_harmless(places: Places) -> None:
    """Effort, the check, lower caps and an image that the user has built."""
    _, repo, env = places
    (repo / "soloist.toml").write_text(
        "effort = 'low'\ncheck = 'pytest -q'\n[budget]\nseconds = 60\ntokens = 5\n[sandbox]\nimage = 'web'\n"
    )
    settings = load_settings(repo, environ=env).settings
    assert (settings.effort, settings.check, settings.budget.seconds, settings.sandbox.image) == ("low", "pytest -q", 60, "web")


def test_a_repository_that_the_user_trusts_may_set_everything(places: Places) -> None:
    """`trust` in the user's own file, or in a variable, is the user's say-so; links on the way are followed."""
    own, repo, env = places
    (repo / "soloist.toml").write_text('planner = "http://localhost:1/v1#m"\n[budget]\nseconds = 900\n')
    (own / "soloist.toml").write_text("trust = ['~/clone']\n")
    assert load_settings(repo, environ=env).settings.planner.model == "m"
    (own / "soloist.toml").write_text(f"trust = ['{repo}-not']\n")
    with pytest.raises(ValueError, match=r"planner\.base_url can't be set"):
        load_settings(repo, environ=env)
    link = repo.parent / "link"
    link.symlink_to(repo)
    assert load_settings(link, environ={**env, "SOLOIST_TRUST": f'["{repo.parent}"]'}).settings.budget.seconds == 900


def test_a_broken_pyproject_is_no_matter_of_ours(places: Places) -> None:
    """Mending a pyproject.toml may be the task itself."""
    _, repo, env = places
    (repo / "pyproject.toml").write_text("[tool.soloist\neffort = ")
    assert load_settings(repo, environ=env).settings.effort == "normal"


@pytest.mark.timeout(20)
def test_odd_files_are_refused_and_never_waited_for(places: Places) -> None:
    """A pipe, a folder, a file without end or of other bytes is told in one line."""
    _, repo, env = places
    file = repo / "soloist.toml"
    for make in (os.mkfifo, os.mkdir, lambda f: f.symlink_to("/dev/zero"), lambda f: f.write_bytes(b"\xff")):
        make(file)
        with pytest.raises(ValueError, match=r"^[^\n]*soloist\.toml[^\n]*$"):
            load_settings(repo, environ=env)
        file.rmdir() if file.is_dir() else file.unlink()


def test_a_key_goes_only_to_its_servers_own_address(places: Places) -> None:
    """A known server's key is sent by its address, never by its name alone; other addresses get a key only when one is named."""
    _, _, env = places

    def key(**more: str) -> str | None:
        loaded = load_settings(environ={**env, **more})
        (connection,) = model_servers(loaded.settings.planner, loaded.keys)
        return connection.key.get_secret_value() if connection.key else None

    assert key(SOLOIST_PLANNER="openai/gpt-5.5") == KEY
    assert key(SOLOIST_PLANNER_BASE_URL="https://api.openai.com/v1") == KEY
    assert key(SOLOIST_PLANNER_BASE_URL="http://api.openai.com/v1") is None
    assert key(SOLOIST_PLANNER_BASE_URL="https://api.openai.com.evil.example/v1") is None
    assert key(SOLOIST_PLANNER_BASE_URL="https://proxy.example/v1", SOLOIST_PLANNER_SERVER="openai") is None
    assert key(SOLOIST_PLANNER="http://a/v1", SOLOIST_PLANNER_API_KEY_ENV="OPENAI_API_KEY") == KEY
    assert key(SOLOIST_PLANNER="http://a/v1", SOLOIST_PLANNER_API_KEY="other-key") == "other-key"


def test_a_key_does_not_follow_to_a_higher_sources_address(places: Places) -> None:
    """The key named beside one address is not sent to another address that a variable gives."""
    own, _, env = places
    (own / "soloist.toml").write_text(
        '[planner]\nbase_url = "https://proxy.example/v1"\napi_key_env = "OPENAI_API_KEY"\nmodel = "m"\n'
    )
    loaded = load_settings(environ={**env, "SOLOIST_PLANNER_BASE_URL": "http://elsewhere/v1"})
    (connection,) = model_servers(loaded.settings.planner, loaded.keys)
    assert (connection.model, connection.key) == ("m", None)


def test_side_by_side_each_address_gets_its_own_key(places: Places) -> None:
    """The role's key is for addresses that nobody knows; a known server's address gets that server's key."""
    _, _, env = places
    endpoints = '[{server = "openai"}, {base_url = "https://corp.example/v1"}, {base_url = "http://a/v1", api_key_env = "THIRD"}]'
    more = {"SOLOIST_PLANNER_ENDPOINTS": endpoints, "SOLOIST_PLANNER_API_KEY": "corp-key-1", "THIRD": "third-key-1"}
    loaded = load_settings(environ={**env, **more})
    keys = [one.key.get_secret_value() for one in model_servers(loaded.settings.planner, loaded.keys) if one.key]
    assert keys == [KEY, "corp-key-1", "third-key-1"]


def test_a_missing_key_is_told(places: Places) -> None:
    """The line names the variable, and the file that could hold the key."""
    _, _, env = places
    loaded = load_settings(environ={**env, "SOLOIST_PLANNER": "deepseek/chat"})
    with pytest.raises(ValueError, match=r"DEEPSEEK_API_KEY is not set.*keys\.toml"):
        model_servers(loaded.settings.planner, loaded.keys)


def test_keys_never_show(places: Places) -> None:
    """No repr, JSON or error text of settings, keys or connections holds a key."""
    own, _, env = places
    keyring = own / "keys.toml"
    keyring.touch(0o600)
    keyring.write_text('DEEPSEEK_API_KEY = "dk-0123456789"\n')
    loaded = load_settings(environ={**env, "SOLOIST_PLANNER": "openai/m deepseek/n"})
    found = model_servers(loaded.settings.planner, loaded.keys)
    assert [c.key.get_secret_value() for c in found if c.key] == [KEY, "dk-0123456789"]
    shown = [
        repr(loaded),
        loaded.settings.model_dump_json(),
        repr(found),
        *(c.model_dump_json() for c in found),
        repr(loaded.scrubber),
    ]
    assert not any("0123456789" in text for text in shown)
    assert loaded.scrubber.clean(f"401: bad key {KEY}, dk-0123456789") == "401: bad key [secret], [secret]"


def test_the_environment_goes_before_the_keyring(places: Places) -> None:
    """And `source` tells which it was."""
    own, _, env = places
    keyring = own / "keys.toml"
    keyring.touch(0o600)
    keyring.write_text('OPENAI_API_KEY = "from-the-file"\nOTHER = "other-key"\n')
    keys = load_settings(environ=env).keys
    assert keys.source("OPENAI_API_KEY") == "environment"
    assert str(keys.source("OTHER")).endswith("keys.toml")
    assert keys.source("NOTHING") is None


def test_a_keyring_that_others_can_use_is_refused(places: Places) -> None:
    """Wrong mode, a link, not a file, not TOML: one line with the cure, and no word of what stands in it; root included."""
    own, _, env = places
    keyring = own / "keys.toml"

    def line() -> str:
        with pytest.raises(ValueError, match=r"^[^\n]*keys\.toml[^\n]*$") as refused:
            load_settings(environ=env)
        assert KEY not in str(refused.value)
        return str(refused.value)

    keyring.write_text(f'OTHER = "{KEY}"\n')
    for mode in (0o644, 0o640, 0o620, 0o601):
        keyring.chmod(mode)
        assert "chmod 600" in line()
    for text in (f"OTHER = {KEY}", f'other = "{KEY}"', f'[a]\nOTHER = "{KEY}"', f'["{KEY}"]'):
        keyring.chmod(0o600)
        keyring.write_text(text)
        assert "should be like" in line()
    keyring.rename(own / "elsewhere")
    keyring.symlink_to(own / "elsewhere")
    assert "symbolic link" in line()
    keyring.unlink()
    os.mkfifo(keyring, 0o600)
    assert "regular file" in line()
    keyring.unlink()
    keyring.touch(0o400)
    load_settings(environ=env)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_keyring_of_somebody_else_is_refused(places: Places) -> None:
    """Root does not read a key that another user has put there."""
    own, _, env = places
    (own / "keys.toml").touch(0o600)
    os.chown(own / "keys.toml", 65534, 65534)
    with pytest.raises(ValueError, match="belongs to user 65534"):
        load_settings(environ=env)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_can_not_be_one_is_refused(places: Places, key: str) -> None:
    """A key pasted with its neighbours is told by its variable, not by itself."""
    with pytest.raises(ValueError, match="OPENAI_API_KEY: the key has characters") as refused:
        load_settings(environ={**places[2], "OPENAI_API_KEY": key})
    assert key not in str(refused.value)


def test_scrubbing() -> None:
    """Every known key goes, also as JSON or a URL writes it; short placeholders and other text stay."""
    clean: Callable[[str], str] = Scrubber(["ollama", "abc/def+ghi", 'quo"te\\key', "longer-abc/def+ghi", ""]).clean
    assert clean("ollama says abc/def+ghi.") == "ollama says [secret]."
    assert clean("longer-abc/def+ghi") == "[secret]"
    assert clean('{"k": "quo\\"te\\\\key"} ?key=abc%2Fdef%2Bghi') == '{"k": "[secret]"} ?key=[secret]'


def test_scrubbing_takes_linear_time() -> None:
    """A text made to be slow to search is not."""
    scrub = Scrubber(["a" * 20_000 + "b"])
    began = time.process_time()
    assert scrub.clean("a" * 2_000_000) == "a" * 2_000_000
    assert time.process_time() - began < 2
