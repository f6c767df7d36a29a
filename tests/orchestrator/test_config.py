"""Settings: their sources, their order, and how each mistake is told."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from soloist.cli.config import show_config
from soloist.config import Flag, Loaded, load_settings, model_servers, preset_of, thinking_budgets

Load = Callable[..., Loaded]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load with files of these texts: the user's own, the repository's two, and one given by --config."""

    def call(
        *flags: Flag, own: str = "", pyproject: str = "", repo: str = "", given: str = "", env: Mapping[str, str] | None = None
    ) -> Loaded:
        home, folder = tmp_path / "home", tmp_path / "repo"
        files = {
            home / ".config/soloist/soloist.toml": own,
            folder / "pyproject.toml": pyproject,
            folder / "soloist.toml": repo,
            tmp_path / "given.toml": given,
        }
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            if text:
                file.write_text(text)
        environ = {"HOME": str(home), "PATH": "/bin", **(env or {})}
        return load_settings(folder, config=tmp_path / "given.toml" if given else None, environ=environ, flags=flags)

    return call


def refusal(load: Load, *flags: Flag, **sources: object) -> str:
    """The one line with which it is refused."""
    with pytest.raises(ValueError, match=r".") as refused:
        load(*flags, **sources)
    line = str(refused.value)
    assert "\n" not in line
    return line


def test_defaults_need_nothing(load: Load) -> None:
    """Without any file or variable there are settings, no model, and no key."""
    loaded = load()
    assert loaded.settings.effort == "normal"
    assert not loaded.settings.planner.configured
    assert model_servers(loaded.settings.planner, loaded.keys) == ()
    assert load_settings(environ={}).settings == loaded.settings


def test_sources_in_rising_order(load: Load) -> None:
    """Own file, pyproject, soloist.toml, variables, flags: the later goes before, key by key, and each origin is known."""
    sources = {
        "own": "[budget]\nseconds = 100\nsamples = 50\nreplans = 4\ntokens = 9000\nmoney = 3\n",
        "pyproject": "[project]\nname = 'x'\n\n[tool.soloist.budget]\nsamples = 40\nreplans = 2\ntokens = 8000\nmoney = 2.5\n",
        "repo": "# mine\n[budget]\nreplans = 1\ntokens = 7000\nmoney = 2\n",
        "env": {"SOLOIST_BUDGET_TOKENS": "6000", "SOLOIST_BUDGET_MONEY": "1.5"},
    }
    loaded = load(Flag("--max-money", "budget.money", 1.0), Flag("--max-seconds", "budget.seconds", None), **sources)
    budget = loaded.settings.budget
    assert (budget.seconds, budget.samples, budget.replans, budget.tokens, budget.money) == (100, 40, 1, 6000, 1.0)
    origins = {name: loaded.origin("budget", name) for name in ("seconds", "samples", "replans", "tokens", "money")}
    assert origins["seconds"].endswith("/.config/soloist/soloist.toml:2")
    assert origins["samples"].endswith("pyproject.toml:5")
    assert origins["replans"].endswith("repo/soloist.toml:3")
    assert (origins["tokens"], origins["money"]) == ("SOLOIST_BUDGET_TOKENS", "--max-money")


def test_a_given_file_takes_the_place_of_the_repositorys(load: Load) -> None:
    """--config, or SOLOIST_CONFIG, is read instead of the repository's soloist.toml, and is trusted."""
    loaded = load(repo="effort = 'low'\n", given="[budget]\nseconds = 5000\n[planner]\nbase_url = 'http://localhost:9/v1'\n")
    assert (loaded.settings.effort, loaded.settings.budget.seconds) == ("normal", 5000)
    assert loaded.settings.planner.base_url == "http://localhost:9/v1"
    assert refusal(load, env={"SOLOIST_CONFIG": "/no/such.toml"}) == "SOLOIST_CONFIG: there is no file /no/such.toml"


