from flask import Flask

application = Flask(__name__)


@application.route("/")
def index():
    return "Ran on import"


application.run(host="127.0.0.1", port=5000)
