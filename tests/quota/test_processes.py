"""Several real processes on one Redis: together they are granted the limit, and no more. On a busy machine one may take
itself for cut off from Redis; it then goes on with its share, and the limit holds all the same."""

import json
import subprocess
import sys

from tests.quota.server import RedisServer

_WORKER = """
import asyncio, json, logging, sys
from devgem.quota import Ask, Endpoint, Lease, Limits, Outcome, Priority, Quota, Verdict
from devgem.quota.connections import over_tcp

lost = []

class Watch(logging.Handler):
    def emit(self, record):
        lost.append(record.getMessage())

logging.getLogger("devgem.quota").addHandler(Watch())

async def main(url, seconds):
    where = tuple(Endpoint(f"e{n}", "v", "m", limits=Limits(rpm=200, tpm=100_000)) for n in range(2))
    grants = {endpoint.id: 0 for endpoint in where}
    async with Quota(over_tcp(url)) as quota:
        async def caller():
            while asyncio.get_running_loop().time() < until:
                lease = await quota.acquire(Ask(Priority.DEPLOY, 100, 50, where), within_seconds=0.2)
                if isinstance(lease, Lease):
                    grants[lease.endpoint.id] += 1
                    await quota.settle(lease, Outcome(Verdict.OK, input_tokens=100, output_tokens=10))
        until = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(caller() for _ in range(16)))
    print(json.dumps([grants, lost]))

asyncio.run(main(sys.argv[1], float(sys.argv[2])))
"""


def test_four_processes_are_granted_the_limit_together(empty_redis: RedisServer) -> None:
    command = [sys.executable, "-c", _WORKER, empty_redis.url, "4"]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    told = [json.loads(worker.communicate(timeout=60)[0]) for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    for endpoint in ("e0", "e1"):
        total = sum(grants[endpoint] for grants, _ in told)
        assert total == 200 or (total < 200 and any(lost for _, lost in told))
