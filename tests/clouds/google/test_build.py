"""Builds on Cloud Build: begun once, told as they go, and ended where they are left."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import grpc
import pytest

from devgem.clouds.google.build_request import PIECE_CHARACTERS, PIECES
from devgem.domain.app import Image, Progress, Repository
from devgem.domain.failure import Failure
from tests.clouds.google.building import (
    PLAN,
    SHA,
    SITE,
    Google,
    environment,
    google_builds,
    order,
    outcome,
    texts,
    until,
)
from tests.clouds.google.project import PROJECT, REGION, MemoryNotes
from tests.standins.google.build import Script
from tests.standins.google.peer import Fault

BUILDER = f"serviceAccount:devgem-build@{PROJECT}.iam.gserviceaccount.com"
PASSING = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,
)
FINAL = (
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
)


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with google_builds() as made:
        yield made


async def test_a_commit_becomes_an_image_by_its_digest_and_its_log_is_told(google: Google) -> None:
    google.cloud.scripts = [Script(lines=["#5 [build 2/3] RUN pip install", "#6 [build 3/3] COPY . /app", "café ✓"])]
    async with google.builds() as builds:
        items, image = await outcome(builds, order())
    assert isinstance(image, Image)
    [asked] = google.requested()
    assert google.cloud.images[image.digest].tags == asked.tags
    assert "devgem-dep_1" in asked.tags and not asked.source
    assert asked.service_account.endswith(f"devgem-build@{PROJECT}.iam.gserviceaccount.com")
    assert texts(items) == ["#5 [build 2/3] RUN pip install", "#6 [build 3/3] COPY . /app", "café ✓"]
    assert texts(items, "devgem")[-1].endswith(f"{SITE.install}/shop@{image.digest}")
    shares = [item.fraction or 0.0 for item in items if isinstance(item, Progress)]
    assert shares == sorted(shares) and len(shares) > 1
    assert google.notes.kept == {}


async def test_the_dockerfile_travels_in_the_request_and_declares_the_build_variables(google: Google) -> None:
    plan = replace(PLAN, build_env={"MODE": "plan", "KEPT": "yes"}, build=(("sh", "-c", "echo ${MODE}"),))
    async with google.builds() as builds:
        await outcome(builds, order(plan=plan, env={"MODE": "mine ${x}\nand more"}))
    [asked] = google.requested()
    target = _bake(asked)
    text = target["dockerfile-inline"].replace("$${", "${")
    lines = text.splitlines()
    assert lines[[line.startswith("FROM") for line in lines].index(True) + 1] == "ARG MODE"
    assert "ENV KEPT=yes" in lines and not any(line.startswith("ENV MODE") for line in lines)
    assert "RUN echo ${MODE}" in lines
    given = json.loads(google.secrets_ever()[0])
    assert given == {"target": {"app": {"args": {"MODE": "mine $${x}\nand more"}}}}
    assert "mine" not in str(asked)


async def test_the_repositorys_own_dockerfile_is_respected(google: Google) -> None:
    plan = replace(PLAN, dir="apps/web", dockerfile="apps/web/docker/Dockerfile")
    async with google.builds() as builds:
        await outcome(builds, order(plan=plan))
    [asked] = google.requested()
    target = _bake(asked)
    assert target["context"] == "apps/web" and target["dockerfile"] == "docker/Dockerfile"
    assert "dockerfile-inline" not in target
    assert not any(name.startswith("DEVGEM_IGNORE") for name in environment(asked.steps[1]))


async def test_a_token_and_build_variables_are_nowhere_but_in_secrets_that_go(google: Google) -> None:
    google.tokens["shop"] = "ghu_verysecret"
    google.cloud.scripts = [Script(lines=["using ghu_verysecret and hunter2hunter2"])]
    async with google.builds() as builds:
        items, image = await outcome(builds, order(env={"PASSWORD": "hunter2hunter2"}))
    assert isinstance(image, Image)
    assert google.secrets_ever()[0] == b"ghu_verysecret"
    everything = str(google.requested()) + str(items) + str(google.notes.kept)
    assert "ghu_verysecret" not in everything and "hunter2hunter2" not in everything
    grants = google.peer.sent("SetIamPolicy")
    assert {member for grant in grants for binding in grant.policy.bindings for member in binding.members} == {BUILDER}
    assert google.secrets.secrets == {}


async def test_long_edits_are_split_and_too_long_ones_are_refused_before_anything_is_made(google: Google) -> None:
    noise = _noise(60_000)
    google.tokens["shop"] = "ghu_verysecret"
    async with google.builds() as builds:
        _, image = await outcome(builds, order(patch=noise))
        _, refused = await outcome(builds, order("dep_2", patch=_noise(PIECES * PIECE_CHARACTERS)))
    assert isinstance(image, Image)
    [asked] = google.requested()
    variables = environment(asked.steps[1])
    packed = "".join(variables[f"DEVGEM_PATCH_{n}"] for n in range(len(variables) - 1))
    assert gzip.decompress(base64.b64decode(packed)).decode() == noise
    assert isinstance(refused, Failure) and refused.code == "too_large_for_request" and refused.fix
    assert len(google.secrets_ever()) == 1


async def test_what_cannot_be_fetched_from_there_is_refused(google: Google) -> None:
    async with google.builds() as builds:
        for location in ("/home/ada/shop", "ssh://git@github.com/ada/shop", "file:///srv/shop"):
            _, refused = await outcome(builds, replace(order(), repository=Repository(location)))
            assert isinstance(refused, Failure) and refused.code == "source_out_of_reach"
    assert google.peer.calls == []


@pytest.mark.parametrize("note", ["kept", "lost"])
async def test_a_build_is_found_again_after_a_crash_and_never_begun_twice(google: Google, note: str) -> None:
    google.cloud.scripts = [Script(held=True)]
    notes = MemoryNotes()
    async with google.builds(notes=notes) as before, google.builds(notes=MemoryNotes()) as lost:
        first = asyncio.create_task(outcome(before, order()))
        await until(lambda: google.cloud.builds and notes.kept)
        async with google.builds(notes=notes) as after:
            second = asyncio.create_task(outcome(after if note == "kept" else lost, order()))
            await until(lambda: google.peer.counts["ListBuilds"] + google.peer.counts["GetBuild"] > 3)
            google.cloud.let_go(next(iter(google.cloud.builds)))
            (_, one), (_, other) = await first, await second
    assert isinstance(one, Image) and one == other
    assert google.peer.counts["CreateBuild"] == 1


async def test_a_start_whose_answer_was_lost_is_looked_up_and_not_repeated(google: Google) -> None:
    google.peer.fault("CreateBuild", Fault(grpc.StatusCode.UNAVAILABLE, late=True))
    async with google.builds() as builds:
        _, image = await outcome(builds, order())
    assert isinstance(image, Image)
    assert len(google.cloud.builds) == 1


async def test_leaving_a_build_cancels_it_and_the_next_attempt_begins_another(google: Google) -> None:
    google.tokens["shop"] = "ghu_verysecret"
    google.cloud.scripts = [Script(held=True)]
    async with google.builds() as builds:
        async with aclosing(builds.build(order())) as items:  # type: ignore[type-var]  # a generator
            async for item in items:
                if isinstance(item, Progress) and item.fraction:
                    break
        [cancelled] = google.cloud.builds.values()
        assert cancelled.status.name == "CANCELLED"
        assert google.secrets.secrets == {} and google.notes.kept == {}
        _, image = await outcome(builds, order())
    assert isinstance(image, Image)
    assert len(google.cloud.builds) == 2


async def test_lost_quota_is_waited_for_as_long_as_google_asks(google: Google) -> None:
    google.peer.fault("CreateBuild", Fault(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_seconds=0.04), times=3)
    async with google.builds() as builds:
        items, image = await outcome(builds, order())
    assert isinstance(image, Image)
    assert len([text for text in texts(items, "devgem") if "Trying again" in text]) == 3
    at = [at for name, at, _ in google.peer.requests if name == "CreateBuild"]
    assert all(later - earlier >= 0.04 for earlier, later in pairwise(at))


async def test_a_build_that_cloud_build_has_lost_is_told(google: Google) -> None:
    google.cloud.scripts = [Script(held=True)]
    async with google.builds() as builds:
        making = asyncio.create_task(outcome(builds, order()))
        await until(lambda: google.peer.counts["GetBuild"] > 1)
        google.cloud.builds.clear()
        _, lost = await making
    assert isinstance(lost, Failure) and lost.code == "build_lost" and lost.retryable


async def test_the_place_in_the_queue_is_told(google: Google) -> None:
    google.cloud.scripts = [Script(queued=1000), Script(queued=3)]
    async with google.builds() as builds:
        waiting = asyncio.create_task(outcome(builds, order()))
        await until(lambda: google.cloud.builds)
        items, _ = await outcome(builds, order("dep_2", "blog"))
        waiting.cancel()
        await asyncio.wait([waiting])
    told = [item.message for item in items if isinstance(item, Progress)]
    assert "Waiting for a place at Cloud Build, behind 1 other" in told


SAID: list[tuple[Script, str, str]] = [
    (Script("FAILURE", 0, ["fatal: could not read Username for 'https://github.com'"]), "repository_private", "GitHub"),
    (Script("FAILURE", 0, [f"fatal: remote error: upload-pack: not our ref {SHA}"]), "commit_gone", ""),
    (Script("FAILURE", 0, ["fatal: unable to access: Could not resolve host"]), "fetch_failed", ""),
    (Script("FAILURE", 1, ["error: patch failed: app.py:1"]), "edits_do_not_apply", ""),
    (
        Script("FAILURE", 2, ['ERROR: process "/bin/sh -c ./make" did not complete successfully: exit code: 3']),
        "command_failed",
        "",
    ),
    (
        Script("FAILURE", 2, ['ERROR: process "/bin/sh -c ./make" did not complete successfully: exit code: 137']),
        "out_of_memory",
        "",
    ),
    (
        Script("FAILURE", 2, ["ERROR: failed to push x: denied: Permission denied"]),
        "push_failed",
        "artifactregistry.writer",
    ),
    (Script("FAILURE", 2, ["write /x: no space left on device"]), "disk_limit", ""),
    (Script("FAILURE", 2, ["nothing that anybody knows"]), "build_failed", ""),
    (Script("TIMEOUT", 2), "build_timeout", "DEVGEM_BUILD_TIMEOUT_SECONDS"),
    (Script("INTERNAL_ERROR", 2, detail="worker lost"), "build_broke", ""),
    (Script("EXPIRED", 0), "build_expired", ""),
    (Script("CANCELLED", 2), "build_cancelled", ""),
]


@pytest.mark.parametrize(("script", "code", "fix"), SAID, ids=[code for _, code, _ in SAID])
async def test_every_way_to_fail_has_a_cause_and_a_remedy(google: Google, script: Script, code: str, fix: str) -> None:
    google.cloud.scripts = [script]
    async with google.builds() as builds:
        _, failed = await outcome(builds, order())
    assert isinstance(failed, Failure)
    assert failed.code == code
    assert failed.cause and failed.fix and fix in failed.fix
    if script.lines:
        assert failed.evidence


CALLS = ("CreateBuild", "GetBuild", "ListBuilds", "ListLogEntries", "CreateSecret", "AddSecretVersion", "SetIamPolicy",
         "DeleteSecret")  # fmt: skip
NOT_NEEDED = ("ListLogEntries", "DeleteSecret")
"""What a build does not stand or fall with."""


@pytest.mark.parametrize("code", PASSING, ids=lambda code: code.name.lower())
async def test_what_passes_is_survived_at_every_call(google: Google, code: grpc.StatusCode) -> None:
    google.tokens["shop"] = "ghu_verysecret"
    async with google.builds() as builds:
        for number, call in enumerate(CALLS):
            for late in (False, True):
                google.peer.fault(call, Fault(code, retry_seconds=0.01, late=late), times=2)
                google.cloud.scripts = [Script(lines=["one", "two"], looks=3)]
                items, image = await outcome(builds, order(f"dep_{number}_{late}"))
                assert isinstance(image, Image), (call, late, image)
                assert texts(items) == ["one", "two"], (call, late)
    assert len(google.cloud.builds) == 2 * len(CALLS)
    assert google.secrets.secrets == {}


@pytest.mark.parametrize("code", FINAL, ids=lambda code: code.name.lower())
async def test_what_does_not_pass_is_said_with_its_remedy_at_every_call(google: Google, code: grpc.StatusCode) -> None:
    google.tokens["shop"] = "ghu_verysecret"
    async with google.builds() as builds:
        for number, call in enumerate(CALLS):
            google.peer.faults.clear()
            google.peer.fault(call, Fault(code), times=50)
            items, ended = await outcome(builds, order(f"dep_{number}"), limit_seconds=90)
            if call in NOT_NEEDED:
                assert isinstance(ended, Image), (call, ended)
            else:
                assert isinstance(ended, Failure), (call, ended)
                assert ended.cause and not ended.retryable, (call, ended)
                if code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED):
                    assert ended.fix.startswith("gcloud "), (call, ended)
            if call == "ListLogEntries":
                assert any("log cannot be read" in text for text in texts(items, "devgem")), items


async def test_what_never_comes_back_ends_with_a_failure_that_may_be_repeated(google: Google) -> None:
    google.peer.fault("CreateBuild", grpc.StatusCode.UNAVAILABLE, times=100)
    async with google.builds() as builds:
        _, failed = await outcome(builds, order())
    assert isinstance(failed, Failure) and failed.retryable and failed.fix


async def test_the_images_of_an_app_go_with_it(google: Google) -> None:
    kept = f"projects/{PROJECT}/locations/{REGION}/repositories/devgem/packages/"
    others = {f"{kept}{SITE.install}%2Fblog", f"{kept}another%2Fshop"}
    google.registry.packages = {f"{kept}{SITE.install}%2Fshop", *others}
    async with google.builds() as builds:
        for app in ("shop--preview", "shop", "shop"):
            await builds.delete(app)
    assert google.registry.packages == others


def _bake(asked: Any) -> dict[str, Any]:
    variables = environment(asked.steps[2])
    packed = "".join(variables[f"DEVGEM_BAKE_{n}"] for n in range(len(variables)))
    target: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))["target"]["app"]
    return target


def _noise(characters: int) -> str:
    """Text that cannot be packed."""
    import random

    return base64.b64encode(random.Random(1).randbytes(characters)).decode()[:characters]
