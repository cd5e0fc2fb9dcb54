"""What listens is found in code, with the port as far as it is written."""

import pytest

from devgem.stack.node.listening import find_listener
from tests.stack.trees import open_files


@pytest.mark.parametrize(
    ("code", "line", "port", "reads_port"),
    [
        ("const PORT = process.env.PORT || 3000;\napp.listen(PORT)", 2, 3000, True),
        ("const { PORT = 3000 } = process.env\napp.listen(PORT)", 2, 3000, True),
        ("app.listen(5000)", 1, 5000, False),
        ("app.set('port', process.env.PORT || 4000)\napp.listen(app.get('port'))", 2, 4000, True),
        ("server.listen(normalizePort(process.env.PORT || '3000'))", 1, 3000, True),
        ("const port = parseInt(process.env.PORT ?? '3000', 10)\nhttp.createServer(app).listen(port)", 2, 3000, True),
        ("await fastify.listen({ port: Number(process.env.PORT ?? 8000), host: '::' })", 1, 8000, True),
        ("await app.listen(config.get<number>('PORT') || 3000)", 1, 3000, True),
        ("await startStandaloneServer(server, { listen: { port: 4000 } })", 1, 4000, False),
        ("new WebSocketServer({ port: 8080 })", 1, 8080, False),
        ("import { serve } from '@hono/node-server'\nserve({ fetch, port: 3000 })", 2, 3000, False),
        ("Bun.serve({ fetch })", 1, 3000, True),
        ("Deno.serve(handler)", 1, 8000, False),
        ("app.listen(args.port || process.env.PORT || 3001)", 1, 3001, True),
        ("app.listen(await choose())", 1, None, None),
    ],
)
async def test_calls_that_listen(code: str, line: int, port: int | None, reads_port: bool | None) -> None:
    found = await find_listener(await open_files({"index.js": code}), "index.js")
    assert found is not None
    assert (found.line, found.port, found.reads_port) == (line, port, reads_port)


@pytest.mark.parametrize(
    "code",
    [
        "// app.listen(3000)",
        "const help = 'app.listen(3000)'",
        "client.login(token)",
        "history.listen(update)",
        "new WebSocketServer({ server })",
        "serve({ port: 3000 })",
    ],
)
async def test_what_does_not_listen(code: str) -> None:
    assert await find_listener(await open_files({"index.js": code}), "index.js") is None


async def test_relative_imports_are_followed_to_the_call_and_to_the_port() -> None:
    files = await open_files(
        {
            "src/index.ts": 'import "./setup.js";\nimport { start } from "@/server";\nstart();\n',
            "src/setup.ts": "",
            "src/server/index.ts": 'import { env } from "../env";\nexport const start = () => app.listen(env.PORT);\n',
            "src/env.ts": "export const env = z.object({ PORT: z.coerce.number().default(3456) });\n",
        }
    )
    found = await find_listener(files, "src/index.ts")
    assert found is not None
    assert (found.path, found.line, found.port, found.reads_port) == ("src/server/index.ts", 2, 3456, True)


async def test_a_port_of_something_else_is_not_taken_for_the_servers() -> None:
    files = await open_files(
        {
            "index.js": 'const db = require("./db");\napp.listen(env.PORT);\n',
            "db.js": "module.exports = { port: 5432 };\n",
        }
    )
    found = await find_listener(files, "index.js")
    assert found is not None and (found.port, found.reads_port) == (None, True)


async def test_imports_in_a_circle_end() -> None:
    files = await open_files({"a.js": 'import "./b"', "b.js": 'import "./a"'})
    assert await find_listener(files, "a.js") is None


async def test_a_default_export_with_a_handler_listens_under_bun_only() -> None:
    files = await open_files({"index.ts": "const app = new Hono();\nexport default app;\n"})
    assert await find_listener(files, "index.ts") is None
    assert await find_listener(files, "index.ts", bun=True) is not None


async def test_a_host_of_the_machine_itself_is_noticed() -> None:
    found = await find_listener(await open_files({"a.js": "app.listen(3000, 'localhost')"}), "a.js")
    assert found is not None and found.is_loopback
