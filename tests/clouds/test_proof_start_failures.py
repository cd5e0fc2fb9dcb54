"""What is said about an app that does not start."""

import pytest

from devgem.clouds.local.box import Exit
from devgem.clouds.local.start_failures import Context, Rule, diagnose, of_exit, rules, telling

CONTEXT = Context("shop", 8080, 512 << 20, env_names=["STRIPE_KEY"])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.example.strip().splitlines()[0][:40])
def test_every_rule_explains_its_own_example(rule: Rule) -> None:
    failure = diagnose(["Starting", *rule.example.strip("\n").splitlines(), "Bye"], CONTEXT)
    assert failure is not None
    assert failure.code == rule.code
    assert failure.evidence in rule.example
    assert failure.evidence
    assert "{" not in failure.cause + failure.fix
    assert rule.cause.partition("{")[0] in failure.cause


def test_a_missing_config_var_is_named_with_the_command_that_sets_it() -> None:
    failure = of_exit(Exit(1), ["Error: Missing required environment variables: API_TOKEN, API_URL"], CONTEXT)
    assert failure.code == "missing_env"
    assert failure.cause == "the app needs the config vars API_TOKEN, API_URL"
    assert failure.fix == "devgem env set shop API_TOKEN=... API_URL=..., then deploy again."


def test_every_field_that_pydantic_misses_is_named() -> None:
    lines = ["2 validation errors for Settings", "api_token", "  Field required [type=missing, input_value={}]"]
    failure = diagnose([*lines, "api_url", "  Field required [type=missing, input_value={}]"], CONTEXT)
    assert failure is not None
    assert failure.cause == "the app needs the config vars API_TOKEN, API_URL"


def test_every_field_that_zod_misses_is_named_as_json_too() -> None:
    lines = ["{", '  "LOG_LEVEL": [', '    "Invalid option: expected one of \\"info\\"|\\"debug\\""', "  ],"]
    lines += ['  "API_URL": [', '    "Invalid input: expected string, received undefined"', "  ]", "}"]
    failure = diagnose(lines, CONTEXT)
    assert failure is not None
    assert failure.cause == "the app needs the config vars LOG_LEVEL, API_URL"


def test_a_config_var_that_is_set_is_not_called_missing() -> None:
    context = Context("shop", 8080, 512 << 20, env=["API_TOKEN"])
    assert diagnose(["Error: API_TOKEN is required"], context) is None


def test_a_missing_key_of_a_mere_dictionary_is_no_config_var() -> None:
    assert diagnose(["KeyError: 'COLOR'"], CONTEXT) is None


def test_colours_do_not_hide_a_reason() -> None:
    failure = diagnose(["\x1b[31mError: \x1b[1mCannot find module 'express'\x1b[0m"], CONTEXT)
    assert failure is not None
    assert failure.evidence == "Error: Cannot find module 'express'"


def test_memory_is_blamed_when_the_kernel_says_so() -> None:
    failure = of_exit(Exit(137, 9, oom=True), ["loading model"], CONTEXT)
    assert (failure.code, failure.evidence) == ("out_of_memory", "loading model")
    assert "512 MB" in failure.cause


def test_an_unknown_exit_is_told_with_its_most_telling_line() -> None:
    lines = ["Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: could not do it", "bye"]
    failure = of_exit(Exit(3), lines, CONTEXT)
    assert failure.cause == "it ended with exit code 3 before it answered"
    assert failure.evidence == "ValueError: could not do it"
    assert telling([]) == ""


def test_the_inside_of_a_dumped_error_says_less_than_its_message() -> None:
    lines = ["Error: could not do it", "    at run (/app/a.js:1:2) {", "  errors: [", "    {", "    }", "  ]", "}"]
    assert telling(lines) == "Error: could not do it"


def test_every_variable_that_a_schema_misses_is_named() -> None:
    failure = diagnose([next(rule.example for rule in rules() if "must have required" in rule.pattern)], CONTEXT)
    assert failure is not None
    assert failure.cause == "the app needs the config vars API_TOKEN, API_URL"


def test_a_signal_and_a_required_config_var_are_mentioned() -> None:
    failure = of_exit(Exit(139, 11), [], Context("shop", 8080, 1 << 20, env_required=["API_TOKEN"]))
    assert "signal 11" in failure.cause
    assert failure.fix.endswith("not set: API_TOKEN.")


def test_config_vars_that_are_read_are_mentioned_where_they_are_few() -> None:
    few = Context("shop", 8080, 1 << 20, env_names=["TOKEN", "PREFIX"], env=["PREFIX"])
    assert of_exit(Exit(1), ["bye"], few).fix.endswith("not set: TOKEN.")
    many = Context("shop", 8080, 1 << 20, env_names=[f"NAME_{number}" for number in range(7)])
    assert of_exit(Exit(1), ["bye"], many).fix == "The log says more."


def test_a_program_that_simply_ends_is_told_what_a_web_app_does() -> None:
    failure = of_exit(Exit(0), ["done"], CONTEXT)
    assert "exit code 0" in failure.cause
    assert "PORT (8080)" in failure.fix
    assert "worker:" in failure.fix
