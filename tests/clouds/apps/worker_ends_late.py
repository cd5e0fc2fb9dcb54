import time

loading_until = time.monotonic() + 3.5
while time.monotonic() < loading_until:
    pass
raise TypeError("expected token to be a str")
