"""Go: what the examples do not show."""

import pytest

from tests.stack.trees import cited, planned, refused

SERVER = 'package main\n\nimport "net/http"\n\nfunc main() {\n\thttp.ListenAndServe(":8080", nil)\n}\n'
NO_SERVER = "package main\n\nfunc main() {}\n"


async def test_a_workspace_is_installed_from_the_manifests_of_all_its_modules() -> None:
    plan = await planned(
        {
            "go.work": "go 1.22\n\nuse (\n\t./api // the server\n\t./lib\n)\n",
            "go.work.sum": "",
            "api/go.mod": "module acme/api\n\nrequire github.com/google/uuid v1.6.0\n",
            "api/go.sum": "x\n",
            "api/main.go": SERVER,
            "lib/go.mod": "module acme/lib\n",
        },
        "api",
    )
    assert plan.install_inputs == ("go.work", "go.work.sum", "api/go.mod", "api/go.sum", "lib/go.mod")
    assert plan.deps == ("/deps/go",) and plan.build_env["GOMODCACHE"] == "/deps/go"


async def test_a_module_that_is_replaced_by_a_folder_is_an_input_too() -> None:
    plan = await planned(
        {
            "go.mod": "module acme/app\n\nrequire (\n\tacme/lib v0.0.0\n\tgithub.com/google/uuid v1.6.0\n)\n"
            "replace acme/lib => ./third/lib\n",
            "go.sum": "x\n",
            "third/lib/go.mod": "module acme/lib\n",
            "main.go": SERVER,
        }
    )
    assert plan.install_inputs == ("go.mod", "go.sum", "third/lib/go.mod")


async def test_vendored_modules_are_not_downloaded() -> None:
    plan = await planned(
        {
            "go.mod": "module acme/app\n\nrequire github.com/google/uuid v1.6.0\n",
            "go.sum": "x\n",
            "vendor/modules.txt": "# github.com/google/uuid v1.6.0\n",
            "main.go": SERVER,
        }
    )
    assert plan.install == () and plan.deps == ()


async def test_without_go_sum_versions_are_resolved_while_building() -> None:
    plan = await planned({"go.mod": "module acme/app\n\nrequire github.com/google/uuid v1.6.0\n", "main.go": SERVER})
    assert "-mod=mod" in plan.build[-1]
    assert plan.install == () and any("no go.sum" in note for note in plan.notes)
    assert "GOMODCACHE" not in plan.build_env


async def test_a_wrapper_of_a_c_library_brings_that_library() -> None:
    code = SERVER.replace('import "net/http"', 'import (\n\t"net/http"\n\t_ "github.com/h2non/bimg"\n)')
    plan = await planned(
        {"go.mod": "module acme/app\n\nrequire github.com/h2non/bimg v1.1.9\n", "go.sum": "x\n", "main.go": code}
    )
    assert plan.build_env["CGO_ENABLED"] == "1"
    assert {"build-essential", "libvips-dev"} <= set(plan.requires_build) and plan.requires_run == ("libvips42",)


@pytest.mark.parametrize("folder", ["internal/gen", "tools/lint", "examples/web", "testdata/x", "_old"])
async def test_a_program_that_is_no_part_of_the_product_is_not_chosen(folder: str) -> None:
    answer = await refused({"go.mod": "module acme/lib\n", "lib.go": "package lib\n", f"{folder}/main.go": SERVER})
    assert "library" in answer.reason or "example" in answer.reason


async def test_a_file_that_no_build_includes_is_no_program() -> None:
    generator = "//go:build ignore\n\n" + SERVER
    answer = await refused({"go.mod": "module acme/lib\n", "lib.go": "package lib\n", "gen.go": generator})
    assert "library" in answer.reason


async def test_the_port_of_another_machine_is_not_taken_for_its_own() -> None:
    code = (
        'package main\n\nimport (\n\t"net/http"\n\t"acme/app/mail"\n)\n\n'
        "func main() {\n\tmail.Send()\n\thttp.ListenAndServe(listenOn(), nil)\n}\n"
    )
    plan = await planned(
        {
            "go.mod": "module acme/app\n",
            "main.go": code,
            "mail/relay.go": "package mail\n\nconst relayPort = 2525\n\nfunc Send() {}\n",
        }
    )
    assert plan.stack.confidence == "low" and plan.port == 8080


async def test_a_database_port_is_not_the_variable_of_its_own() -> None:
    code = SERVER.replace("\thttp.", '\t_ = os.Getenv("DB_PORT")\n\thttp.').replace(
        '"net/http"', '(\n"net/http"\n"os"\n)'
    )
    plan = await planned({"go.mod": "module acme/app\n", "main.go": code})
    assert plan.start == ("./bin/app",) and plan.env_names == ("DB_PORT",)


async def test_the_program_of_the_modules_own_folder_goes_before_others_that_serve() -> None:
    plan = await planned({"go.mod": "module acme/app\n", "main.go": SERVER, "cmd/admin/main.go": SERVER})
    assert plan.build[-1][-1] == "." and plan.stack.confidence == "low"
    assert any("cmd/admin" in note for note in plan.notes)


async def test_a_program_with_files_of_its_own_runs_beside_them() -> None:
    plan = await planned(
        {"go.mod": "module acme/all\n", "chat/main.go": SERVER, "chat/page.html": "<p>", "other/main.go": NO_SERVER},
        "chat",
    )
    assert plan.dir == "chat" and plan.build[-1][-1] == "."


async def test_code_that_imports_modules_needs_go_mod() -> None:
    code = SERVER.replace('"net/http"', '(\n\t"net/http"\n\t"github.com/go-chi/chi/v5"\n)')
    answer = await refused({"main.go": code})
    assert "there is no go.mod" in answer.reason and "go mod init" in answer.fix


async def test_an_embedded_folder_that_nothing_makes_is_said() -> None:
    code = SERVER.replace(
        'import "net/http"', 'import (\n\t"embed"\n\t"net/http"\n)\n\n//go:embed site/*\nvar site embed.FS'
    )
    plan = await planned({"go.mod": "module acme/app\n", "main.go": code})
    assert plan.stack.confidence == "low"
    assert cited(plan, "embed") == ("site/*", "main.go", 8)
