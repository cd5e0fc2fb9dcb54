"""Elixir and .NET: what the examples do not show."""

import pytest

from tests.stack.trees import cited, planned, refused

MIX = """
defmodule Chat.MixProject do
  def project do
    [app: :chat, elixir: "{}", deps: deps()]
  end
  mod: {{Chat, []}}
{}
end
"""
WEB = """
<Project Sdk="Microsoft.NET.Sdk.Web">
<PropertyGroup><TargetFramework>{}</TargetFramework></PropertyGroup>
{}
</Project>
"""


@pytest.mark.parametrize(
    ("stated", "version"),
    [("~> 1.14", "1.18"), ("~> 1.14 and < 1.16", "1.15"), ("~> 1.13.0 or ~> 1.16.0", "1.16"), ("~> 1.99", "1.99")],
)
async def test_elixir_is_the_newest_known_one_in_the_range(stated: str, version: str) -> None:
    plan = await planned({"mix.exs": MIX.format(stated, "")})
    assert plan.stack.version == version


async def test_phoenix_before_runtime_configuration_is_started_by_mix() -> None:
    plan = await planned(
        {
            "mix.exs": MIX.format("~> 1.11", '{:phoenix, "~> 1.5"}'),
            "config/prod.exs": "import Config\n",
            "assets/package.json": '{"scripts": {"deploy": "webpack"}}',
            "assets/package-lock.json": "{}",
        }
    )
    assert plan.start == ("mix", "phx.server") and plan.stack.confidence == "low" and plan.artifacts == ()
    assert plan.build == (("mix", "compile"), ("npm", "--prefix", "assets", "run", "deploy"), ("mix", "phx.digest"))
    assert "assets/node_modules" in plan.deps


async def test_what_code_outside_the_configuration_requires_may_be_for_another_part() -> None:
    plan = await planned(
        {
            "mix.exs": MIX.format("~> 1.15", ""),
            "config/runtime.exs": 'System.fetch_env!("API_URL")\n',
            "lib/desktop.ex": 'System.fetch_env!("LOG_PATH")\n',
        }
    )
    assert plan.env_required == ("API_URL",) and plan.env_names == ("API_URL", "LOG_PATH")


async def test_an_umbrella_needs_a_release_to_start() -> None:
    umbrella = 'defmodule M do\n  def project do\n    [apps_path: "apps"{}]\n  end\nend\n'
    files = {"apps/web/mix.exs": MIX.format("~> 1.15", '{:phoenix, "~> 1.7"}'), "config/runtime.exs": "import Config\n"}
    answer = await refused({"mix.exs": umbrella.format("")})
    assert "states no release" in answer.reason
    plan = await planned({"mix.exs": umbrella.format(", releases: [shop: []]"), **files})
    assert plan.start == ("_build/prod/rel/shop/bin/shop", "start") and plan.stack.framework == "phoenix"


async def test_a_hex_package_is_a_library() -> None:
    answer = await refused({"mix.exs": MIX.format("~> 1.15", "  package: package()")})
    assert "library" in answer.reason


async def test_the_project_files_that_a_web_project_refers_to_are_inputs() -> None:
    plan = await planned(
        {
            "Web/Web.csproj": WEB.format("net8.0", '<ProjectReference Include="..\\Data\\Data.csproj" />'),
            "Data/Data.csproj": '<Project Sdk="Microsoft.NET.Sdk"></Project>\n',
            "Directory.Packages.props": "<Project></Project>\n",
            "Other/Other.csproj": '<Project Sdk="Microsoft.NET.Sdk"></Project>\n',
        },
        "Web",
    )
    assert plan.install_inputs == ("Web/Web.csproj", "Data/Data.csproj", "Directory.Packages.props")
    assert plan.deps == ("/deps/nuget",) and plan.artifacts == ("Web/bin/publish",)


async def test_a_database_that_windows_alone_has_must_be_given() -> None:
    settings = '{"ConnectionStrings": {"Local": "Server=(localdb)\\\\mssql", "Real": "Host=db"}}'
    code = 'var a = GetConnectionString("Local"); var b = GetConnectionString("Real");\n'
    optional = 'if (!string.IsNullOrEmpty(config.GetConnectionString("Cache"))) { }\n'
    plan = await planned({"A.csproj": WEB.format("net8.0", ""), "appsettings.json": settings, "P.cs": code + optional})
    assert plan.env_required == ("ConnectionStrings__Local",)
    assert plan.env_names == ("ConnectionStrings__Cache", "ConnectionStrings__Local", "ConnectionStrings__Real")


async def test_an_sdk_that_does_not_go_with_the_target_is_doubted() -> None:
    files = {"A.csproj": WEB.format("net8.0", "")}
    other = await planned({**files, "global.json": '{"sdk": {"version": "9.0.100"}}'})
    fitting = await planned({**files, "global.json": '{"sdk": {"version": "8.0.300"}}'})
    assert (other.stack.confidence, fitting.stack.confidence) == ("low", "high")


async def test_desktop_programs_are_no_servers() -> None:
    project = '<Project Sdk="Microsoft.NET.Sdk"><OutputType>WinExe</OutputType><UseWPF>true</UseWPF>{}</Project>'
    target = "<TargetFramework>net8.0-windows</TargetFramework>"
    answer = await refused({"Desk.csproj": project.format(target)})
    assert "desktop" in answer.reason


async def test_a_console_program_somewhere_in_a_repository_is_not_its_app() -> None:
    target = "<OutputType>Exe</OutputType><TargetFramework>net8.0</TargetFramework>"
    console = f'<Project Sdk="Microsoft.NET.Sdk">{target}</Project>'
    answer = await refused({"lib.c": "", "samples/Console/Console.csproj": console})
    assert answer.language is None


async def test_the_address_in_kestrels_settings_is_the_port() -> None:
    settings = '{\n  "Kestrel": {"Endpoints": {"Http": {"Url": "http://localhost:5055"}}}\n}'
    plan = await planned({"A.csproj": WEB.format("net8.0", ""), "appsettings.json": settings})
    assert plan.port == 5055 and cited(plan, "port") == ("5055", "appsettings.json", 2)
