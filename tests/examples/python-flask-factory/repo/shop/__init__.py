import os

from flask import Flask


def create_app(config=None):
    app = Flask(__name__)
    app.secret_key = os.environ.get("SECRET_KEY", "dev")

    from . import views

    app.register_blueprint(views.pages)
    return app
