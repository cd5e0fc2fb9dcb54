"""The one command or click that mends what a check has found. They are shown, never run."""

from urllib.parse import quote

from devgem.clouds.google.roles import REPOSITORY

SIGN_IN = "gcloud auth application-default login"
YOURSELF = "user:$(gcloud config get-value account)"
"""Whoever runs the command: what DevGem's credentials are where they are no service account's."""


def enable(project: str, apis: list[str]) -> str:
    return f"gcloud services enable {' '.join(apis)} --project={project}"


def link_billing(project: str) -> str:
    return f"https://console.cloud.google.com/billing/linkedaccount?project={quote(project)}"


def grant(project: str, member: str, role: str) -> str:
    return f"gcloud projects add-iam-policy-binding {project} --member={member} --role={role} --condition=None"


def grant_on_repository(project: str, region: str, member: str, role: str) -> str:
    return (
        f"gcloud artifacts repositories add-iam-policy-binding {REPOSITORY} --project={project} "
        f"--location={region} --member={member} --role={role}"
    )


def make_repository(project: str, region: str) -> str:
    return (
        f"gcloud artifacts repositories create {REPOSITORY} --repository-format=docker "
        f"--project={project} --location={region}"
    )


def make_account(project: str, name: str) -> str:
    return f"gcloud iam service-accounts create {name} --project={project}"


def enable_account(project: str, email: str) -> str:
    return f"gcloud iam service-accounts enable {email} --project={project}"


def open_policy(project: str, constraint: str) -> str:
    return f"gcloud org-policies reset {constraint} --project={project}"


def quotas(project: str) -> str:
    return f"https://console.cloud.google.com/iam-admin/quotas?project={quote(project)}"


def see_project() -> str:
    return "gcloud projects list"


def restore(project: str) -> str:
    return f"gcloud projects undelete {project}"


def see_regions() -> str:
    return "gcloud run regions list"
