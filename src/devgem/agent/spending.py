"""What models have used where nothing of it costs: nothing."""

from devgem.agent.brain import Asker
from devgem.agent.budget import Spent


class Uncounted:
    """For models that are not metered."""

    async def of(self, asker: Asker) -> Spent:
        return Spent()

    async def add(self, asker: Asker, tokens: int, cost_usd: float | None) -> Spent:
        return Spent()
