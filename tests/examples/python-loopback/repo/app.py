from bottle import route, run


@route("/")
def index():
    return "Only at home"


run(host="localhost", port=8081)