def test_the_nearest_file_up_to_the_repositorys_root(tmp_path: Path) -> None:
    """A folder in the repository finds the repository's file, and nothing above its root is read."""
    inner = tmp_path / "repo" / "src" / "package"
    inner.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "soloist.toml").write_text("nonsense")
    assert load_settings(inner, environ={}).settings.effort == "normal"
    (tmp_path / "repo" / "soloist.toml").write_text("effort = 'low'")
    assert load_settings(inner, environ={}).settings.effort == "low"


def test_one_dial_before_many_keys(load: Load) -> None:
    """Effort sets samples, first batch, repairs, thinking rounds, gather calls and replans; each can be set by itself."""
    low, high = load(repo="effort = 'low'").settings, load(repo="effort = 'high'").settings
    for one in ("samples", "first_batch", "rounds", "gather_calls"):
        assert getattr(low.tries, one) < getattr(high.tries, one)
    assert low.budget.replans < high.budget.replans
    own = load(own="effort = 'high'\n[tries]\nsamples = 5\nthinking = [1000, 2000]\n[specialist]\npreset = 'vibethinker'")
    assert (own.settings.tries.samples, own.settings.tries.first_batch) == (5, high.tries.first_batch)
    assert thinking_budgets(own.settings, preset_of(own.settings.specialist)) == (1000, 2000)
    assert thinking_budgets(low, preset_of(own.settings.specialist)) == (8192,)
    assert thinking_budgets(high, preset_of(own.settings.specialist)) == (8192, 24576, 40960)
    assert own.origin("tries", "first_batch") == "effort high"


MISTAKES = {
    "\n\n# a\n\n\n\nplannr = 1\n": ':7: unknown key "plannr"; did you mean "planner"?',
    "[planner]\nmodel = 'a'\nmodle = 'b'\n": ':3: unknown key "modle" in planner; did you mean "model"?',
    "[plannr]\nmodel = 'a'\n": ':1: unknown key "plannr"; did you mean "planner"?',
    "effort = 'hgih'\n": ":1: effort should be 'low', 'normal' or 'high'",
    "[budget]\n\nseconds = 0\n": ":3: budget.seconds should be greater than 0",
    "budget.seconds = '5'\n": ":1: budget.seconds should be a valid number",
    "[budget]\nmoney = inf\n": ":2: budget.money should be a finite number",
    "[budget]\nmoney = nan\n": ":2: budget.money should be a finite number",
    '"two\\nlines" = 1\n': ':1: unknown key "two\\nlines"; known here: effort,',
    "budget = 5\n": ":1: budget should be a table",
    "[budget]\nseconds = 2020-01-01\n": ":2: budget.seconds should be a valid number",
    "[planner]\nbase_url = 'localhost:8000'\n": ":2: base_url should look like http://localhost:8000/v1",
    "[planner]\nbase_url = 'http://h/v1/chat/completions'\n": ":2: base_url should end before /chat/completions",
    "[specialist]\npreset = 'vibethink'\n": ':2: there is no preset "vibethink"; did you mean "vibethinker"?',
    "[planner]\nserver = 'opnai'\n": ':2: there is no known server "opnai"; did you mean "openai"?',
    "\nplanner = 'opnai/gpt'\n": ':2: planner: there is no known server "opnai"; did you mean "openai"?',
    "planner = 'openai'\n": ":1: planner: the model is missing: write openai/model-id",
    "planner = 'what is this'\n": ":1: planner: it should be a URL such as",
    "[planner]\nfactory = ['a:b', 'c:d']\n": ":2: planner.factory should be one, not several",
    "[[planner.endpoints]]\nbase_url = 'http://a/v1'\n[[planner.endpoints]]\nbase_url = 'http://b/v1'\nmodle = 'x'\n": (
        ':5: unknown key "modle" in planner.endpoints[1]; did you mean "model"?'
    ),
    "[planner]\nendpoints = [\n  {base_url = 'http://a/v1', concurrency = 4},\n  # second\n"
    "  {base_url = 'http://b/v1', concurrency = 0},\n]\n": (
        ":5: planner.endpoints[1].concurrency should be greater than or equal to 1"
    ),
    "[prices]\n'glm-5.2' = {prompt = 1, anwser = 2}\n": ':2: prices."glm-5.2".answer is missing',
    "[prices.'glm-5.2']\nprompt = 1\nanswer = 2\ncachd = 1\n": ':4: unknown key "cachd" in prices."glm-5.2"; did you mean "ca',
    "[tries]\nthinking = [\n  9,\n  8,\n]\n": ":2: tries.thinking should be rising numbers",
    "trust = ['.']\n": ":1: trust should name folders in full",
    "check = ''\n": ":1: the check is empty",
    "[sandbox]\nimage = '../x'\n": ":2: sandbox.image should be lower-case",
    "[sandbox]\nbackend = 'none'\n": ":2: sandbox.backend should be 'docker' or 'bubblewrap'",
    "a = 1\n\nb = = 2\n": ":3: is not TOML: Invalid value",
    "effort = 'low'\neffort = 'high'\n": ":2: is not TOML: Cannot overwrite a value",
    "a = 'unfinished\n": ":1: is not TOML",
    "x = " + "[" * 5000: ": is nested too deep",
    "budget.samples = " + "9" * 5000: ":1: a number is too long",
    "[planner]\napi_key = 'sk-12345678'\n": ':2: "api_key" holds a secret, which never stands in settings',
    "[planner]\napi_key_env = 'sk-12345678'\n": ":2: api_key_env should be the name of an environment variable",
    "[planner]\nbase_url = 'http://me:sk-12345678@host/v1'\n": ":2: base_url should have no user, password",
    "planner = 'http://me:sk-12345678@host/v1'\n": ":1: base_url should have no user, password",
}


