"""Its metrics answer long before its own port does."""

import os
import threading
import time

import web

threading.Thread(target=web.serve, args=(lambda path, host: (200, "metrics"),), kwargs={"port": 9090}).start()
time.sleep(0.8)
print("ready on", os.environ["PORT"], flush=True)
web.serve(web.good)
