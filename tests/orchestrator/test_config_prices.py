"""Prices and presets, as the settings give them to the models."""

from pathlib import Path

import pytest
from soloist.config import load_settings
from soloist_agents.models.contract import Usage
from soloist_agents.models.prices import Price
from soloist_agents.presets import PRESETS, preset_for, preset_named


def test_money_by_the_users_prices(tmp_path: Path) -> None:
    """Prompt, cached prompt, thinking and answer are charged by the user's price; without a price money is unknown, not zero."""
    (tmp_path / "mine.toml").write_text(
        '[prices]\n"glm-5.2" = {prompt = 2, cached = 0.5, answer = 8}\nlocal = {prompt = 0, answer = 0}\n'
    )
    table = load_settings(config=tmp_path / "mine.toml", environ={}).settings.price_table
    usage = Usage(prompt=1_000_000, cached=400_000, thinking=50_000, answer=50_000)
    assert table.cost("glm-5.2", usage) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 8)
    assert table.cost("local", usage) == 0
    assert table.cost("another", usage) is None
    assert (table.knows("glm-5.2"), table.knows("another")) == (True, False)


def test_cached_tokens_cost_as_others_when_no_price_is_set_for_them() -> None:
    """And a server that counts more cached than prompt tokens never makes money negative."""
    price = Price(prompt=3, answer=0)
    assert price.cost(Usage(prompt=10, cached=4)) == pytest.approx(30e-6)
    assert Price(prompt=3, cached=1, answer=0).cost(Usage(prompt=10, cached=40)) == pytest.approx(10e-6)


@pytest.mark.parametrize(
    "model",
    [
        "WeiboAI/VibeThinker-3B",
        "hf.co/prithivMLmods/VibeThinker-3B-GGUF:Q8_0",
        "mlx-community/VibeThinker-3B-8bit",
        "vibethinker",
    ],
)
def test_vibethinker_under_all_its_names(model: str) -> None:
    """Its published ids all call for its preset: hot sampling, budgets that grow to 40,960, one user message."""
    preset = preset_for(model)
    assert preset is not None
    assert (preset.sampling.temperature, preset.sampling.top_p) == (1.0, 0.95)
    assert preset.thinking == (8_192, 8_192 + 16_384, 40_960)
    assert preset.one_user_message
    assert preset.thinks_always


def test_presets_by_name() -> None:
    """A model that nobody knows calls for no preset; a misspelt name gets the nearest one."""
    assert preset_for("gpt-5.5") is None
    assert preset_for(None) is None
    assert {preset_named(name).name for name in PRESETS} == {"vibethinker", "reasoning", "plain"}
    with pytest.raises(ValueError, match='did you mean "reasoning"'):
        preset_named("resoning")
