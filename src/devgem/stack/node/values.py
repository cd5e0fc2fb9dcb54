"""Works out what a JavaScript expression of a configuration is in a production build, where that can be read.

Known are literals, names bound once in the same file, joined paths, and choices between them. An environment variable
counts as unset, except NODE_ENV; what depends on one has its name in `env`.
"""

import posixpath
import re
from dataclasses import dataclass, replace

from devgem.stack.node.javascript import Code

Scalar = str | int | bool | None
_GIVEN: dict[str, Scalar] = {
    "true": True, "false": False, "undefined": None, "null": None, "mode": "production", "command": "build",
    "isSsrBuild": False, "__dirname": "", "import.meta.dirname": "", "process.cwd()": "", "import.meta.url": "",
}  # fmt: skip
_ENV = re.compile(r"(?:process\.env|import\.meta\.env|Bun\.env|env)\??(?:\.(\w+)|\[\s*['\"](\w+)['\"]\s*\])")
_ENV_CALL = re.compile(
    r"[\w$.]+\.get(?:OrThrow)?(?:<[\w ]+>)?\(\s*['\"]([A-Z][A-Z0-9_]*)['\"]\s*(?:,(.+))?\)", re.DOTALL
)
_ENV_NAMES = re.compile(r"(?:const|let|var)\s*\{([^}]*)\}\s*=\s*(?:process|import\.meta|Bun)\.env\b")
_CALL = re.compile(r"(?:new\s+)?([\w$.]+)\(")
_DEPTH = 12


@dataclass(frozen=True)
class Value:
    """`value` where `known`; `env` are the variables that may change it."""

    value: Scalar = None
    known: bool = True
    env: frozenset[str] = frozenset()

    @property
    def certain(self) -> bool:
        return self.known and not self.env

    @property
    def text(self) -> str | None:
        """The value when it is a known string that is not empty."""
        return self.value if self.known and isinstance(self.value, str) and self.value else None

    @property
    def number(self) -> int | None:
        """The value when it is a known whole number, also one written as a string."""
        if not self.known or isinstance(self.value, bool) or self.value is None:
            return None
        text = str(self.value)
        return int(text) if text.isdecimal() else None


UNREADABLE = Value(known=False)


@dataclass(frozen=True)
class Setting:
    """What a configuration file says for one key, and in which line."""

    value: Value
    line: int


def read(code: Code, dotted: str, within: str | None = None) -> Setting | None:
    """The setting at a dotted path (see `Code.find`), also when it is assigned or given in shorthand; None when the
    file does not say. Several different answers in one file are unreadable."""
    found = [Setting(evaluate(entry.value, code), entry.line) for entry in code.find(dotted, within)]
    if not found and within is None:
        key = dotted.rpartition(".")[2]
        for match in re.finditer(rf"\.{key}\s*=(?![=>])|(?<=[{{,])\s*{key}\s*(?=[,}}])", code.shape):
            text = _first_statement(code.expression(match.end())) if "=" in match.group() else key
            found.append(Setting(evaluate(text, code), code.line(match.start())))
    if len({setting.value for setting in found}) > 1:
        return Setting(UNREADABLE, found[0].line)
    return found[0] if found else None


def evaluate(expression: str, code: Code, depth: int = _DEPTH) -> Value:
    """The value of an expression that stands in `code`."""
    text = _unwrapped(expression)
    if depth == 0 or not text:
        return UNREADABLE
    for rule in (_scalar, _choice, _call, _name):
        found = rule(text, code, depth - 1)
        if found is not None:
            return found
    return UNREADABLE


def _unwrapped(expression: str) -> str:
    text = re.sub(r"\s+(?:as|satisfies)\s+[\w.<>\[\]'\"| ]+$", "", expression.strip()).removeprefix("await ")
    text = re.sub(r"(?<=[\w)\]'\"])!$", "", text)
    while text.startswith("(") and text.endswith(")") and Code(text).arguments(0) == (text[1:-1].strip(),):
        text = text[1:-1].strip()
    return text


