"""Ruby, Rails and Jekyll: what the examples do not show."""

import pytest

from devgem.stack.languages.gemfile import read_gems
from tests.stack.trees import cited, open_files, planned, refused

LOCK = "GEM\n  specs:\n{}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n"
RAILS = {
    "config/application.rb": "module Blog\n  class Application < Rails::Application\n  end\nend\n",
    "config.ru": "run Rails.application\n",
}


def lock(**gems: str) -> str:
    return LOCK.format("".join(f"    {name.replace('_', '-')} ({version})\n" for name, version in gems.items()))


async def test_gems_of_development_and_test_groups_are_not_there_in_production() -> None:
    gemfile = (
        'gem "rack"\ngroup :development, :test do\n  gem "puma"\n  if RUBY_VERSION > "3"\n    gem "debug"\n  end\nend\n'
        'gem "falcon"\ngem "rspec", group: :test\ngem "sidekiq", group: [:production, :test]\n'
    )
    gems = await read_gems(
        await open_files({"Gemfile": gemfile, "Gemfile.lock": lock(rack="3.1", puma="6.4", falcon="0.4", rspec="3")})
    )
    assert "falcon" in gems and "rack" in gems and "sidekiq" in gems
    assert not {"puma", "debug", "rspec"} & gems.found.keys()


async def test_a_gem_from_git_needs_git_to_install() -> None:
    plan = await planned({"Gemfile": 'gem "rack", github: "rack/rack"\ngem "puma"\n', "config.ru": "run App\n"})
    assert "git" in plan.requires_build
    assert any("no Gemfile.lock" in note for note in plan.notes) and "BUNDLE_DEPLOYMENT" not in plan.run_env


async def test_gems_that_lie_in_the_repository_are_inputs_of_the_install() -> None:
    plan = await planned(
        {
            "web/Gemfile": 'gem "rack"\ngem "puma"\npath "engines" do\n  gem "shop"\nend\n',
            "web/engines/shop/shop.gemspec": "",
            "web/engines/shop/lib/shop.rb": "",
            "web/config.ru": "run App\n",
            "web/app.rb": "",
        },
        "web",
    )
    assert plan.install_inputs == ("web/Gemfile", "web/engines/shop/lib/shop.rb", "web/engines/shop/shop.gemspec")
    assert plan.deps == ("web/vendor/bundle",)


@pytest.mark.parametrize(
    ("files", "version", "where"),
    [
        ({"Gemfile": 'ruby "3.2.1"\n', ".ruby-version": "3.3.0\n"}, "3.2.1", ("Gemfile", 1)),
        ({"Gemfile": 'ruby file: ".ruby-version"\n', ".ruby-version": "ruby-3.3.0\n"}, "3.3.0", (".ruby-version", 1)),
        ({"Gemfile": 'ruby ">= 3.0", "< 3.3"\n'}, "3.2", ("Gemfile", 1)),
        (
            {"Gemfile": 'ruby "~> 3.1"\n', "Gemfile.lock": "RUBY VERSION\n   ruby 3.1.4p223\n"},
            "3.1.4",
            ("Gemfile.lock", 2),
        ),
        ({"Gemfile": "# none\n", ".tool-versions": "nodejs 20\nruby 3.3.5\n"}, "3.3.5", (".tool-versions", 2)),
    ],
)
async def test_the_ruby_is_the_one_that_bundler_insists_on(
    files: dict[str, str], version: str, where: tuple[str, int]
) -> None:
    gemfile = files["Gemfile"] + 'gem "rack"\ngem "puma"\n'
    plan = await planned({**files, "Gemfile": gemfile, "config.ru": "run App\n"})
    assert plan.stack.version == version and cited(plan, "version")[1:] == where


async def test_an_old_rails_gets_a_ruby_that_it_runs_on_and_doubt() -> None:
    plan = await planned(
        {
            **RAILS,
            "Gemfile": 'gem "rails"\ngem "puma"\n',
            "Gemfile.lock": lock(rails="5.1.7", railties="5.1.7", puma="3.12"),
        }
    )
    assert plan.stack.version == "2.6" and plan.stack.confidence == "low"


async def test_a_committed_master_key_is_secret_enough() -> None:
    plan = await planned(
        {**RAILS, "Gemfile": 'gem "rails"\ngem "puma"\n', "Gemfile.lock": lock(rails="8.0.1"), "config/master.key": "k"}
    )
    assert plan.env_required == ()


async def test_a_database_that_is_described_by_other_variables_needs_no_url() -> None:
    database = (
        'production:\n  adapter: mysql2\n  host: <%= ENV["MYSQL_HOST"] %>\n  password: <%= ENV["MYSQL_PASSWORD"] %>\n'
    )
    plan = await planned(
        {
            **RAILS,
            "Gemfile": 'gem "rails"\ngem "mysql2"\ngem "puma"\n',
            "Gemfile.lock": lock(rails="7.1.0", mysql2="0.5.6", puma="6.4"),
            "config/database.yml": database,
        }
    )
    assert plan.env_required == ("SECRET_KEY_BASE",) and "MYSQL_HOST" in plan.env_names
    assert "libmariadb3" in plan.requires_run


async def test_a_health_page_behind_a_redirect_to_https_is_not_asked() -> None:
    files = {
        **RAILS,
        "Gemfile": 'gem "rails"\ngem "puma"\n',
        "Gemfile.lock": lock(rails="7.1.0", puma="6.4"),
        "config/routes.rb": 'get "up" => "rails/health#show"\n',
    }
    assert (await planned(files)).health_path == "/up"
    behind = await planned({**files, "config/environments/production.rb": "config.force_ssl = true\n"})
    assert behind.health_path is None and any("redirects plain http" in note for note in behind.notes)


async def test_a_socket_that_speaks_no_http_is_a_worker() -> None:
    plan = await planned({"echo.rb": 'require "socket"\nserver = TCPServer.new(2000)\nserver.accept.puts "hi"\n'})
    assert plan.stack.kind == "worker"


async def test_a_gem_is_no_app() -> None:
    answer = await refused({"Gemfile": "gemspec\n", "slug.gemspec": "", "main.rb": "puts 1\n"})
    assert "library" in answer.reason


async def test_a_hexo_site_is_not_taken_for_jekyll() -> None:
    answer = await refused({"_config.yml": "title: x\n", "source/_posts/a.md": "a", "scaffolds/post.md": "x"})
    assert answer.language != "ruby"


async def test_a_theme_alone_is_no_jekyll_site() -> None:
    answer = await refused({"Gemfile": 'gem "jekyll"\n', "theme.gemspec": "", "_layouts/default.html": "{{ content }}"})
    assert "theme without a site" in answer.reason
