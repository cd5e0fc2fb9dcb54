"""Cloud Billing: whether the project has a billing account."""

from typing import Any

from google.cloud import billing_v1


class Billing:
    def __init__(self) -> None:
        self.enabled = True

    async def GetProjectBillingInfo(self, request: Any) -> Any:  # noqa: N802
        account = "billingAccounts/01A2B3-C4D5E6-F7A8B9" if self.enabled else ""
        return billing_v1.ProjectBillingInfo(
            name=f"{request.name}/billingInfo", billing_account_name=account, billing_enabled=self.enabled
        )
