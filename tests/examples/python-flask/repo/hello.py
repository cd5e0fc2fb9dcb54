from flask import Flask

site = Flask(__name__)


@site.get("/")
def index():
    return "Hello from Flask"


if __name__ == "__main__":
    site.run(port=5005, debug=True)
