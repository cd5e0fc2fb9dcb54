import os

from fastapi import FastAPI

from settings import settings

TOKEN = os.environ["API_TOKEN"]
HOST = os.getenv("HOST")

app = FastAPI()


def later():
    return os.environ["ONLY_SOMETIMES"]
