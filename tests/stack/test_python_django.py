import pytest

from devgem.domain.plan import display
from tests.stack.trees import cited, planned

MANAGE = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf.settings')\n"
WSGI = "import os\nfrom django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"


def project(settings: str, **more: str) -> dict[str, str]:
    return {
        "requirements.txt": "django\ngunicorn\n",
        "manage.py": MANAGE,
        "conf/__init__.py": "",
        "conf/settings.py": settings,
        "conf/wsgi.py": WSGI,
        **more,
    }


async def test_the_application_is_the_one_that_the_settings_name() -> None:
    plan = await planned(project("DEBUG = False\nWSGI_APPLICATION = 'conf.wsgi.application'\n"))
    assert plan.start is not None
    assert display(plan.start) == "gunicorn --bind 0.0.0.0:${PORT:-8080} --threads 8 conf.wsgi:application"
    assert cited(plan, "start")[1:] == ("conf/settings.py", 2)
    assert plan.release == () and any("Migrations are not run" in note for note in plan.notes)


async def test_without_a_name_it_is_the_one_in_wsgi_or_asgi() -> None:
    assert cited(await planned(project("")), "start")[1:] == ("conf/wsgi.py", 3)


@pytest.mark.parametrize(
    "manage",
    [
        "import os\nname = 'conf.live' if 'LIVE' in os.environ else 'conf.settings'\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', name)\n",
        "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = os.getenv('SETTINGS', 'conf.settings')\n",
        "def main():\n    import os\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf.settings')\n",
    ],
)
async def test_the_settings_module_is_found_however_manage_py_chooses_it(manage: str) -> None:
    plan = await planned({**project("STATIC_ROOT = 'x'\n"), "manage.py": manage})
    assert "conf.settings" in display(plan.build[0])


async def test_channels_make_it_asgi() -> None:
    tree = project("ASGI_APPLICATION = 'conf.asgi.application'\nWSGI_APPLICATION = 'conf.wsgi.application'\n")
    plan = await planned({**tree, "requirements.txt": "django\nchannels\n"})
    assert plan.start is not None and display(plan.start).startswith("uvicorn conf.asgi:application ")


@pytest.mark.parametrize(
    ("settings", "collects"),
    [
        ("STATIC_ROOT = BASE / 'x'\n", True),
        ("STATIC_ROOT = BASE / 'x'\nINSTALLED_APPS = ['django.contrib.staticfiles']\n", True),
        ("STATIC_ROOT = BASE / 'x'\nINSTALLED_APPS = ['mine']\n", False),
        ("STATIC_ROOT = None\n", False),
        ("if not DEBUG:\n    STATIC_ROOT = 'x'\n", False),
        ("STATIC_URL = '/static/'\n", False),
    ],
)
async def test_static_files_are_collected_where_the_settings_say_where_to(settings: str, collects: bool) -> None:
    plan = await planned(project(settings))
    assert any("collectstatic" in display(command) for command in plan.build) == collects


async def test_the_build_gets_stand_ins_for_what_the_settings_cannot_be_imported_without() -> None:
    base = "import os\nK = os.environ['SECRET_KEY']\nD = os.environ['DATABASE_URL']\nSTATIC_ROOT = 'x'\n"
    tree = project("from .base import *\n", **{"conf/base.py": base})
    plan = await planned(tree)
    assert display(plan.build[0]) == (
        "DJANGO_SETTINGS_MODULE=${DJANGO_SETTINGS_MODULE:-conf.settings} "
        "DATABASE_URL=${DATABASE_URL:-sqlite:////tmp/build.sqlite3} SECRET_KEY=${SECRET_KEY:-0} "
        "python manage.py collectstatic --noinput"
    )
    assert plan.env_required == ("DATABASE_URL", "SECRET_KEY")


async def test_the_settings_are_those_that_the_server_will_use() -> None:
    wsgi = WSGI.replace("import os\n", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf.live')\n")
    tree = project("STATIC_ROOT = 'x'\n", **{"conf/live.py": "from .settings import *\n", "conf/wsgi.py": wsgi})
    assert "conf.live" in display((await planned(tree)).build[0])


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ("DEBUG = True\n", "conf/settings.py:1 has DEBUG = True"),
        ("ALLOWED_HOSTS = ['a.org']\n", "conf/settings.py:1 allows a.org:"),
        ("ALLOWED_HOSTS = []\n", "conf/settings.py:1 allows nothing:"),
        ("X = 1\nMIDDLEWARE = ['a']\n", "conf/settings.py:2 has no WhiteNoise"),
    ],
)
async def test_what_would_break_behind_a_new_host_name_is_said(settings: str, note: str) -> None:
    plan = await planned(project(settings))
    assert any(found.startswith(note) for found in plan.notes)


@pytest.mark.parametrize(
    "settings",
    [
        "ALLOWED_HOSTS = ['*']\n",
        "ALLOWED_HOSTS = env('X')\n",
        "DEBUG = True\nALLOWED_HOSTS = []\n",
        "DEBUG = env('D')\n",
    ],
)
async def test_what_is_well_is_not_complained_about(settings: str) -> None:
    assert not any("answers 400" in note for note in (await planned(project(settings))).notes)
