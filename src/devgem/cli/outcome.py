"""How a command ends: exit codes, and errors as a person reads them."""

import sys
from enum import IntEnum
from typing import NoReturn

from devgem.domain.errors import DevGemError


class Code(IntEnum):
    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    CONFLICT = 5
    QUOTA = 6
    DEPLOYMENT_FAILED = 7
    TIMED_OUT = 8
    INTERRUPTED = 130


_BY_ERROR_CODE = {
    "invalid_input": Code.USAGE,
    "not_signed_in": Code.NOT_SIGNED_IN,
    "forbidden": Code.NOT_SIGNED_IN,
    "not_found": Code.NOT_FOUND,
    "conflict": Code.CONFLICT,
    "quota": Code.QUOTA,
    "timed_out": Code.TIMED_OUT,
}


class Exit(Exception):
    """Ends the program with a code; what there was to say has been said."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


def code_of(error: DevGemError) -> Code:
    return _BY_ERROR_CODE.get(error.code, Code.FAILURE)


def say_error(message: str, fix: str = "") -> None:
    print(f"error: {message}", file=sys.stderr)
    if fix:
        print(f"  fix: {fix}", file=sys.stderr)


def fail(message: str, fix: str = "", code: Code = Code.FAILURE) -> NoReturn:
    say_error(message, fix)
    raise Exit(code)
