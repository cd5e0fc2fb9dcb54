from fastapi import FastAPI

from database import GREETING

app = FastAPI()


@app.get("/")
def index():
    return GREETING
