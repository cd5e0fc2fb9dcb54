import blog.routes
from blog import app

if __name__ == "__main__":
    app.run()
