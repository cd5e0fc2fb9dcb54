"""`python -m tests.standins.gemini --port N --config JSON`: prints its URL, serves until it is told to stop."""

import argparse
import asyncio
import json
import signal

import uvloop

from tests.standins.gemini.server import Config, GeminiStandIn


async def serve(port: int, config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    standin = GeminiStandIn(config, keeps_bodies=False)
    await standin.start(port)
    async with standin:
        print(standin.url, flush=True)
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standins.gemini", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--config", default="{}", help='such as {"limits": {"us-central1": {"rpm": 60}}}')
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(asked.port, Config.parse(json.loads(asked.config))))


if __name__ == "__main__":
    main()
