"""Lists files over 400 lines and functions over 60: a goal to steer by, printed and never failing."""

import ast
import sys
from pathlib import Path

FILE_LINES, FUNCTION_LINES = 400, 60


def main() -> None:
    root = Path(__file__).parent.parent / "src" / "devgem"
    for path in sorted(root.rglob("*.py")):
        text = path.read_text()
        lines = text.count("\n")
        if lines > FILE_LINES:
            sys.stdout.write(f"{path.relative_to(root)}: {lines} lines\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    sys.stdout.write(f"{path.relative_to(root)}:{node.lineno}: {node.name} has {length} lines\n")


main()
