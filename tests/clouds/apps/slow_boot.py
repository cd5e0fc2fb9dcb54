import time

import web

for step in range(15):
    print(f"loading part {step}", flush=True)
    time.sleep(0.1)
web.serve(web.good)
