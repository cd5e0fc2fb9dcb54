"""Answers by the rules alone, as a model: what a message asks for becomes a tool call, its summary the answer."""

import json
from collections.abc import AsyncIterator
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from devgem.agent.rules import Intent, Verb, understand

_HELP = """I understand:
  deploy <folder, git URL or owner/repo> [as <name>] [branch <ref>] [in <folder>]
  list
  rollback <app>, restart <app>, cancel <app>"""


def model() -> FunctionModel:
    return FunctionModel(stream_function=_answer, model_name="rules")


async def _answer(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
    last = messages[-1]
    assert isinstance(last, ModelRequest)
    results: list[Any] = [part.content for part in last.parts if isinstance(part, ToolReturnPart)]
    if results:
        yield "\n".join(str(result["summary"]) for result in results)
        return
    text = next(str(part.content) for part in last.parts if isinstance(part, UserPromptPart))
    answer = _call(understand(text))
    yield answer if isinstance(answer, str) else {0: answer}


def _call(intent: Intent) -> str | DeltaToolCall:
    match intent.verb:
        case Verb.DEPLOY if not intent.target:
            return "Which repository? Say `deploy owner/repo`, a git URL, a folder, or `deploy sample`."
        case Verb.DEPLOY:
            arguments = {"source": intent.target, "name": intent.name, "ref": intent.ref, "dir": intent.dir}
            return DeltaToolCall("deploy", json.dumps({k: v for k, v in arguments.items() if v}))
        case Verb.LIST:
            return DeltaToolCall("list_apps", "{}")
        case Verb.CANCEL | Verb.ROLLBACK | Verb.RESTART if not intent.target:
            return f"Which app? Say `{intent.verb} <app>`."
        case Verb.CANCEL | Verb.ROLLBACK | Verb.RESTART:
            return DeltaToolCall(intent.verb.value, json.dumps({"app": intent.target}))
        case Verb.HELP:
            return _HELP
        case Verb.UNKNOWN:
            return f"I did not understand that.\n{_HELP}"