def _scalar(text: str, code: Code, depth: int) -> Value | None:
    if text in _GIVEN:
        return Value(_GIVEN[text])
    if re.fullmatch(r"\d[\d_]*", text):
        return Value(int(text.replace("_", "")))
    if re.fullmatch(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", text):
        return Value(re.sub(r"\\(.)", r"\1", text[1:-1]))
    if re.fullmatch(r"`[^`]*`", text):
        return _template(text[1:-1], code, depth)
    if found := _ENV.fullmatch(text):
        return _variable(found.group(1) or found.group(2))
    if found := _ENV_CALL.fullmatch(text):
        default = evaluate(found.group(2), code, depth) if found.group(2) else Value()
        return _also(default, _variable(found.group(1)))
    return None


def _variable(name: str) -> Value:
    return Value("production") if name in ("NODE_ENV", "MODE") else Value(None, env=frozenset({name}))


def _template(text: str, code: Code, depth: int) -> Value:
    env: frozenset[str] = frozenset()
    parts = re.split(r"\$\{([^{}]*)\}", text)
    for at in range(1, len(parts), 2):
        value = evaluate(parts[at], code, depth)
        if not value.known or value.value is None:
            return UNREADABLE
        parts[at], env = str(value.value), env | value.env
    return Value("".join(parts), env=env)


def _choice(text: str, code: Code, depth: int) -> Value | None:
    """`?:`, `||`, `??`, `&&`, comparisons, `!` and `+`, from the weakest binding to the strongest."""
    if split := _split(text, r"\?(?![.?])(?<!\?\?)"):
        condition, rest = split
        branches = _split(rest, r":", last=False)
        chosen = evaluate(condition, code, depth)
        if not branches or not chosen.known:
            return UNREADABLE
        return _also(evaluate(branches[0 if chosen.value else 1], code, depth), chosen)
    for operator in (r"\|\||\?\?", r"&&", r"[!=]==?", r"\+"):
        if split := _split(text, operator, last=operator == r"\+"):
            left = evaluate(split[0], code, depth)
            mark = text[len(split[0]) : len(text) - len(split[1])].strip()
            return _combined(mark, left, split[1], code, depth)
    if text.startswith("!"):
        value = evaluate(text[1:], code, depth)
        return replace(value, value=not value.value) if value.known else UNREADABLE
    return None


def _combined(mark: str, left: Value, right: str, code: Code, depth: int) -> Value:
    if not left.known:
        return UNREADABLE
    if mark in ("||", "??"):
        empty = left.value is None or (mark == "||" and not left.value)
        return _also(evaluate(right, code, depth), left) if empty else left
    if mark == "&&":
        return _also(evaluate(right, code, depth), left) if left.value else left
    other = evaluate(right, code, depth)
    if not other.known:
        return UNREADABLE
    if mark == "+":
        return _also(Value(f"{left.value}{other.value}", env=other.env), left)
    return _also(Value((left.value == other.value) == mark.startswith("="), env=other.env), left)


def _call(text: str, code: Code, depth: int) -> Value | None:
    match = _CALL.match(text)
    inner = Code(text)
    if not match or not text.endswith(")"):
        return None
    arguments = inner.arguments(match.end() - 1)
    values = [evaluate(argument, code, depth) for argument in arguments]
    name = match.group(1).rpartition(".")[2]
    env = frozenset[str]().union(*(value.env for value in values))
    if name in ("resolve", "join", "normalize") and values and all(isinstance(v.value, str) for v in values):
        return Value(posixpath.normpath(posixpath.join("", *(str(v.value) for v in values))), env=env)
    if name in ("URL", "fileURLToPath", "Number", "parseInt", "String", "Boolean") and values:
        return values[0]
    return UNREADABLE


def _name(text: str, code: Code, depth: int) -> Value | None:
    """A name bound exactly once in the file, also one taken out of the environment (`const { PORT = 3000 } = ...`)."""
    if not re.fullmatch(r"[\w$]+", text):
        return None
    for names in _ENV_NAMES.finditer(code.bare):
        for item in names.group(1).split(","):
            taken, _, default = item.partition("=")
            if taken.rpartition(":")[2].strip() == text:
                value = evaluate(default, code, depth) if default else Value()
                return _also(value, _variable(taken.partition(":")[0].strip()))
    bindings = list(re.finditer(rf"\b(const|let|var)\s+{re.escape(text)}\b\s*(?::[^=\n]+)?=(?![=>])\s*", code.shape))
    assigned = len(re.findall(rf"(?<![\w$.]){re.escape(text)}\s*=(?![=>])", code.shape))
    if len(bindings) != 1 or assigned > 1:
        return UNREADABLE
    expression = code.expression(bindings[0].end())
    return evaluate(_first_statement(expression), code, depth)


def _first_statement(expression: str) -> str:
    """Without semicolons an expression ends where a line does, unless an operator or bracket carries on."""
    lines = expression.split("\n")
    for count in range(1, len(lines) + 1):
        text = "\n".join(lines[:count])
        balanced = all(text.count(a) == text.count(b) for a, b in ("()", "[]", "{}"))
        carries_on = re.search(r"[-+*?:&|=,.(]\s*$", text)
        follows = count < len(lines) and re.match(r"\s*[?:|&+.]", lines[count])
        if text.strip() and balanced and not carries_on and not follows:
            return text
    return expression


def _split(text: str, operator: str, *, last: bool = False) -> tuple[str, str] | None:
    """The two sides of an operator at the outermost level: of the first one, or the last."""
    shape = Code(text).shape
    level, depth = [], 0
    for char in shape:
        depth -= char in "}])"
        level.append(depth)
        depth += char in "{[("
    found = [m for m in re.finditer(operator, shape) if level[m.start()] == 0]
    if not found:
        return None
    match = found[-1] if last else found[0]
    left, right = text[: match.start()], text[match.end() :]
    return (left, right) if left.strip() and right.strip() else None


def _also(value: Value, other: Value) -> Value:
    return replace(value, env=value.env | other.env)
