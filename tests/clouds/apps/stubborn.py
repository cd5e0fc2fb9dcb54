"""Ignores SIGTERM and so do its children, one of which leaves its session."""

import os
import signal

import web

signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    os.setsid()
    while True:
        signal.pause()
if not os.fork():
    while True:
        signal.pause()
web.serve(web.good)
