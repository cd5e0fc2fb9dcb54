"""Forks until it is refused, and says how far it came."""

import errno
import json
import os
import signal
import time

children: list[int] = []
reason = ""
while len(children) < 5000:
    try:
        child = os.fork()
    except OSError as error:
        reason = errno.errorcode[error.errno or 0]
        break
    if child == 0:
        time.sleep(60)
        os._exit(0)
    children.append(child)
for child in children:
    os.kill(child, signal.SIGKILL)
print(json.dumps({"started": len(children), "error": reason}))
