import os

from flask import Flask

app = Flask(__name__)
GREETING = os.environ['GREETING']


@app.get('/')
def index():
    return GREETING
