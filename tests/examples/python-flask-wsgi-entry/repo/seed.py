from blog import app

if __name__ == "__main__":
    with app.app_context():
        print("seeding")
