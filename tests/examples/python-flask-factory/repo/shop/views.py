from flask import Blueprint

pages = Blueprint("pages", __name__)


@pages.get("/")
def index():
    return "Made by a factory"
