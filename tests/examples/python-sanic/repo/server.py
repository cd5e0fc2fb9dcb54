from sanic import Sanic

app = Sanic("web")