@pytest.mark.parametrize("text", MISTAKES, ids=[what.strip(": ")[:40] for what in MISTAKES.values()])
def test_every_mistake_is_told_with_its_line(load: Load, text: str) -> None:
    """What can't be is refused in one line: the file, the line, what is wrong; and never a key that stands there."""
    line = refusal(load, own=text)
    assert f"/.config/soloist/soloist.toml{MISTAKES[text]}" in line
    assert "12345678" not in line


def test_lines_hold_in_long_files(load: Load) -> None:
    """The line is right wherever comments, blank lines and values over several lines stand before it."""
    filler = "# x\n\n[prices.m{0}]\nprompt = 1 # = {{\nanswer = 2\n\n"
    text = (
        'check = """\npytest\nbudget.tokens = 1\n"""\n'
        + "".join(filler.format(n) for n in range(100))
        + "\n[budget]\n# y\ntokens = -1\n"
    )
    assert f"soloist.toml:{text.count(chr(10))}: budget.tokens" in refusal(load, own=text)
    assert f"soloist.toml:{text.count(chr(10))}: budget.tokens" in refusal(load, own=text.replace("\n", "\r\n"))


def test_mistakes_in_lower_sources_are_told_too(load: Load) -> None:
    """A value that a higher source replaces must still be possible."""
    assert "soloist.toml:1" in refusal(load, own="effort = 'hgih'", env={"SOLOIST_EFFORT": "low"})


VARIABLES = {
    ("SOLOIST_EFORT", "low"): "SOLOIST_EFORT: unknown variable; did you mean SOLOIST_EFFORT?",
    ("SOLOIST_PLANER", "x"): "SOLOIST_PLANER: unknown variable; did you mean SOLOIST_PLANNER?",
    ("SOLOIST_BUDGET_SECONDS", "soon"): "SOLOIST_BUDGET_SECONDS: budget.seconds should be a valid number",
    ("SOLOIST_BUDGET_SECONDS", "1\nx = 2"): "SOLOIST_BUDGET_SECONDS: budget.seconds should be a valid number",
    ("SOLOIST_PLANNER_BASE_URL", "here"): "SOLOIST_PLANNER_BASE_URL: base_url should look like",
    ("SOLOIST_PLANNER", "opnai/x"): 'SOLOIST_PLANNER: planner: there is no known server "opnai"; did you mean "openai"?',
    ("SOLOIST_PLANNER_MODEL", "\udc80"): "SOLOIST_PLANNER_MODEL: is not UTF-8",
}


