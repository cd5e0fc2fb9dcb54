"""Plays Vertex AI's regions and the Gemini API on loopback, with limits that it enforces and counts on its own.

    async with GeminiStandIn(Config(limits={"us-central1": Limits(rpm=60)})) as google:
        google.fault("us-central1", Fault("429", seconds=2.5))
        google.script(Reply.say("Hello"), Reply.call("deploy", {"app": "shop"}))
        ...                      # GOOGLE at google.url, both for Vertex and for the Gemini API
        assert google.peaks()["us-central1"].requests <= 60

or as a process: `python -m tests.standins.gemini --port N --config JSON`, steered over HTTP (see server.py).
"""

from tests.standins.gemini.brain import Brain, Call, Reply
from tests.standins.gemini.faults import Fault
from tests.standins.gemini.server import Config, GeminiStandIn
from tests.standins.gemini.windows import Arrival, Limits, Peak

__all__ = ["Arrival", "Brain", "Call", "Config", "Fault", "GeminiStandIn", "Limits", "Peak", "Reply"]
