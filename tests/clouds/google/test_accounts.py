"""A service account per app, without any role."""

import grpc
import pytest

from devgem.clouds.google.accounts import Accounts, account_id
from devgem.clouds.google.balancer import Site
from devgem.domain.errors import Conflict, Unavailable
from tests.clouds.google.project import PROJECT, REGION, google_project


def test_every_app_has_an_account_name_that_google_takes() -> None:
    names = {account_id("one", app) for app in ("a", "shop", "shop--preview", "x" * 40, "x" * 39 + "y")}
    assert len(names) == 5 and all(6 <= len(name) <= 30 for name in names)
    assert account_id("one", "shop") != account_id("two", "shop")


async def test_an_account_is_made_once_without_a_role_and_removed() -> None:
    async with google_project() as project:
        admin = project.admin()
        accounts = Accounts(admin, Site(PROJECT, REGION, "one"))
        assert await accounts.ensure("shop") == await accounts.ensure("shop") == accounts.email("shop")
        assert len(project.iam.accounts) == 1 and not project.manager.policy.bindings
        await accounts.remove("shop")
        await accounts.remove("shop")
        assert project.iam.accounts == {}
        await admin.close()


async def test_an_account_of_somebody_else_is_neither_used_nor_removed() -> None:
    async with google_project() as project:
        admin = project.admin()
        accounts = Accounts(admin, Site(PROJECT, REGION, "one"))
        await accounts.ensure("shop")
        next(iter(project.iam.accounts.values())).description = "mine"
        with pytest.raises(Conflict, match="did not make"):
            await accounts.ensure("shop")
        await accounts.remove("shop")
        assert len(project.iam.accounts) == 1
        await admin.close()


@pytest.mark.parametrize("call", ["GetServiceAccount", "CreateServiceAccount"])
async def test_what_is_forbidden_names_the_role(call: str) -> None:
    async with google_project() as project:
        admin = project.admin()
        project.peer.fault(call, grpc.StatusCode.PERMISSION_DENIED)
        with pytest.raises(Unavailable) as refused:
            await Accounts(admin, Site(PROJECT, REGION, "one")).ensure("shop")
        assert "--role=roles/iam.serviceAccountAdmin" in refused.value.fix
        await admin.close()
