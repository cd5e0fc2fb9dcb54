import os

from celery import Celery

queue = Celery("jobs", broker=os.environ["REDIS_URL"])
