import asyncio

import tornado


class Main(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello from Tornado")


async def main():
    app = tornado.web.Application([(r"/", Main)])
    app.listen(8888)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
