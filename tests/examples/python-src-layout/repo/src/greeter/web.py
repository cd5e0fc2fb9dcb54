from flask import Flask

from greeter.words import HELLO

app = Flask(__name__)


@app.get("/")
def index():
    return HELLO
