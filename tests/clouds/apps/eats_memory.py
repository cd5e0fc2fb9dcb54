import os

hoard = []
while True:
    hoard.append(os.urandom(1 << 20))
