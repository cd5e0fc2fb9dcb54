"""The sample that `make run` deploys: a page that says hello, and how it is doing."""

import os
import platform
from datetime import UTC, datetime

from flask import Flask, render_template

app = Flask(__name__)
started_at = datetime.now(UTC)


@app.get("/")
def hello() -> str:
    return render_template(
        "hello.html",
        greeting=os.environ.get("GREETING", "Hello from DevGem"),
        python=platform.python_version(),
        started_at=started_at,
    )


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}