@pytest.mark.parametrize("given", VARIABLES)
def test_mistakes_in_variables_name_the_variable(load: Load, given: tuple[str, str]) -> None:
    """An unknown or impossible variable is refused by name."""
    assert refusal(load, env=dict([given])).startswith(VARIABLES[given])


def test_mistakes_in_flags_name_the_flag(load: Load) -> None:
    """An impossible flag is refused by name."""
    line = refusal(load, Flag("--max-seconds", "budget.seconds", -1.0))
    assert line == "--max-seconds: budget.seconds should be greater than 0"
    assert refusal(load, Flag("--planner", "planner", "a:b vllm/m")) == (
        "--planner: give either planner.factory or where the planner's model is, not both"
    )
    assert refusal(load, Flag("--planner", "planner", "what")).startswith("--planner: planner: it should be")


def test_variables_have_one_rule(load: Load) -> None:
    """Text stands without quotes, everything else is written as in TOML, an empty variable is not set."""
    env = {
        "SOLOIST_PLANNER_MODEL": "123",
        "SOLOIST_PLANNER_ENDPOINTS": '[{base_url = "http://a/v1"}, {base_url = "http://b/v1", concurrency = 3}]',
        "SOLOIST_PLANNER_SERVES_N": "true",
        "SOLOIST_BUDGET_PLANNER_TOKENS": "1_000",
        "SOLOIST_TRIES_THINKING": "[1000, 3000]",
        "SOLOIST_PRICES": '{"glm-5.2" = {prompt = 1, answer = 2.5}}',
        "SOLOIST_SPECIALIST_FACTORY": "package.module:make",
        "SOLOIST_CHECK": "pytest -q",
        "SOLOIST_EFFORT": "",
        "SOLOIST_IMAGES": "/var/images",
    }
    loaded = load(env=env)
    settings = loaded.settings
    assert (settings.planner.model, settings.planner.serves_n) == ("123", True)
    assert [c.base_url for c in model_servers(settings.planner, loaded.keys)] == ["http://a/v1", "http://b/v1"]
    assert [c.concurrency for c in model_servers(settings.planner, loaded.keys)] == [8, 3]
    assert (settings.budget.planner_tokens, settings.tries.thinking, settings.check) == (1000, (1000, 3000), "pytest -q")
    assert settings.prices["glm-5.2"].answer == 2.5
    assert settings.specialist.factory == ("package.module:make",)


SPECS = {
    "http://localhost:8000/v1": ("http://localhost:8000/v1", None, ()),
    "http://localhost:8000/v1/#Weibo/Vibe:Q8": ("http://localhost:8000/v1", "Weibo/Vibe:Q8", ()),
    "vllm": ("http://127.0.0.1:8000/v1", None, ()),
    "ollama/qwen3:8b": ("http://127.0.0.1:11434/v1", "qwen3:8b", ()),
    "ollama/hf.co/someone/VibeThinker-3B-GGUF:Q8_0": ("http://127.0.0.1:11434/v1", "hf.co/someone/VibeThinker-3B-GGUF:Q8_0", ()),
    "package.module:make": (None, None, ("package.module:make",)),
}


@pytest.mark.parametrize("spec", SPECS)
def test_short_forms_of_a_role(load: Load, spec: str) -> None:
    """A URL, a known server with a model, or Python of your own: the same in a file, a variable and a flag."""
    ways = [load(own=f"specialist = '{spec}'"), load(env={"SOLOIST_SPECIALIST": spec})]
    ways.append(load(Flag("--specialist", "specialist", (spec,)), own="effort = 'low'"))
    for loaded in ways:
        found = model_servers(loaded.settings.specialist, loaded.keys)
        place = (found[0].base_url, found[0].model) if found else (None, None)
        assert (*place, loaded.settings.specialist.factory) == SPECS[spec]


