from blog import app


@app.get("/")
def index():
    return "Routes are there"
