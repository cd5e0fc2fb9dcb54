"""detect: what a repository is, and why, without deploying it."""

import typer


def register(program: typer.Typer) -> None:
    program.command()(detect)


def detect(
    source: str = typer.Argument(".", metavar="[SOURCE]", help="A folder, a git URL or owner/repo."),
    ref: str | None = typer.Option(None, "--ref", metavar="R", help="A branch, tag or commit."),
    dir: str = typer.Option(".", "--dir", metavar="D", help="The app's folder in the repository."),
    as_dockerfile: bool = typer.Option(False, "--dockerfile", help="Print the Dockerfile."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """The stack, the plan and the evidence, without deploying. Exit code 1 when it cannot be planned."""
    import asyncio

    from devgem.cli import show
    from devgem.cli.outcome import Code, Exit, fail
    from devgem.config import read_settings
    from devgem.domain.plan import BuildPlan
    from devgem.wiring import tools

    plan, dockerfile = asyncio.run(tools.detect_source(read_settings(), source, ref, dir))
    document = plan.to_json()
    if as_json:
        show.json_document(document)
    elif not isinstance(plan, BuildPlan):
        for candidate in plan.candidates:
            print(f"{candidate.dir}  {candidate.summary}")
        fail(plan.reason, plan.fix)
    elif as_dockerfile:
        print(dockerfile, end="")
    else:
        _describe(document)
    if not isinstance(plan, BuildPlan):
        raise Exit(Code.FAILURE)


def _describe(document: dict[str, object]) -> None:
    from devgem.cli import show

    for name in ("language", "version", "framework", "package_manager", "kind", "start", "static_root", "port"):
        if document[name]:
            print(f"{name.replace('_', ' '):16} {document[name]}")
    for name in ("install", "build", "env", "env_required", "notes"):
        for value in document[name]:  # type: ignore[attr-defined]
            print(f"{name.replace('_', ' '):16} {value}")
    if document["confidence"] == "low":
        print(show.styled("confidence       low: check this plan before you rely on it", "yellow"))
    print()
    for evidence in document["evidence"]:  # type: ignore[attr-defined]
        where = evidence["file"] + (f":{evidence['line']}" if evidence["line"] else "")
        print(f"{evidence['claim']:16} {evidence['value']}  because of {where}")
