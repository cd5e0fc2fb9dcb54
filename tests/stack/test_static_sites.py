import pytest

from devgem.domain.plan import StaticSite
from tests.stack.trees import cited, planned, refused


@pytest.mark.parametrize(
    ("files", "site"),
    [
        ({"index.html": ""}, StaticSite(".")),
        ({"public/index.html": "", "public/404.html": ""}, StaticSite("public", not_found="404.html")),
        ({"Staticfile": "", "index.html": ""}, StaticSite(".")),
        ({"Staticfile": "root: /www/\n", "www/index.html": ""}, StaticSite("www")),
        ({"Staticfile": "pushstate: enabled\n", "index.html": ""}, StaticSite(".", fallback="index.html")),
        ({"Staticfile": "status_codes:\n  404: /oops.html\n", "index.html": ""},
         StaticSite(".", not_found="oops.html")),
        ({"static.json": '{"root": "out", "routes": {"/**": "app.html"}}', "out/index.html": ""},
         StaticSite("out", fallback="app.html")),
        ({"static.json": '{"error_page": "e.html"}', "public_html/index.html": ""},
         StaticSite("public_html", not_found="e.html")),
        ({"firebase.json": '{"hosting": {"public": "p", "rewrites": [{"source": "**", "destination": "/index.html"}]}}',
          "p/index.html": ""}, StaticSite("p", fallback="index.html")),
        ({"netlify.toml": '[build]\npublish = "n"\n[[redirects]]\nfrom = "/*"\nto = "/index.html"\nstatus = 200\n',
          "n/index.html": ""}, StaticSite("n", fallback="index.html")),
        ({"vercel.json": '{"rewrites": [{"source": "/(.*)", "destination": "/"}]}', "index.html": ""},
         StaticSite(".", fallback="index.html")),
        ({"vercel.json": '{"rewrites": [{"source": "/api/(.*)", "destination": "/api"}]}', "index.html": ""},
         StaticSite(".")),
        ({"_redirects": "/old /new 301\n/* /index.html 200!\n", "index.html": ""},
         StaticSite(".", fallback="index.html")),
        ({"_redirects": "/* /elsewhere 301\n", "index.html": ""}, StaticSite(".")),
    ],
)  # fmt: skip
async def test_a_site_is_served_as_its_files_say(files: dict[str, str], site: StaticSite) -> None:
    plan = await planned(files)
    assert plan.static == site
    assert (plan.stack.language, plan.start, plan.install, plan.build) == ("static", None, (), ())


async def test_the_file_that_names_the_folder_is_cited() -> None:
    plan = await planned({"Staticfile": "# x\nroot: www\n", "www/index.html": ""})
    assert cited(plan, "static_root") == ("www", "Staticfile", 2)


async def test_a_stated_folder_without_a_page_is_refused() -> None:
    answer = await refused({"Staticfile": "root: www\n", "index.html": ""})
    assert answer.reason == "Staticfile names the folder 'www', which has no index.html."


async def test_a_page_that_loads_sources_is_a_guess() -> None:
    plan = await planned({"index.html": '<p>\n<script type="module" src="./main.jsx"></script>\n'})
    assert plan.stack.confidence == "low"
    assert "index.html:2 loads a source file" in plan.notes[0]


async def test_of_two_folders_the_choice_is_a_guess() -> None:
    plan = await planned({"public/index.html": "", "site/index.html": ""})
    assert plan.static == StaticSite("public")
    assert plan.stack.confidence == "low" and "site" in plan.notes[0]


async def test_pages_without_an_index_are_refused_with_what_to_add() -> None:
    answer = await refused({"a.html": "", "b.html": ""})
    assert answer.fix == "Add index.html."
