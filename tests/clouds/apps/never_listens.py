import time

print("processing jobs", flush=True)
while True:
    time.sleep(60)
