"""quota: what may be asked of each model endpoint now, and who waits."""

from typing import Any

import typer


def register(program: typer.Typer) -> None:
    program.command()(quota)


def quota(as_json: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """Used and limit of each model endpoint, its circuit, and who waits."""
    from devgem.cli import show
    from devgem.cli.running import connect

    with connect() as client:
        board = client.get("/api/v1/quota")
    if as_json:
        show.json_document(board)
        return
    if board["endpoints"]:
        show.table(("ENDPOINT", "RPM", "RPH", "TPM", "CIRCUIT"), [_row(endpoint) for endpoint in board["endpoints"]])
    else:
        print("No model endpoint is configured: answers come from DevGem's own rules.")
    for name, value in _facts(board).items():
        print(f"{name:12} {value}")


def _row(endpoint: dict[str, Any]) -> tuple[str, ...]:
    return (
        endpoint["id"],
        *(_usage(endpoint[window]) for window in ("rpm", "rph", "tpm")),
        _circuit(endpoint),
    )


def _usage(usage: dict[str, Any]) -> str:
    limit = usage["limit"]
    return f"{usage['used']:,}/{'unknown' if limit is None else f'{limit:,}'}"


def _circuit(endpoint: dict[str, Any]) -> str:
    """Its state, why, when it is probed next, and what share of its limits it has learned to keep to."""
    from devgem.cli import show

    told = [endpoint["circuit"]]
    if endpoint["reason"]:
        told.append(endpoint["reason"])
    if endpoint["retry_in_seconds"] is not None:
        told.append(f"next try in {show.seconds(endpoint['retry_in_seconds'])}")
    if endpoint["ceiling"] < 1:
        told.append(f"at {endpoint['ceiling']:.0%} of its limits")
    return ", ".join(told)


def _facts(board: dict[str, Any]) -> dict[str, str]:
    spent = board["spent"]
    limit = f" of {spent['day_limit']:,}" if spent["day_limit"] is not None else ""
    cost = f", ${spent['cost_usd']:.2f}" if spent["cost_usd"] is not None else ""
    facts = {
        "waiting": ", ".join(f"{priority} {count}" for priority, count in board["waiting"].items()),
        "processes": str(board["processes"]),
        "today": f"{spent['day_tokens']:,}{limit} tokens{cost}",
    }
    if board["degraded"]:
        facts["degraded"] = board["degraded"]
    return facts
