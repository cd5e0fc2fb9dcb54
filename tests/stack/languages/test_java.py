"""Java and Kotlin: what the examples do not show."""

import pytest

from devgem.stack.languages.markup import Markup
from tests.stack.trees import cited, planned, refused

MAIN = "package a;\n\npublic class App {\n    public static void main(String[] args) {}\n}\n"
WEB = "<dependency><artifactId>spring-boot-starter-web</artifactId></dependency>"
PLUGIN = "<build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build>"


def pom(body: str, name: str = "app", version: str = "<version>1.0</version>") -> str:
    return f"<project>\n<artifactId>{name}</artifactId>\n{version}\n{body}\n</project>\n"


def test_values_keep_their_lines_through_comments_and_parts() -> None:
    markup = Markup("<a>\n<b>\n<c>1</c>\n</b>\n<c>2</c>\n</a>")
    assert [(v.text, v.line) for v in markup.values("c")] == [("1", 3), ("2", 5)]
    assert [(v.text, v.line) for v in markup.without("b").values("c")] == [("2", 5)]
    part = markup.sections("b")[0].value("c")
    assert part is not None and (part.text, part.line) == ("1", 3)


async def test_a_version_of_the_parent_names_the_jar() -> None:
    plan = await planned(
        {
            "pom.xml": pom("<packaging>pom</packaging><modules><module>web</module></modules>", "all"),
            "web/pom.xml": "<project><parent><artifactId>all</artifactId><version>1.0</version></parent>"
            f"<artifactId>web</artifactId><dependencies>{WEB}</dependencies>{PLUGIN}</project>",
            "web/src/main/java/a/App.java": MAIN,
        }
    )
    assert plan.dir == "." and plan.artifacts == ("web/target/web-1.0.jar",)
    assert plan.build[0][-4:] == ("-pl", "web", "-am", "package")
    assert "dependency:resolve-plugins" in plan.install[0]


async def test_a_revision_that_only_the_build_knows_leaves_the_name_open() -> None:
    body = f"<dependencies>{WEB}</dependencies>{PLUGIN}"
    plan = await planned({"pom.xml": pom(body, version="<version>${rev}</version>"), "src/main/java/a/App.java": MAIN})
    assert plan.stack.confidence == "low" and plan.start and "target/app-*.jar" in plan.start[2]


async def test_a_module_of_a_collection_is_built_alone() -> None:
    plan = await planned(
        {
            "pom.xml": pom("<packaging>pom</packaging><modules><module>one</module></modules>", "collection"),
            "one/pom.xml": pom(f"<dependencies>{WEB}</dependencies>{PLUGIN}", "one"),
            "one/src/main/java/a/App.java": MAIN,
        },
        "one",
    )
    assert plan.dir == "one" and plan.install_inputs == ("one/pom.xml",)


async def test_a_wrapper_without_its_properties_is_not_used() -> None:
    body = f"<dependencies>{WEB}</dependencies>{PLUGIN}"
    plan = await planned({"pom.xml": pom(body), "mvnw": "", "src/main/java/a/App.java": MAIN})
    assert plan.build[0][0] == "mvn"


@pytest.mark.parametrize(
    ("stated", "version"),
    [
        ({"system.properties": "java.runtime.version=17.0.9\n"}, "17"),
        ({".java-version": "temurin-21.0.1\n"}, "21"),
        ({".sdkmanrc": "# sdk\njava=11.0.20-tem\n"}, "11"),
        ({".tool-versions": "java corretto-8.382\n"}, "8"),
        ({}, "21"),
    ],
)
async def test_files_that_name_a_jdk_are_read(stated: dict[str, str], version: str) -> None:
    body = f"<dependencies>{WEB}</dependencies>{PLUGIN}"
    plan = await planned({**stated, "pom.xml": pom(body), "src/main/java/a/App.java": MAIN})
    assert plan.stack.version == version


async def test_a_compiler_plugin_states_the_version_too() -> None:
    plugin = (
        "<build><plugins>\n<plugin><artifactId>maven-compiler-plugin</artifactId>\n<configuration>"
        "<source>1.8</source></configuration></plugin></plugins></build>"
    )
    plan = await planned({"pom.xml": pom(plugin), "src/main/java/a/App.java": MAIN})
    assert plan.stack.version == "8" and cited(plan, "version") == ("8", "pom.xml", 6)


async def test_a_guarded_health_page_is_not_asked() -> None:
    actuator = WEB + "<dependency><artifactId>spring-boot-starter-actuator</artifactId></dependency>"
    guard = "<dependency><artifactId>spring-boot-starter-security</artifactId></dependency>"
    files = {"src/main/java/a/App.java": MAIN}
    plain = await planned({**files, "pom.xml": pom(f"<dependencies>{actuator}</dependencies>{PLUGIN}")})
    guarded = await planned({**files, "pom.xml": pom(f"<dependencies>{actuator}{guard}</dependencies>{PLUGIN}")})
    assert (plain.health_path, guarded.health_path) == ("/actuator/health", None)


async def test_spring_boot_without_a_web_server_is_a_worker() -> None:
    body = f"<dependencies>{WEB}</dependencies>{PLUGIN}"
    files = {"pom.xml": pom(body), "src/main/java/a/App.java": MAIN}
    settings = {"src/main/resources/application.properties": "spring.main.web-application-type=none\n"}
    assert (await planned(files)).stack.kind == "server"
    assert (await planned({**files, **settings})).stack.kind == "worker"


async def test_a_gradle_project_may_lie_elsewhere_than_its_name_says() -> None:
    plan = await planned(
        {
            "settings.gradle": "include ':api'\nproject(':api').projectDir = file('services/api')\n",
            "services/api/build.gradle": "plugins { id 'application' }\n\n"
            "dependencies {\n  implementation 'io.javalin:javalin:6.1.3'\n}\n",
            "services/api/src/main/java/a/App.java": MAIN.replace("{}", "{ Javalin.create().start(7070); }"),
        }
    )
    assert plan.port == 7070 and plan.stack.framework == "javalin"


async def test_a_gradle_wrapper_without_its_jar_is_not_used() -> None:
    files = {
        "build.gradle": "plugins {\n  id 'org.springframework.boot' version '3.3.0'\n}\nversion = '2.0'\n"
        "dependencies {\n  implementation 'org.springframework.boot:spring-boot-starter-web'\n}\n",
        "settings.gradle": "rootProject.name = 'shop'\n",
        "gradlew": "",
        "src/main/java/a/App.java": MAIN,
    }
    plan = await planned(files)
    assert plan.build == (("gradle", "--no-daemon", "bootJar"),)
    assert plan.artifacts == ("build/libs",) and plan.start and "build/libs/shop-2.0.jar" in plan.start[2]


async def test_an_android_app_is_no_server() -> None:
    answer = await refused(
        {
            "settings.gradle.kts": 'include(":app")\n',
            "app/build.gradle.kts": 'plugins {\n  id("com.android.application")\n}\n',
            "app/src/main/java/a/Activity.kt": "package a\n\nclass Activity\n",
        }
    )
    assert "Android" in answer.reason


async def test_plain_sources_that_import_libraries_need_a_build_file() -> None:
    answer = await refused({"App.java": "import org.json.JSONObject;\n" + MAIN.replace("package a;\n", "")})
    assert "org.json" in answer.reason and "pom.xml" in answer.reason
