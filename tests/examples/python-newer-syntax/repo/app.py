from flask import Flask

type Name = str

app = Flask(__name__)

try:
    import numpy
except ImportError, ValueError:
    numpy = None
