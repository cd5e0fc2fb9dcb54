"""Organization Policy: what the organisation allows in the project."""

from typing import Any

from google.cloud import orgpolicy_v2


class OrgPolicy:
    """`rules` by constraint; a constraint without any allows everything, as Google's effective policy does."""

    def __init__(self) -> None:
        self.rules: dict[str, dict[str, Any]] = {}

    async def GetEffectivePolicy(self, request: Any) -> Any:  # noqa: N802
        rule = self.rules.get(request.name.rsplit("/", 1)[-1], {"allow_all": True})
        return orgpolicy_v2.Policy(name=request.name, spec={"rules": [rule]})