def test_what_the_model_client_is_given(load: Load) -> None:
    """A role's servers become the client's endpoints, with the known server's habits; a model must be known by then."""
    loaded = load(own="[specialist]\nserver = 'vllm'\nstall_seconds = 5\nrequests_per_minute = 60\n")
    (server,) = model_servers(loaded.settings.specialist, loaded.keys)
    endpoint = server.endpoint("VibeThinker-3B")
    assert (endpoint.name, endpoint.base_url, endpoint.stall_seconds) == ("VibeThinker-3B", "http://127.0.0.1:8000/v1", 5)
    assert (endpoint.serves_n, endpoint.continues, endpoint.requests_per_minute) == (True, "vllm", 60)
    with pytest.raises(ValueError, match="no model is named"):
        server.endpoint()


def test_several_specialists(load: Load) -> None:
    """Several short forms: your own ones are tried in their order, models are used side by side."""
    loaded = load(env={"SOLOIST_SPECIALIST": "a:b c.d:e vllm/m ollama/n"})
    assert loaded.settings.specialist.factory == ("a:b", "c.d:e")
    servers = model_servers(loaded.settings.specialist, loaded.keys)
    assert [(server.server, server.model) for server in servers] == [("vllm", "m"), ("ollama", "n")]


def test_a_short_form_replaces_the_model_below_it(load: Load) -> None:
    """What a lower source says of another model is gone with it; single keys of the same source go on top."""
    own = "[specialist]\nbase_url = 'http://a/v1'\nmodel = 'm'\npreset = 'vibethinker'\ncontext = 4096\nconcurrency = 3\n"
    loaded = load(own=own, env={"SOLOIST_SPECIALIST": "http://b/v1", "SOLOIST_SPECIALIST_CONTEXT": "2048"})
    role = loaded.settings.specialist
    assert (role.base_url, role.model, role.preset, role.context, role.concurrency) == ("http://b/v1", None, None, 2048, 3)


def test_vibethinker_is_known_by_its_id(load: Load) -> None:
    """A model whose id looks like VibeThinker is asked as VibeThinker, unless another preset is named."""
    assert preset_of(load(own="specialist = 'vllm/WeiboAI/VibeThinker-3B'").settings.specialist).name == "vibethinker"
    assert (
        preset_of(load(own="[specialist]\nmodel = 'VibeThinker'\npreset = 'reasoning'").settings.specialist).name == "reasoning"
    )
    assert preset_of(load(own="planner = 'openai/gpt-5.5'").settings.planner).name == "plain"


def test_the_settings_in_force_are_shown_with_their_origins(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    """`soloist config` prints each value, where it came from, and of keys only whether they are set."""
    env = {"OPENAI_API_KEY": "sk-12345678", "SOLOIST_BUDGET_TOKENS": "5"}
    loaded = load(own="planner = 'openai/gpt-5.5'\n[specialist]\nbase_url='http://a/v1'\napi_key_env='OTHER'\n", env=env)
    show_config(loaded)
    told = {line.split(" = ")[0].strip(): line for line in capsys.readouterr().out.splitlines()}
    assert '"gpt-5.5"' in told["planner.model"]
    assert told["planner.model"].endswith("soloist.toml:1")
    assert told["budget.tokens"].endswith("# SOLOIST_BUDGET_TOKENS")
    assert told["tries.samples"].endswith("# effort normal")
    assert told["sandbox.image"].endswith("# default")
    assert '"set"' in told["planner: OPENAI_API_KEY"]
    assert '"not set"' in told["specialist: OTHER"]
    assert "12345678" not in str(told)
    show_config(loaded, everything=True, json=True)
    listed = json.loads(capsys.readouterr().out)
    assert {"key": "budget.money", "value": None, "origin": "default"} in listed
