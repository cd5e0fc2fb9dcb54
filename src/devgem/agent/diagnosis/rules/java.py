"""Java and Kotlin: Maven, Gradle, Spring."""

from devgem.agent.diagnosis.diagnosis import Advice, Command, ConfigVar
from devgem.agent.diagnosis.rule import BUILD, Clue, Finding, Rule, rule, says

_CLASS_FILES = 44
"""A class file's major version is Java's plus this (JVMS 4.1)."""


def _compile(clue: Clue) -> Finding:
    where = f" in `{clue.quote.file}`, line {clue['line']}" if clue.quote.file else ""
    return Finding(
        clue.fill("the code does not compile: `{what}`") + where, (Advice("mend the line that the log names"),)
    )


def _class_file(clue: Clue) -> Finding:
    java = int(clue["major"]) - _CLASS_FILES
    return Finding(
        f"a class was compiled for Java {java}, and an older one runs it",
        (Advice(f"install JDK {java} on the machine, or compile for the older one"),),
    )


RULES: tuple[Rule, ...] = (
    rule(
        "java.release",
        "The app is for a newer Java",
        says(
            "the app is for Java {want}, which is newer than what is installed",
            Advice("install JDK {want} on the machine (https://adoptium.net), or lower the release in the build file"),
        ),
        r"(?:invalid target release|invalid source release): (?P<want>\d{1,2})|release version"
        r" (?P<want2>\d{1,2}) not supported",
        r"requires (?:at least )?(?:Java|JDK|JVM runtime version) (?P<want>\d{1,2})",
        r"No matching toolchains found for requested specification: \{languageVersion=(?P<want>\d{1,2})",
        r"Cannot find a Java installation on your machine[^\n]{0,60}languageVersion=(?P<want>\d{1,2})",
    ),
    rule(
        "java.class_version",
        "A class was compiled for a newer Java than runs it",
        _class_file,
        r"class file version (?P<major>[4-9]\d)(?:\.0)?\b",
    ),
    rule(
        "java.gradle_too_old",
        "This Gradle is too old for the installed Java",
        lambda clue: Finding(
            f"this Gradle is too old for Java {int(clue['major']) - _CLASS_FILES}",
            (Command(("./gradlew", "wrapper", "--gradle-version", "8.14"), "Commit the wrapper's files."),),
        ),
        r"Unsupported class file major version (?P<major>[4-9]\d)",
    ),
    rule(
        "java.wrapper_missing",
        "The wrapper's jar is not in the repository",
        says(
            "the wrapper's jar is not in the repository",
            Command(
                ("gradle", "wrapper"), "Commit gradle/wrapper/gradle-wrapper.jar; see that .gitignore does not name it."
            ),
        ),
        r"Could not find or load main class org\.gradle\.wrapper\.GradleWrapperMain|Unable to access jarfile"
        r" \S{0,120}gradle-wrapper\.jar",
    ),
    rule(
        "java.wrapper_not_executable",
        "The wrapper's script is not executable",
        says("`{name}` is not executable", Command(("git", "update-index", "--chmod=+x", "{name}"))),
        r"(?:\./)?(?P<name>mvnw|gradlew): Permission denied",
    ),
    rule(
        "java.bad_pom",
        "The build file is incomplete",
        says("the build file is incomplete: `{what}`", Advice("mend what the log names in pom.xml")),
        r"(?P<what>'dependencies\.dependency\.version' for \S{1,120} is missing)",
        r"(?P<what>Non-resolvable (?:parent|import) POM[^\n]{1,140})",
        r"(?P<what>Malformed POM [^\n]{1,140})",
        unless=r"Unknown host|Could not transfer artifact|Name or service not known",
    ),
    rule(
        "java.no_artifact",
        "A dependency does not exist in the repositories",
        says(
            "there is no artifact `{name}` in the repositories that the build names",
            Advice("correct its coordinates, or add the repository that has it"),
        ),
        r"Could not find artifact (?P<name>[\w.:-]{1,160})",
        r"> Could not find (?P<name>[\w.-]{1,80}:[\w.-]{1,80}:[\w.-]{1,40})\.",
    ),
    rule(
        "java.compile",
        "Java or Kotlin code does not compile",
        _compile,
        r"^\[ERROR\] (?P<file>/\S{1,200}\.(?:java|kt)):\[(?P<line>\d{1,6}),\d{1,6}\] (?P<what>[^\n]{1,160})",
        r"^(?P<file>\S{1,200}\.java):(?P<line>\d{1,6}): error: (?P<what>[^\n]{1,160})",
        r"^e: (?:file://)?(?P<file>\S{1,200}\.kts?):(?:\(?)(?P<line>\d{1,6})[:,] ?\d{1,6}\)?:? (?P<what>[^\n]{1,160})",
        r"(?P<what>COMPILATION ERROR)",
    ),
    rule(
        "java.tests",
        "The app's own tests fail in the build",
        says(
            "the app's own tests fail in the build",
            Advice("mend them, or let the build skip them (`-DskipTests`, `-x test`) in devgem.toml"),
        ),
        r"There are test failures\.|There were failing tests\. See the report",
        steps=BUILD,
    ),
    rule(
        "java.no_main",
        "The jar does not say what to start",
        says(
            "the jar does not say which class to start",
            Advice(
                "add the plugin that makes it executable (spring-boot-maven-plugin, shadow), or name the main class"
            ),
        ),
        r"no main manifest attribute, in|Unable to find main class|Unable to find a single main class|Error:"
        r" Could not find or load main class (?!org\.gradle)",
    ),
    rule(
        "java.no_jar",
        "The jar that is to be started is not there",
        says(
            "the jar `{name}` is not there",
            Advice("see what the build makes (target/, build/libs/), and start that in a Procfile"),
        ),
        r"Unable to access jarfile (?P<name>\S{1,160})",
    ),
    rule(
        "java.datasource",
        "Spring has no database address",
        says(
            "Spring is given no database address",
            ConfigVar(("SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME", "SPRING_DATASOURCE_PASSWORD")),
        ),
        r"Failed to configure a DataSource: 'url' attribute is not specified",
    ),
    rule(
        "java.spring_port",
        "Spring's port is in use",
        says(
            "Spring listens on the fixed port {port}, which is in use",
            ConfigVar(("SERVER_PORT",), "Or put server.port=${PORT:8080} into application.properties."),
        ),
        r"Web server failed to start\. Port (?P<port>\d{1,5}) was already in use",
    ),
)
