"""What tokens cost. No list prices are built in: they change, and a wrong price is worse than "unknown"."""

from collections.abc import Mapping

from pydantic import ConfigDict, Field
from soloist_sandbox.contract import Value

from soloist_agents.models.contract import Usage

MILLION = 1_000_000


class Price(Value):
    """List price of one model, in USD for a million tokens."""

    model_config = ConfigDict(allow_inf_nan=False)

    prompt: float = Field(ge=0)
    """Prompt tokens that did not come from the server's prefix cache."""
    cached: float | None = Field(default=None, ge=0)
    """Prompt tokens from the prefix cache; by default as `prompt`."""
    answer: float = Field(ge=0)
    """Thinking and answer tokens."""

    def cost(self, usage: Usage) -> float:
        """USD for these tokens."""
        cached = min(usage.cached, usage.prompt)
        fresh = self.prompt * (usage.prompt - cached)
        again = (self.prompt if self.cached is None else self.cached) * cached
        return (fresh + again + self.answer * (usage.thinking + usage.answer)) / MILLION


class PriceTable(Value):
    """Prices by model id, as the user has set them."""

    prices: Mapping[str, Price] = Field(default_factory=dict)

    def knows(self, model: str) -> bool:
        """True when a price is set; without one a cap on money can't hold."""
        return model in self.prices

    def cost(self, model: str, usage: Usage) -> float | None:
        """USD for these tokens; None, to be shown as "unknown", when no price is set for the model."""
        price = self.prices.get(model)
        return None if price is None else price.cost(usage)
