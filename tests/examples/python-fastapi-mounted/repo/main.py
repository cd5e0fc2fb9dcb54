import uvicorn
from fastapi import FastAPI

admin = FastAPI()
app = FastAPI()
app.mount("/admin", admin)

if __name__ == "__main__":
    uvicorn.run("main:app", port=9000, reload=True)
